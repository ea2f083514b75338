"""A decision comes out of its record as it was made; one that does not is named, field by field."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import pytest

from aisecops.adapters.audit import lines
from aisecops.gateway.step.judge import judge
from aisecops.model.decision import Mode
from aisecops.model.errors import ConfigError
from aisecops.model.rules import RuleSet
from aisecops.ops.replay import ReplayReport, replay
from support.records import RUN, chain, facts, judged_events, rules, tree


@pytest.fixture
async def record(tmp_path: Path) -> Path:
    """A run of an allowed, a refused and a held step."""
    log = chain(tmp_path / "record")
    await log.append(*judged_events(facts(), "dec_1"))
    await log.append(*judged_events(facts(token=False), "dec_2"))
    await log.append(*judged_events(facts(tool="wiki.write", tree=tree(risk_micros=1_300_000)), "dec_3"))
    await log.close()
    return tmp_path / "record"


def again(record: Path, by: RuleSet | None = None) -> ReplayReport:
    return replay(record, RUN, rules_for=lambda version: by or rules(version), judge=judge)


def edited(record: Path, at: int, **fields: Any) -> None:
    """Line `at` with other fields; whether the chain still fits is not what is asked here."""
    path = record / lines.segment_name(1)
    all_lines = path.read_bytes().splitlines()
    all_lines[at] = lines.canonical(orjson.loads(all_lines[at]) | fields)
    path.write_bytes(b"\n".join(all_lines) + b"\n")


def test_every_decision_comes_out_as_it_was_made(record: Path) -> None:
    report = again(record)
    assert [(each.decision_id, each.verdict) for each in report.decisions] == [
        ("dec_1", "allow"),
        ("dec_2", "deny"),
        ("dec_3", "hold"),
    ]
    assert report.ok, report


def test_other_rules_under_the_same_name_are_found_field_by_field(record: Path) -> None:
    report = again(record, rules(mode=Mode.OBSERVE))
    assert not report.ok
    found = {difference.field for difference in report.decisions[1].differences}
    assert {"mode", "enforced"} <= found
    assert str(next(each for each in report.decisions[1].differences if each.field == "mode")) == (
        "mode was `enforce`, is `observe`"
    )


def test_another_risk_term_is_found(record: Path) -> None:
    recorded = orjson.loads((record / lines.segment_name(1)).read_bytes().splitlines()[0])
    riskier = recorded["facts"] | {"request": recorded["facts"]["request"] | {"base_risk": "0.4"}}
    edited(record, 0, facts=riskier)
    found = {each.field: each.now for each in again(record).decisions[0].differences}
    assert found == {"risk.base": "0.4", "risk.micros": 400_000, "total_micros": 400_000}


def test_words_that_differ_from_the_decision_beside_them_are_found(record: Path) -> None:
    edited(record, 0, verdict="deny")
    assert [str(each) for each in again(record).decisions[0].differences] == ["event.verdict was `deny`, is `allow`"]


def test_facts_that_cannot_be_read_are_a_fault_and_not_a_pass(record: Path) -> None:
    edited(record, 0, facts={"now_ms": "late"})
    first = again(record).decisions[0]
    assert not first.same
    assert "cannot be read" in first.fault


def test_rules_that_are_not_kept_are_a_fault_and_not_a_pass(record: Path) -> None:
    def nothing_kept(version: str) -> RuleSet:
        raise ConfigError(f"the rules `{version}` are not kept")

    report = replay(record, RUN, rules_for=nothing_kept, judge=judge)
    assert not report.ok
    assert report.decisions[0].fault == "the rules `rules-1` are not kept"


def test_a_run_without_decisions_is_not_well(record: Path) -> None:
    assert not replay(record, "run_2", rules_for=rules, judge=judge).ok


async def test_a_decision_on_endless_digits_comes_out_as_it_was_made(tmp_path: Path) -> None:
    step = facts(base_risk=Decimal(1) / 7, tree=tree(progress={"read-then-send": 1}))
    log = chain(tmp_path / "record")
    await log.append(*judged_events(step, "dec_1"))
    await log.close()
    assert again(tmp_path / "record").ok
