import pytest

from aisecops.gateway.enforcer import Caller
from aisecops.gateway.runs.trees import Trees
from aisecops.gateway.runs.whose import Whose
from aisecops.model.ids import AgentId
from aisecops.model.outcome import Refuse
from support.gateway import House, read


@pytest.fixture
def house():
    return House()


def whose(house):
    return Whose(house.runs, Trees(house.store), idle_ms=60_000)


async def test_credentials_of_a_run_are_that_run(house):
    run = (await house.run()).run
    caller = Caller(agent_id=run.agent_id, run_id=run.run_id)
    assert await whose(house).run(caller, read()) == run.run_id
    assert await whose(house).run(caller, read(AISecOps_Run=run.run_id)) == run.run_id


async def test_credentials_of_a_run_do_not_act_for_another_of_the_same_agent(house):
    one, other = (await house.run()).run, (await house.run()).run
    caller = Caller(agent_id=one.agent_id, run_id=one.run_id)
    assert isinstance(await whose(house).run(caller, read(AISecOps_Run=other.run_id)), Refuse)


async def test_an_agent_names_a_run_of_its_own(house):
    run = (await house.run()).run
    assert await whose(house).run(Caller(agent_id=AgentId("clerk")), read(AISecOps_Run=run.run_id)) == run.run_id


@pytest.mark.parametrize("named", ["run_none", "", "clerk"])
async def test_a_run_nobody_opened_is_none(house, named):
    assert isinstance(await whose(house).run(Caller(agent_id=AgentId("clerk")), read(AISecOps_Run=named)), Refuse)
