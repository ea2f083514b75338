"""What Cedar says, and that a `forbid` that errs is a match."""

from __future__ import annotations

from aisecops.adapters.policies.cedar import CedarPoint
from aisecops.model.decision import Verdict
from aisecops.model.outcome import Forward
from aisecops.model.refusals import Code
from support.gateway import RULES, House, code, read, rules_of
from support.questions import CEDAR, question

ASKED = f'{RULES}\npolicy: {{cedar: ["policy/*.cedar"]}}\n'
ALL = "permit(principal, action, resource);\n"


def said(policy: str, **more: object):
    asked = question("clerk", "crm.read", "crm.customers.42", **more)
    return CedarPoint().judgment(rules_of(ASKED, a=policy), asked)


def test_silence_is_no():
    judgment = said('permit(principal == Agent::"visitor", action, resource);')
    assert judgment.verdict is Verdict.DENY
    assert "no Cedar policy permits `clerk` `crm.read` on `crm.customers.42`" in judgment.reasons[0].detail


def test_a_forbid_beats_a_permit_and_says_where_it_stands():
    judgment = said(f'{ALL}\nforbid(principal, action in Action::"read", resource in Scope::"crm");')
    assert (judgment.verdict, judgment.reasons[0].rule) == (Verdict.DENY, "policy/a.cedar:3")


def test_a_forbid_that_errs_counts_as_a_match():
    overflow = "forbid(principal, action, resource) when { context.now * 9223372036854775807 == 0 };"
    judgment = said(ALL + overflow)
    assert (judgment.verdict, judgment.reasons[0].rule) == (Verdict.DENY, "policy/a.cedar:2")
    assert "failed while it was asked" in judgment.reasons[0].detail


def test_a_permit_that_errs_permits_nothing_and_forbids_nothing():
    overflow = "permit(principal, action, resource) when { context.now * 9223372036854775807 == 0 };"
    assert said(overflow).verdict is Verdict.DENY
    assert said(ALL + overflow).verdict is Verdict.ALLOW


def test_risk_is_told_rounded_up():
    line = 'permit(principal, action, resource) when { context.risk_score.lessThan(decimal("0.7500")) };'
    assert said(line, risk_micros=749_900).verdict is Verdict.ALLOW
    assert said(line, risk_micros=749_901).verdict is Verdict.DENY


def test_a_policy_may_speak_of_role_token_untrusted_reading_and_findings():
    policy = """permit(principal in Role::"office", action, resource) when {
        context has token && context.token.scope == "crm.customers.*" && !context.read_untrusted
        && !context.found.contains("EMAIL_ADDRESS") && context.phase == "invoke" && context.host == "crm.internal" };"""
    assert said(policy).verdict is Verdict.ALLOW
    for change in ({"role": "lab"}, {"token": None}, {"read_untrusted": True}, {"found": ("EMAIL_ADDRESS",)}):
        assert said(policy, **change).verdict is Verdict.DENY, change


async def test_a_request_that_the_grants_allow_is_refused_by_a_forbid_and_recorded_with_its_reason():
    house = House(ASKED, a=f'{ALL}forbid(principal, action == Action::"crm.read", resource) when {{ context.rows == 1 }};'
                  .replace("context.rows == 1", 'context.phase == "invoke"'))  # fmt: skip
    run = await house.run()
    refused = await house.ask(run, read(token=await house.token(run, "crm.read", "crm.customers.42")))
    assert (code(refused), refused.rule) == (Code.POLICY_DENIED, "policy/a.cedar:2")
    [recorded] = [event for event in house.record.events if event.event == "decision"]
    assert "policy/a.cedar:2" in str(recorded.fields)


async def test_what_all_allow_goes_through():
    house = House(ASKED, a=CEDAR)
    run = await house.run()
    token = await house.token(run, "crm.read", "crm.customers.42")
    assert isinstance(await house.ask(run, read(token=token)), Forward)


async def test_no_token_is_issued_for_what_cedar_forbids():
    house = House(ASKED, a='permit(principal, action == Action::"mail.send", resource);')
    run = await house.run()
    from aisecops.gateway.runs.issue import TokenRequest

    asked = TokenRequest(run_id=run.run.run_id, tool="crm.read", scope="crm.customers.42")
    assert code(await house.tokens.issue(run.run.agent_id, asked)) is Code.POLICY_DENIED


async def test_the_rules_of_the_request_are_asked_not_those_of_the_one_before():
    point, asked = CedarPoint(), question("clerk", "crm.read", "crm.customers.42")
    for number in range(6):
        effect = "permit" if number % 2 else "forbid"
        rules = rules_of(ASKED, a=f"{effect}(principal, action, resource); // {number}")
        wanted = Verdict.ALLOW if number % 2 else Verdict.DENY
        assert (await point.judge(rules, asked)).verdict is wanted
