"""What a person is asked about, and what nobody sees to."""

from __future__ import annotations

import pytest

from support.gateway import RULES
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


def test_what_nobody_looks_after_is_a_gap():
    wanted = {"`mail.send` has no `owner`", "`mail.send` has no day of `review`"}
    assert wanted <= set(facts()["Known gaps"])
    text = RULES.replace("  mail.send:\n", "  mail.send:\n    owner: Post Room\n    review: 2027-06-30\n")
    assert not wanted & set(facts(text)["Known gaps"])
    assert "; owner Post Room; reviewed until 2027-06-30" in facts(text)["Tool access scope"][1]


@pytest.mark.parametrize(
    ("unread", "told"),
    [
        ("allow", "`egress.unread: allow`, so what cannot be read may leave unseen"),
        ("media", "`egress.unread: media`, so pictures and sounds may leave unseen"),
    ],
)
def test_what_leaves_unseen_is_a_gap(unread, told):
    assert told in facts(RULES + f"egress: {{unread: {unread}}}\n")["Known gaps"]
    assert told not in facts()["Known gaps"]


def test_what_is_not_obeyed_of_tools_that_it_is_not_granted_is_no_gap_of_its():
    notes = "  notes.write:\n    match: {host: notes.internal}\n    effect: memory-write\n    scope: notes.all\n"
    text = RULES.replace("models:", notes + "models:")
    gap = "`notes.write` writes a memory, and nothing under `memory` says where its items are"
    assert gap not in facts(text)["Known gaps"]
    granted = text.replace("    grants:\n", "    grants:\n      - {tool: notes.write, scope: notes.all}\n")
    assert gap in facts(granted)["Known gaps"]
