import pytest

from aisecops.controls.tokens.known import KnownTokens
from aisecops.gateway.runs.issue import IssuedToken, TokenRequest
from aisecops.model.grant import Constraints
from aisecops.model.ids import AgentId, RunId
from aisecops.model.refusals import Code
from aisecops.model.state import RevocationKind
from support.gateway import OPERATOR, RULES, House


async def asked(house, run, **changes):
    fields = {"run_id": run.run.run_id, "tool": "crm.read", "scope": "crm.customers.42"} | changes
    return await house.tokens.issue(AgentId("clerk"), TokenRequest(**fields))


async def test_a_token_says_what_was_granted():
    house = House()
    run = await house.run()
    issued = await asked(house, run)
    facts = KnownTokens(issuer="aisecops", audience="gateway").verify(
        issued.token,
        keys=house.keys.verify_keys(),
        now_s=house.clock.ms // 1000,
        agent_id=AgentId("clerk"),
        run_id=run.run.run_id,
    )
    claims = facts.claims
    assert (claims.grant.tool, claims.grant.scope, claims.grant.constraints.max_rows) == (
        "crm.read",
        "crm.customers.42",
        100,
    )
    assert claims.policy_version == house.rules.rules.policy_version


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"scope": "crm.orders.1"}, Code.POLICY_DENIED),
        ({"scope": "crm.**"}, Code.POLICY_DENIED),
        ({"tool": "shell.exec", "scope": "x"}, Code.POLICY_DENIED),
        ({"tool": "*"}, Code.UNREADABLE),
        ({"scope": "crm..42"}, Code.UNREADABLE),
        ({"ttl_s": 0}, Code.UNREADABLE),
        ({"ttl_s": -5}, Code.UNREADABLE),
        ({"uses": 0}, Code.UNREADABLE),
        ({"cnf": {"jkt": "no thumbprint"}}, Code.UNREADABLE),
        ({"cnf": {"other": 1}}, Code.UNREADABLE),
        ({"run_id": RunId("run_none")}, Code.RUN_UNKNOWN),
    ],
)
async def test_what_no_grant_covers_is_not_issued(changes, expected):
    house = House()
    refused = await asked(house, await house.run(), **changes)
    assert refused.code is expected


async def test_a_wider_constraint_than_the_grants_is_narrowed():
    house = House()
    issued = await asked(house, await house.run(), constraints=Constraints(max_rows=5000))
    assert issued.claims.grant.constraints.max_rows == 100


@pytest.mark.parametrize(("ttl", "life"), [(None, 300), (30, 30), (900, 900), (86_400, 900)])
async def test_no_token_outlives_the_ceiling(ttl, life):
    house = House()
    issued = await asked(house, await house.run(), ttl_s=ttl)
    assert issued.claims.exp - issued.claims.iat == life


async def test_a_token_for_another_agents_run_is_not_issued():
    house = House()
    refused = await asked(house, await house.run("visitor"))
    assert refused.code is Code.RUN_UNKNOWN


@pytest.mark.parametrize(("ended", "expected"), [("halt", Code.RUN_HALTED), ("finish", Code.RUN_FINISHED)])
async def test_a_run_that_cannot_act_gets_no_token(ended, expected):
    house = House()
    run = await house.run()
    await (
        house.runs.halt(run.run.run_id, by=OPERATOR, why="")
        if ended == "halt"
        else house.runs.finish(run.run.run_id, by=OPERATOR)
    )
    assert (await asked(house, run)).code is expected


async def test_a_revoked_agent_gets_no_token():
    house = House()
    run = await house.run()
    await house.store.revoke(RevocationKind.AGENT, "clerk", now_ms=house.clock.ms, why="")
    assert (await asked(house, run)).code is Code.TOKEN_REVOKED


async def test_a_token_is_in_the_record_durably_before_it_is_handed_out_and_only_by_its_id():
    house = House()
    issued = await asked(house, await house.run())
    assert isinstance(issued, IssuedToken)
    assert [event.fields["jti"] for event in house.record.durable] == [issued.claims.jti]
    assert issued.token not in str(house.record.events)


async def test_without_a_record_nothing_is_issued():
    house = House()
    run = await house.run()
    house.record.broken = True
    with pytest.raises(Exception, match="disk is full"):
        await asked(house, run)


async def test_a_refusal_is_an_event():
    house = House()
    await asked(house, await house.run(), scope="crm.orders.1")
    assert house.record.names()[-1] == "token_denied"


async def test_a_grants_uses_bind_the_token():
    house = House(RULES.replace("constraints: {max_rows: 100}", "constraints: {uses: 1}"))
    issued = await asked(house, await house.run(), uses=10)
    assert issued.claims.uses == 1
