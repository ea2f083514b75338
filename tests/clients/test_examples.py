"""The programs of `examples/`, run for real against stand-ins through an installation. `make examples` starts this."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import pytest

from aisecops.adapters.system.clock import SystemClock
from aisecops.ops.demo.script import ToolUse, Turn
from aisecops.ops.demo.serving import serve_all
from aisecops.ops.demo.tool_servers import World, customers
from support.client_world import World as McpServer
from support.installation import installed
from support.upstream import Authority, running_upstream

FOLDER = os.environ.get("EXAMPLES", "")
PROGRAMS = Path(__file__).parents[2] / "examples"
ADDONS = Path(__file__).parents[2] / "addons"
QUESTION = "Which plan has customer 7?"
RULES = """
version: 1
agents:
  clerk:
    authenticate: {secret: "env:CLERK_SECRET"}
    grants: [{tool: crm.read, scope: "crm.customers.7"}, {tool: tools.read, scope: tools.read}]
tools:
  crm.read:
    match: {host: crm.internal, method: GET, path: "/v1/customers/*"}
    effect: read
    base_risk: 0.02
    trust: internal
    scope: "crm.customers.{path[2]}"
  tools.*: {match: {mcp: {host: mcp.test, path: /mcp, tool: "*"}}, effect: read, base_risk: 0.02, trust: internal}
models:
  openai: {match: {host: api.openai.com}, dialect: openai, prices: {gpt-4o: {input: 2.50, output: 10.00}}}
"""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.skipif(not FOLDER, reason="`make examples` installs what they need and runs this"),
]


def asks_for(customer):
    """What the model does when it is asked: call the tool, then say what it brought."""
    return [Turn(calls=(ToolUse(name="customer", arguments={"customer_id": customer}),)), lambda told: Turn(text=told)]


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    folder = tmp_path_factory.mktemp("examples")
    for name in ("far", "mcp"):
        (folder / name).mkdir()
    authority = Authority(folder / "mcp")
    script = {QUESTION: asks_for("7"), "And customer 8?": asks_for("8")}
    with contextlib.ExitStack() as stack:
        far = stack.enter_context(
            serve_all(
                folder / "far", now_ms=SystemClock().now_ms(), script=script, world=World(customers=customers(10))
            )
        )
        mcp = stack.enter_context(running_upstream(authority.server_context("mcp.test")))
        mcp.answer = McpServer(folder / "repositories")
        places = {**far.resolve, "mcp.test:443": f"127.0.0.1:{mcp.port}"}
        upstream = {"ca": [str(far.ca_path), str(authority.file)], "resolve": places}
        own = stack.enter_context(installed(folder / "house", rules=RULES, upstream=upstream))
        own.far = far
        yield own


def ran(house, program, *arguments):
    """`aisecops run` with the program in it, as its page says; it sees its own packages and ours."""
    own = ["env", "OPENAI_API_KEY=test", f"PYTHONPATH={ADDONS}", f"{FOLDER}/bin/python", str(PROGRAMS / program)]
    return house.command("run", "--agent", "clerk", "--", *own, *arguments)


@pytest.mark.parametrize("program", ["openai_agents_sdk.py", "langchain_agent.py"])
def test_an_agent_answers_from_what_its_tool_read_in_one_run(house, program):
    done = ran(house, program, QUESTION)
    assert done.returncode == 0, done.stderr
    assert '"id":"7"' in done.stdout
    run = house.events("run_started")[-1]["run_id"]
    assert [event["event"] for event in house.events("tool_invoked", run_id=run)] == ["tool_invoked"]
    assert len(house.events("llm_called", run_id=run)) == 2


@pytest.mark.parametrize("program", ["openai_agents_sdk.py", "langchain_agent.py"])
def test_what_is_not_granted_is_read_by_neither(house, program):
    before = len(house.far.received("crm.internal"))
    ran(house, program, "And customer 8?")
    assert len(house.far.received("crm.internal")) == before


def test_an_mcp_client_calls_the_tool_that_it_is_granted_and_no_other(house):
    done = ran(house, "mcp_client.py", "https://mcp.test/mcp", "read", "{}")
    assert (done.returncode, done.stdout.strip()) == (0, "here it is"), done.stderr
    other = ran(house, "mcp_client.py", "https://mcp.test/mcp", "write", "{}")
    assert other.returncode != 0
    assert "tools.write" in other.stderr
