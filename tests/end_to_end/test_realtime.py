"""A talk with a realtime model through a real installation, by the provider's own client."""

from __future__ import annotations

import openai
import orjson
import pytest

from support.installation import Installation
from support.installation_rules import RULES
from support.websockets import Talk

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(180),
    # the provider's client opens its sockets in an older way
    pytest.mark.filterwarnings(r"ignore:connect\(\) must be used:DeprecationWarning"),
]

SHELL = """
  shell.exec:
    match: {model_tool: bash}
    effect: write
    base_risk: 0
    scope: "shell.{body.command}"
models:"""
GRANT = '- {tool: step.run, scope: "steps.*"}'
SPOKEN = (
    RULES.replace("\nmodels:", SHELL)
    .replace(GRANT, f'{GRANT}\n      - {{tool: shell.exec, scope: "shell.ls"}}')
    .replace("{host: api.openai.com}", "{host: api.openai.com, method: [POST, WEBSOCKET]}")
)


def answer(command):
    """The events of an answer that calls `bash`, as the provider sends them."""
    text = orjson.dumps({"command": command}).decode()
    at = {"response_id": "resp_1", "item_id": "item_1", "output_index": 0}
    begun = {"id": "item_1", "object": "realtime.item", "type": "function_call", "status": "in_progress",
             "name": "bash", "call_id": "call_1", "arguments": ""}  # fmt: skip
    whole = begun | {"status": "completed", "arguments": text}
    response = {"object": "realtime.response", "id": "resp_1", "status": "completed", "output": [whole]}
    events = [
        {"type": "response.output_item.added", "response_id": "resp_1", "output_index": 0, "item": begun},
        {"type": "response.function_call_arguments.delta", **at, "call_id": "call_1", "delta": text},
        {"type": "response.function_call_arguments.done", **at, "call_id": "call_1", "name": "bash", "arguments": text},
        {"type": "response.output_item.done", "response_id": "resp_1", "output_index": 0, "item": whole},
        {"type": "response.done", "response": response},
    ]
    return [orjson.dumps({"event_id": f"event_{n}", **one}).decode() for n, one in enumerate(events)]


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    installation = Installation(tmp_path_factory.mktemp("realtime"), rules=SPOKEN)
    talk = Talk(installation.context_for("api.openai.com"))
    installation.elsewhere = {"api.openai.com:443": f"127.0.0.1:{talk.port}"}
    installation.start()
    installation.talk = talk
    try:
        yield installation
    finally:
        talk.close()
        assert installation.stop() == 0, installation.said()


def asked(own, run, command):
    """The events that the agent's client reads of an answer that calls `bash` with `command`."""
    own.talk.got.clear()

    def says(conn, message):
        if orjson.loads(message)["type"] == "response.create":
            for event in answer(command):
                conn.send(event)

    own.talk.says = says
    options = {"proxy": f"http://{run.agent.name}:{run.agent.secret}@127.0.0.1:{own.proxy_port}", "ssl": own.bundle}
    client = openai.OpenAI(api_key="test")
    opened = client.realtime.connect(
        model="gpt-4o", extra_headers={"AISecOps-Run": run.run_id}, websocket_connection_options=options
    )
    with client, opened as talk:
        talk.response.create()
        events = []
        for event in talk:
            events.append(event)
            if event.type == "response.done":
                return events
    raise AssertionError(events)


def test_a_call_that_may_be_made_reaches_the_agent_and_another_is_a_message_that_says_why(own):
    run = own.run("clerk")
    allowed = asked(own, run, "ls")
    assert [event.type for event in allowed].count("response.function_call_arguments.done") == 1
    assert allowed[-1].response.output[0].type == "function_call"
    refused = asked(own, run, "rm")
    assert not [event for event in refused if "function_call" in event.type]
    (item,) = refused[-1].response.output
    assert item.type == "message"
    assert "policy_denied" in item.content[0].text
    assert [orjson.loads(one)["type"] for one in own.talk.got] == ["response.create", "conversation.item.create"]
    (act,) = own.events("tool_invoked", run_id=run.run_id)
    assert (act["tool"], act["scope"]) == ("shell.exec", "shell.ls")
    said = own.command("replay", run.run_id)
    assert said.returncode == 0, said.stdout + said.stderr
