import pytest

from aisecops.gateway.enforcer import Caller
from aisecops.model.ids import AgentId
from aisecops.model.outcome import Forward, Refuse
from aisecops.model.refusals import Code
from support.gateway import House, basic, request

CLERK = Caller(agent_id=AgentId("clerk"), authorization=basic("clerk", "clerk's secret"))


async def test_an_agent_reaches_the_control_plane_in_its_own_name():
    outcome = await House().enforcement.admit(CLERK, request("POST", "http://aisecops.internal/v1/tokens", body={}))
    assert isinstance(outcome, Forward)
    assert outcome.addresses == (("127.0.0.1", 8081),)
    assert ("Authorization", CLERK.authorization) in outcome.set_headers


async def test_its_own_authorization_is_not_replaced():
    ask = request("POST", "http://aisecops.internal/v1/tokens", body={}, Authorization=basic("clerk", "other"))
    assert (await House().enforcement.admit(CLERK, ask)).set_headers == ()


async def test_an_operators_key_does_not_work_from_inside():
    ask = request("GET", "http://aisecops.internal/v1/runs", Authorization="Bearer operator")
    refused = await House().enforcement.admit(CLERK, ask)
    assert refused.code is Code.POLICY_DENIED


@pytest.mark.parametrize(
    "url",
    [
        "http://aisecops.internal/",
        "http://aisecops.internal/v1/approvals",
        "http://aisecops.internal/v1/events",
        "http://aisecops.internal/v1/runs/../approvals",
        "http://aisecops.internal/v1/runs/%2e%2e/approvals",
        "http://aisecops.internal/v1/runsx",
        "https://aisecops.internal/v1/runs",
        "http://aisecops.internal:8081/v1/runs",
    ],
)
async def test_nothing_else_of_the_control_plane_is_reached(url):
    assert isinstance(await House().enforcement.admit(CLERK, request("GET", url)), Refuse)


async def test_an_answer_of_the_control_plane_passes_as_it_is():
    from aisecops.model.exchange import HttpResponse

    house = House()
    outcome = await house.enforcement.admit(CLERK, request("GET", "http://aisecops.internal/v1/runs"))
    response = HttpResponse(status=200, headers=(), body=b"{}")
    assert await house.enforcement.settle(outcome.permit, response) is response
