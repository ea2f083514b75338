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


async def test_for_one_who_proved_itself_without_a_secret_the_gateway_vouches():
    house = House()
    neighbour = Caller(agent_id=AgentId("neighbour"))
    ask = request("POST", "http://aisecops.internal/v1/runs?a=b", body={})
    ((name, word),) = (await house.enforcement.admit(neighbour, ask)).set_headers
    assert name == "Authorization"
    assert house.vouching.heard(word, "POST", "/v1/runs?a=b") == "neighbour"


async def test_a_word_of_the_agents_own_making_is_not_let_through():
    house = House()
    for said in (house.vouching.says(AgentId("other"), "GET", "/v1/runs"), "AISecOps-Vouched e30.1.00"):
        ask = request("GET", "http://aisecops.internal/v1/runs", Authorization=said)
        for caller in (CLERK, Caller(agent_id=AgentId("neighbour"))):
            assert (await house.enforcement.admit(caller, ask)).code is Code.POLICY_DENIED


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
