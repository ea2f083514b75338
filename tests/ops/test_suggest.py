"""What is proposed from findings: how narrow, on what evidence, and what is never proposed."""

from __future__ import annotations

from datetime import date

import pytest

from aisecops.model.rules import RuleSet
from aisecops.ops.suggest import MANY, allowances, as_yaml
from support.gateway import RULES, rules_of

TODAY = date(2026, 11, 27)


def found(action="block", *, n=0, day=1, entity="PHONE_NUMBER", where="body:/tickets/3/number", fingerprint="ab" * 8, run="run_1"):  # fmt: skip
    """The event of one finding."""
    name = {"block": "egress_blocked", "mask": "egress_masked"}.get(action, "decision")
    finding = {"entity": entity, "where": where, "fingerprint": fingerprint, "action": action}
    return {"event": name, "at": f"2026-11-{day:02}T10:00:00Z", "run_id": run, "agent_id": "clerk",
            "decision_id": f"dec_{n}", "findings": [finding]}  # fmt: skip


def answered(how, *, n=0):
    asked = {"event": "human_approval_required", "approval_id": f"apr_{n}", "decision_id": f"dec_{n}"}
    return [asked, {"event": how, "approval_id": f"apr_{n}", "decision_id": None}]


def proposed(events, rules=None, *, secrets=False):
    return allowances(events, rules, today=TODAY, secrets=secrets)


def test_what_stood_in_the_way_again_and_again_is_proposed_as_narrowly_as_it_was_seen() -> None:
    events = [found(day=2), found("mask", day=5, run="run_2", where="body:/tickets/0/number"), found(day=9)]
    (one,) = proposed(events).found
    assert one.section == "egress.allow"
    assert one.entry == {
        "fingerprint": "ab" * 8, "entity": "PHONE_NUMBER", "agent": "clerk", "field": "/tickets/*/number",
        "until": date(2027, 2, 25), "reason": "",
    }  # fmt: skip
    assert one.evidence == ("one value of PHONE_NUMBER, 2026-11-02 to 2026-11-09, 2 runs: 2 x block, 1 x mask",)
    assert one.weakens


def test_twice_is_not_enough_and_counted_is_not_in_the_way() -> None:
    assert proposed([found(), found()]).found == ()
    assert proposed([found("count"), found("count"), found("count"), found("allow")]).found == ()


def test_what_a_person_let_pass_is_proposed_at_once_and_what_one_refused_never() -> None:
    (one,) = proposed([found("hold"), *answered("approval_granted")]).found
    assert "a person let it pass 1 time" in one.evidence
    many = [found("hold", n=n) for n in range(5)]
    assert proposed([*many, *answered("approval_denied", n=3)]).found == ()


def test_a_field_full_of_them_is_proposed_as_the_field() -> None:
    events = [found(fingerprint=f"{number:016x}") for number in range(MANY) for _ in range(3)]
    (one,) = proposed(events).found
    assert "fingerprint" not in one.entry
    assert one.entry["field"] == "/tickets/*/number"
    assert one.evidence[0].startswith(f"{MANY} values of PHONE_NUMBER")


def test_a_canary_is_never_proposed_and_a_known_secret_counts_as_one() -> None:
    assert proposed([found(entity="CANARY")] * 9, secrets=True).found == ()
    assert proposed([found(entity="KNOWN_SECRET")] * 9).found == ()


def test_secret_kinds_are_left_out_and_that_is_said() -> None:
    events = [found(entity="VCS_TOKEN")] * 3
    assert proposed(events).found == ()
    assert proposed(events).notes == ("1 of secret kinds are left out; `--secrets` shows them",)
    (one,) = proposed(events, secrets=True).found
    assert any("SECRET KIND" in line for line in one.evidence)
    many = [found(entity="VCS_TOKEN", fingerprint=f"{number:016x}") for number in range(MANY) for _ in range(3)]
    assert all("fingerprint" in one.entry for one in proposed(many, secrets=True).found)


@pytest.mark.parametrize("entry", ['fingerprint: "abababababababab"', "field: /tickets/*/number, entity: PHONE_NUMBER"])
def test_what_the_rules_allow_already_is_not_proposed_again(entry: str) -> None:
    rules = rules_of(RULES + f'egress: {{allow: [{{{entry}, until: 2027-01-31, reason: "r"}}]}}\n')
    assert isinstance(rules, RuleSet)
    assert proposed([found()] * 3, rules).found == ()
    assert len(proposed([found(where="header:x", fingerprint="cd" * 8)] * 3, rules).found) == 1


def test_a_place_that_rules_cannot_name_is_left_out_of_the_entry() -> None:
    (one,) = proposed([found(where="key:/a/{3}/b c")] * 3).found
    assert "field" not in one.entry


def test_what_is_written_loads_once_it_has_reasons_and_lets_pass_what_it_was_made_for() -> None:
    suggested = proposed([found()] * 3 + [found(where="header:x-note", fingerprint="cd" * 8)] * 3).found
    text = as_yaml(suggested, from_day="2026-11-01", to_day="2026-11-27")
    assert text.count("allow:") == 1
    with pytest.raises(AssertionError, match="line of text"):
        rules_of(RULES + text.partition("version: 1\n")[2])
    rules = rules_of(RULES + text.partition("version: 1\n")[2].replace('reason: ""', 'reason: "tickets"'))
    assert [one.field for one in rules.egress.allow] == ["/tickets/*/number", "header:x-note"]
    assert proposed([found()] * 3, rules).found == ()
