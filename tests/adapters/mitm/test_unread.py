"""What is refused unread is counted always, and recorded for a known caller, so many times a minute."""

from __future__ import annotations

import pytest

from aisecops.adapters.mitm.exchange import Tunnel
from aisecops.adapters.mitm.host_refusals import NOT_HTTP
from aisecops.adapters.mitm.names import Place
from aisecops.adapters.mitm.unread import RECORDED_EACH_MINUTE, Unread, UnreadRequests
from aisecops.gateway.enforcer import Caller
from aisecops.model.ids import AgentId
from support.contexts import a_context
from support.flows import a_gate
from support.proxy import Lets


@pytest.fixture
def lets():
    return Lets({})


@pytest.fixture
def time():
    return [0.0]


@pytest.fixture
def told(lets, time):
    gate = a_gate()
    gate.enforcer = lets
    addon = UnreadRequests(gate, clock=lambda: time[0])

    async def tell(*, times: int = 1, known: bool = True):
        client = a_context().client
        if known:
            gate.tunnels[client.id] = Tunnel(Caller(agent_id=AgentId("agent")), Place("api.test", 443))
        for _ in range(times):
            await addon.request_unread(Unread(client, NOT_HTTP))
        return lets.calls.count("refused"), len(lets.unrecorded)

    return tell


async def test_nobodys_is_counted(told, lets):
    assert await told(known=False) == (0, 1)
    assert lets.unrecorded == [("", NOT_HTTP.code)]


async def test_a_known_callers_is_recorded(told):
    assert await told() == (1, 0)


async def test_records_are_bounded_and_the_rest_is_counted(told, time):
    assert await told(times=RECORDED_EACH_MINUTE + 5) == (RECORDED_EACH_MINUTE, 5)
    time[0] += 60
    assert await told() == (RECORDED_EACH_MINUTE + 1, 5)
