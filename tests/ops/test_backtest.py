"""Recorded traffic under other rules: what would have come out otherwise, and what the record cannot tell."""

from __future__ import annotations

import json

import pytest

from aisecops.model.rules import RuleSet
from aisecops.ops.backtest import backtest
from aisecops.ops.cli import main
from support.gateway import RULES, House, read, request, rules_of, send, write
from support.records import chain

pytestmark = pytest.mark.filterwarnings("error")


async def recorded(folder, *, text: str = RULES, steps=()):
    """A run of real decisions, and its record in `folder`."""
    house = House(text)
    run = await house.run()
    for tool, scope, asked in steps:
        token = await house.token(run, tool, scope) if tool else None
        await house.ask(run, asked(token))
    log = chain(folder)
    await log.append(*house.record.events)
    await log.close()
    return house, run.run.run_id


READ = ("crm.read", "crm.customers.42", lambda token: read(token=token))
SEND = ("mail.send", "mail.contacts.ann", lambda token: send(token=token))
WRITE = ("db.write", "db.orders.7", lambda token: write(token=token))
NOWHERE = (None, None, lambda _token: request("GET", "https://elsewhere.example/"))


def under(folder, text: str, *, old: str = RULES):
    then = rules_of(old)
    new = rules_of(text)
    assert isinstance(new, RuleSet)
    return backtest(folder, new, rules_for=lambda version: then if version == then.policy_version else new)


async def test_under_the_same_rules_nothing_comes_out_otherwise(tmp_path):
    await recorded(tmp_path / "r", steps=[READ, WRITE, SEND, NOWHERE])
    report = under(tmp_path / "r", RULES)
    assert report.decisions == 4
    assert (report.changed, report.unknown, report.totals) == ((), (), ())


async def test_a_grant_taken_away_refuses_and_what_follows_has_not_paid_for_it(tmp_path):
    _, run = await recorded(tmp_path / "r", steps=[READ, WRITE, SEND])
    report = under(tmp_path / "r", RULES.replace('      - {tool: db.write, scope: "db.orders.*"}\n', ""))
    assert [(one.tool, one.was, one.now, one.run_id) for one in report.changed] == [
        ("db.write", "allow", "token_policy_outdated", run)
    ]
    [total] = report.totals
    assert total.was - total.now == pytest.approx(0.25)  # 0.5 x 0.5, the refused step alone


async def test_a_lower_line_halts_the_run_and_all_that_came_after_it(tmp_path):
    await recorded(tmp_path / "r", steps=[READ, WRITE, SEND, READ])
    lower = RULES.replace("approve_above: 1.5, halt_above: 2.0", "approve_above: 0.2, halt_above: 0.3")
    report = under(tmp_path / "r", lower)
    assert [(one.tool, one.now) for one in report.changed] == [
        ("db.write", "risk_halted"),
        ("mail.send", "run_halted"),
        ("crm.read", "run_halted"),
    ]
    assert [(total.now, total.halted) for total in report.totals] == [(0.1, True)]


async def test_a_higher_line_lets_through_what_was_held(tmp_path):
    strict = RULES.replace("approve_above: 1.5, halt_above: 2.0", "approve_above: 0.2, halt_above: 2.0")
    await recorded(tmp_path / "r", text=strict, steps=[READ, WRITE])
    report = under(tmp_path / "r", RULES, old=strict)
    assert [(one.tool, one.was, one.now) for one in report.changed] == [("db.write", "hold", "allow")]
    assert [(round(total.was, 6), round(total.now, 6)) for total in report.totals] == [(0.1, 0.35)]


async def test_a_smaller_budget_counts_what_would_have_passed(tmp_path):
    await recorded(tmp_path / "r", steps=[READ, WRITE, WRITE, WRITE])
    report = under(tmp_path / "r", RULES.replace("max_write_operations: 10", "max_write_operations: 2"))
    assert [(one.tool, one.now) for one in report.changed] == [("db.write", "budget_exceeded")]
    assert report.changed[0].seq == max(one.seq for one in report.changed)


@pytest.mark.parametrize(
    ("was", "now", "says"),
    [
        ("host: db.internal, method: POST", "host: db.internal, method: [POST, PUT]", "the path is not in the record"),
        ('scope: "db.orders.{path[1]}"', 'scope: "db.orders.{path[0]}"', "its values are not in the record"),
    ],
)
async def test_what_the_record_cannot_tell_is_unknown_and_charged_as_it_was(tmp_path, was, now, says):
    await recorded(tmp_path / "r", steps=[WRITE, READ])
    report = under(tmp_path / "r", RULES.replace(was, now))
    assert [one.tool for one in report.unknown] == ["db.write"]
    assert says in report.unknown[0].why
    assert (report.changed, report.totals) == ((), ())


async def test_a_host_that_is_declared_now_is_unknown(tmp_path):
    await recorded(tmp_path / "r", steps=[NOWHERE])
    report = under(tmp_path / "r", RULES.replace("*.wiki.example", "*.example"))
    assert "declared now" in report.unknown[0].why


async def test_content_that_nobody_looked_for_is_named(tmp_path):
    await recorded(tmp_path / "r", steps=[SEND])
    looks = RULES + "egress:\n  detectors:\n    - {entity: CREDIT_CARD, to: external, action: block}\n"
    assert under(tmp_path / "r", looks).not_scanned == ("CREDIT_CARD",)


async def test_rules_that_are_no_longer_kept_leave_their_decisions_unknown(tmp_path):
    from aisecops.model.errors import ConfigError

    await recorded(tmp_path / "r", steps=[READ])

    def lost(version):
        raise ConfigError(f"the rules `{version}` are not kept", "look in a backup")

    report = backtest(tmp_path / "r", rules_of(), rules_for=lost)
    assert ["are not kept" in one.why for one in report.unknown] == [True]


async def test_the_command_says_it_and_fails_where_something_changes(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    from aisecops.adapters.policies.files import FileRules

    for name, text in (("old", RULES), ("rules", RULES.replace("halt_above: 2.0", "halt_above: 1.5")),
                       ("new", RULES.replace('      - {tool: db.write, scope: "db.orders.*"}\n', ""))):  # fmt: skip
        (tmp_path / name).mkdir()
        (tmp_path / name / "rules.yaml").write_text(text)
    then = FileRules(tmp_path / "old", tmp_path / ".aisecops" / "policies").load()
    house = House(RULES)
    house.rules.rules = then
    run = await house.run()
    await house.ask(run, write(token=await house.token(run, "db.write", "db.orders.7")))
    log = chain(tmp_path / ".aisecops" / "audit")
    await log.append(*house.record.events)
    await log.close()

    assert main(["rules", "backtest"]) == 0
    assert "0 of 1 decisions otherwise" in capsys.readouterr().out
    assert main(["rules", "backtest", "new"]) == 1
    assert "allow -> token_policy_outdated" in capsys.readouterr().out
    assert main(["rules", "backtest", "new", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["changed"][0]["tool"] == "db.write"
    assert main(["rules", "backtest", "nowhere"]) == 2
