"""Two enforcements behind one door: who came in by one is never served by the other."""

from __future__ import annotations

import base64

import pytest

from aisecops.gateway.enforcer import Caller
from aisecops.gateway.evaluated import Evaluated
from aisecops.model.exchange import HttpResponse
from aisecops.model.outcome import Forward, Refuse
from aisecops.model.refusals import Code
from aisecops.model.round import Round
from support.gateway import request

ROUND = Round(evaluation_id="eval_1", by="operator:local", port=5000, ends_ms=1)
NEXT = Round(evaluation_id="eval_2", by="operator:local", port=5000, ends_ms=1)
BASIC = base64.b64encode(b"eval-clerk:secret").decode()
ASKED = request("GET", "https://crm.internal/v1/customers/7")
ANSWER = HttpResponse(status=200, headers=(), body=b"")
NO = Refuse(code=Code.POLICY_DENIED, detail="no")


class Listening:
    """An enforcement that says yes to everything, and remembers what it was asked, and with which permit."""

    def __init__(self, name):
        self.name, self.heard, self.cuts = name, [], None
        self.refuses = False

    async def identify(self, authorization, *, source, names=None):
        self.heard.append(("identify", authorization))
        return NO if self.refuses else Caller(agent_id=f"{self.name}-agent")

    async def connect(self, caller, host, port):
        self.heard.append(("connect", caller.agent_id))

    async def head(self, caller, asked):
        self.heard.append(("head", caller.agent_id))
        return 10

    async def admit(self, caller, asked):
        self.heard.append(("admit", caller.agent_id))
        return Forward(permit="dec_1", decision_id="dec_1", run_id="run_1", host="h", port=443, addresses=())

    async def refused(self, caller, asked, refuse):
        self.heard.append(("refused", caller.agent_id))
        return refuse

    def counted(self, caller, refuse):
        self.heard.append(("counted", caller.agent_id if caller else ""))

    async def watch(self, cut):
        self.cuts = cut

    def tap(self, permit, response):
        self.heard.append(("tap", permit))

    async def _by(self, what, permit, answer):
        self.heard.append((what, permit))
        return answer

    async def settle(self, permit, response):
        return await self._by("settle", permit, response)

    async def weigh(self, permit, tap):
        return await self._by("weigh", permit, [b"x"])

    async def finish(self, permit, tap):
        await self._by("finish", permit, None)

    async def message(self, permit, *, from_client, data):
        return await self._by("message", permit, None)

    async def hang_up(self, permit):
        await self._by("hang_up", permit, None)

    async def abandon(self, permit, why, *, left):
        await self._by("abandon", permit, None)


class Annex:
    """The annex as a test wants it to stand."""

    def __init__(self, own):
        self.standing = (ROUND, own)

    async def now(self):
        return self.standing


@pytest.fixture
def both():
    usual, own = Listening("usual"), Listening("own")
    made = Evaluated(usual)
    made.annex = Annex(own)
    return made, usual, own


async def everything(door, caller, permit):
    """Every question there is, of this caller and with this permit."""
    await door.connect(caller, "crm.internal", 443)
    await door.head(caller, ASKED)
    await door.admit(caller, ASKED)
    await door.refused(caller, ASKED, NO)
    door.counted(caller, NO)
    door.tap(permit, ANSWER)
    await door.settle(permit, ANSWER)
    await door.weigh(permit, None)
    await door.finish(permit, None)
    await door.message(permit, from_client=True, data=b"")
    await door.hang_up(permit)
    await door.abandon(permit, "gone", left=False)


@pytest.mark.parametrize("shown", [None, "Basic eDp5", f"basic {BASIC}", "Bearer evaluation", "Evaluationx y", ""])
async def test_every_other_scheme_is_everybodys(both, shown):
    door, _usual, own = both

    caller = await door.identify(shown, source="127.0.0.1")
    assert (caller.agent_id, caller.evaluation) == ("usual-agent", "")
    await everything(door, caller, "dec_1")
    assert own.heard == []


@pytest.mark.parametrize("scheme", ["Evaluation", "evaluation", "EVALUATION"])
async def test_the_evaluations_is_its_own_to_the_end_of_every_exchange(both, scheme):
    door, usual, own = both

    caller = await door.identify(f"{scheme} {BASIC}", source="127.0.0.1")
    assert (caller.agent_id, caller.evaluation) == ("own-agent", "eval_1")
    assert own.heard == [("identify", f"Basic {BASIC}")]
    permit = (await door.admit(caller, ASKED)).permit
    assert permit != "dec_1"
    await everything(door, caller, permit)
    assert usual.heard == []
    assert ("settle", "dec_1") in own.heard


async def test_a_permit_of_one_is_nothing_to_the_other(both):
    door, _usual, own = both
    caller = await door.identify(f"Evaluation {BASIC}", source="127.0.0.1")
    mine = (await door.admit(caller, ASKED)).permit
    theirs = (await door.admit(Caller(agent_id="clerk"), ASKED)).permit

    assert theirs == "dec_1" != mine
    own.heard.clear()
    await door.settle(theirs, ANSWER)
    assert own.heard == []


async def test_wrong_credentials_and_no_round_are_refused_and_show_in_everybodys_metrics(both):
    door, usual, own = both
    own.refuses = True
    assert await door.identify(f"Evaluation {BASIC}", source="127.0.0.1") == NO
    door.annex.standing = None
    refused = await door.identify(f"Evaluation {BASIC}", source="127.0.0.1")

    assert refused.code is Code.IDENTITY_REQUIRED
    assert usual.heard == [("counted", ""), ("counted", "")]


@pytest.mark.parametrize("standing", [None, (NEXT, Listening("next"))])
async def test_after_its_round_a_connection_is_good_for_nothing(both, standing):
    door, usual, own = both
    caller = await door.identify(f"Evaluation {BASIC}", source="127.0.0.1")
    door.annex.standing = standing

    assert (await door.connect(caller, "h", 443)).code is Code.IDENTITY_REQUIRED
    assert (await door.head(caller, ASKED)).code is Code.IDENTITY_REQUIRED
    assert (await door.admit(caller, ASKED)).code is Code.IDENTITY_REQUIRED
    assert await door.refused(caller, ASKED, NO) == NO
    door.counted(caller, NO)
    assert usual.heard == []
    assert own.heard == [("identify", f"Basic {BASIC}")]


async def test_after_its_round_an_exchange_is_refused_and_never_settled_by_everybodys(both):
    door, usual, _own = both
    caller = await door.identify(f"Evaluation {BASIC}", source="127.0.0.1")
    permit = (await door.admit(caller, ASKED)).permit
    door.annex.standing = None

    assert isinstance(await door.settle(permit, ANSWER), Refuse)
    assert isinstance(await door.message(permit, from_client=True, data=b""), Refuse)
    assert door.tap(permit, ANSWER) is None
    assert await door.weigh(permit, None) == []
    await door.finish(permit, None)
    await door.hang_up(permit)
    await door.abandon(permit, "gone", left=True)
    assert usual.heard == []


async def test_a_cut_of_the_evaluations_finds_the_exchange_by_the_permit_that_it_was_given(both):
    door, usual, _own = both
    told = []
    await door.watch(lambda permit, refuse: told.append(permit))
    caller = await door.identify(f"Evaluation {BASIC}", source="127.0.0.1")
    permit = (await door.admit(caller, ASKED)).permit
    door.cut("dec_1", NO)
    usual.cuts("dec_9", NO)

    assert told == [permit, "dec_9"]
