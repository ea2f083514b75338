import pytest

from aisecops.adapters.store.memory import MemoryStore
from aisecops.gateway.enforcer import Caller
from aisecops.model.ids import AgentId, RunId
from aisecops.model.outcome import Forward, Refuse
from aisecops.model.refusals import Code
from support.gateway import House, basic, request
from support.stores import FailingStore, Failure

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
    house = House()
    refused = await house.enforcement.admit(CLERK, request("GET", url))
    assert isinstance(refused, Refuse)
    last = house.record.events[-1]
    assert (last.event, last.decision_id, last.run_id) == ("decision", refused.decision_id, refused.run_id)
    assert counted(house) == [("clerk", refused.code.value)]


def counted(house):
    """Agent and code of each refusal that was counted."""
    said = [told for name, told in house.meter.calls if name == "decided"]
    return [(one["agent"], one["code"]) for one in said if one["decision"] == "deny"]


async def test_a_tunnel_to_it_opens_where_it_answers_and_what_is_asked_in_there_is_judged():
    house = House()
    assert await house.enforcement.connect(CLERK, "aisecops.internal", 80) is None
    refused = await house.enforcement.connect(CLERK, "aisecops.internal", 443)
    assert (refused.code, refused.decision_id) == (Code.DESTINATION_DENIED, house.record.events[-1].decision_id)
    assert "http on port 80" in refused.detail


async def test_an_agent_that_is_taken_out_of_the_rules_is_nobody_on_the_lines_that_it_has():
    refused = await House().enforcement.admit(
        Caller(agent_id=AgentId("gone")), request("GET", "https://en.wiki.example/page")
    )
    assert (refused.code, refused.detail) == (Code.IDENTITY_REQUIRED, "the rules name no agent `gone`")


async def test_what_has_no_run_and_what_a_fault_refuses_is_counted_too():
    house = House(store=FailingStore(MemoryStore()))
    unknown = request("GET", "https://en.wiki.example/page", AISecOps_Run="run_x")
    assert (await house.enforcement.admit(CLERK, unknown)).code is Code.RUN_UNKNOWN
    house.store.failing |= {"find_run": Failure.BEFORE, "snapshot": Failure.BEFORE, "open_run": Failure.BEFORE}
    run = Caller(agent_id=AgentId("clerk"), run_id=RunId("run_x"))
    assert (
        await house.enforcement.admit(run, request("GET", "https://en.wiki.example/page"))
    ).code is Code.STORE_UNAVAILABLE
    assert counted(house) == [("clerk", "run_unknown"), ("clerk", "store_unavailable")]


async def test_an_answer_of_the_control_plane_passes_as_it_is():
    from aisecops.model.exchange import HttpResponse

    house = House()
    outcome = await house.enforcement.admit(CLERK, request("GET", "http://aisecops.internal/v1/runs"))
    response = HttpResponse(status=200, headers=(), body=b"{}")
    assert await house.enforcement.settle(outcome.permit, response) is response
