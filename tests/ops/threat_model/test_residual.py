"""What a person is asked about, and what nobody sees to."""

from __future__ import annotations

from support.worksheets import FULL, facts


def test_people_are_asked_where_the_rules_hold():
    assert facts(FULL)["Manual approval requirements"] == (
        "a step with which a tree of runs would be over 1.5",
        "`db.write` when `row` comes from untrusted content",
        "PHONE_NUMBER to `crm.read`",
        "more than 1048576 bytes to `mail.send`",
        "PHONE_NUMBER to `db.write`",
    )
    observed = FULL.replace("role: office", "role: office\n    mode: observe")
    assert facts(observed)["Manual approval requirements"] == ("none",)


def test_gaps_follow_from_the_rules_and_close_with_them():
    open_ones = {
        "system_prompt: free, so changed instructions are not noticed",
        "no budget `max_execution_time`",
        "label `confidential` of `crm.read` limits nothing: `egress.labels` does not name it",
        "`db.write` changes the world and names no steering argument under `arguments`",
        "no sequence of `risk.sequences` ends in `db.write`",
        "no detector rule speaks of what leaves to `mail.send`",
        "no detector rule speaks of what leaves to model provider `openai`",
    }
    assert open_ones <= set(facts()["Known gaps"])
    closed = FULL.replace("max_cost: 1.00", "max_cost: 1.00, max_execution_time: 10m").replace(
        "role: office", f"role: office\n    system_prompt: sha256:{'0' * 64}"
    ).replace("escalation: 1.2}", "escalation: 1.2}\n    - {name: w, when: [{effect: read}, {tool: db.write}], escalation: 1.1}")  # fmt: skip
    assert not open_ones & set(facts(closed)["Known gaps"])
