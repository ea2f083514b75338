"""Decision points beside the grants: what is not asked, cannot be asked, or says no."""

from __future__ import annotations

from aisecops.gateway.step.points import Points
from aisecops.model.decision import Judgment, Verdict
from aisecops.model.errors import PolicyError
from aisecops.model.outcome import Forward
from aisecops.model.refusals import Code
from support.gateway import RULES, House, code, read, rules_of

ASKED = f'{RULES}\npolicy: {{opa: {{url: "http://127.0.0.1:1", path: a}}}}\n'


class Point:
    """Says what it is told to, and keeps what it was asked."""

    name = "opa"

    def __init__(self, verdict=Verdict.ALLOW) -> None:
        self.verdict = verdict
        self.asked = []

    def named_by(self, rules):
        return rules.policy.opa is not None

    async def judge(self, rules, asked):
        self.asked.append(asked)
        if self.verdict is None:
            raise PolicyError("it is down")
        return Judgment(control=self.name, verdict=self.verdict)


async def _asked_with(point: Point):
    house = House(ASKED, points=(point,))
    run = await house.run()
    granted = House(RULES)  # a token from rules that ask nobody: what is tested is the request
    granted.store, granted.keys = house.store, house.keys
    house.rules.rules = rules_of(RULES)
    token = await house.token(run, "crm.read", "crm.customers.42")
    house.rules.rules = rules_of(ASKED)
    return await house.ask(run, read(token=token)), house


async def test_a_no_is_a_no_and_a_fault_is_one_with_its_own_code():
    allowed, _ = await _asked_with(Point())
    denied, _ = await _asked_with(Point(Verdict.DENY))
    down, house = await _asked_with(Point(None))
    assert isinstance(allowed, Forward)
    assert code(denied) is Code.POLICY_DENIED
    assert (code(down), "it is down" in down.detail) == (Code.POLICY_UNAVAILABLE, True)
    assert [event.fields["code"] for event in house.record.events if event.event == "decision"] == [
        "policy_unavailable"
    ]


async def test_it_is_asked_once_about_the_step_as_it_stands():
    point = Point()
    await _asked_with(point)
    [asked] = point.asked
    assert (asked.agent_id, asked.role, asked.tool, asked.scope) == ("clerk", "office", "crm.read", "crm.customers.42")
    assert asked.token is not None
    assert asked.risk_micros == 0


async def test_what_is_refused_anyway_is_not_asked_about():
    point = Point()
    house = House(ASKED, points=(point,))
    run = await house.run()
    assert code(await house.ask(run, read())) is Code.TOKEN_MISSING
    assert point.asked == []


async def test_rules_that_name_nobody_ask_nobody():
    point = Point(None)
    house = House(RULES, points=(point,))
    run = await house.run()
    token = await house.token(run, "crm.read", "crm.customers.42")
    assert isinstance(await house.ask(run, read(token=token)), Forward)
    assert point.asked == []


def test_an_opinion_takes_the_place_of_the_one_before():
    points = Points((Point(),))
    wire = Judgment(control="wire", verdict=Verdict.ALLOW)
    old, new = (Judgment(control="opa", verdict=verdict) for verdict in (Verdict.ALLOW, Verdict.DENY))
    assert points.anew((wire, old), (new,)) == (wire, new)
