"""A talk with a realtime model through a real installation, by the provider's own client."""

from __future__ import annotations

import contextlib
import re

import openai
import orjson
import pytest

from support.feeds import talked
from support.installation import Installation, fresh
from support.installation_rules import RULES

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
EGRESS = "- {entity: EMAIL_ADDRESS, to: model, action: mask}"
SPOKEN = (
    RULES.replace("\nmodels:", SHELL)
    .replace(GRANT, f'{GRANT}\n      - {{tool: shell.exec, scope: "shell.ls"}}')
    .replace("{host: api.openai.com}", "{host: api.openai.com, method: [POST, WEBSOCKET]}")
    .replace(EGRESS, EGRESS.replace("mask", "pseudonymise"))
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
    with talked(Installation(tmp_path_factory.mktemp("realtime"), rules=SPOKEN), "api.openai.com") as own:
        yield own


def spoken(text):
    """The events of an answer that says `text`, three characters at a time."""
    at = {"response_id": "resp_1", "item_id": "item_1", "output_index": 0, "content_index": 0}
    events = [
        *({"type": "response.output_text.delta", **at, "delta": text[n : n + 3]} for n in range(0, len(text), 3)),
        {"type": "response.output_text.done", **at, "text": text},
        {"type": "response.done", "response": {"object": "realtime.response", "id": "resp_1", "status": "completed"}},
    ]
    return [orjson.dumps({"event_id": f"event_{n}", **one}).decode() for n, one in enumerate(events)]


@contextlib.contextmanager
def talking(own, run):
    """The provider's own client in a talk."""
    options = {"proxy": f"http://{run.agent.name}:{run.agent.secret}@127.0.0.1:{own.proxy_port}", "ssl": own.bundle}
    client = openai.OpenAI(api_key="test")
    opened = client.realtime.connect(
        model="gpt-4o", extra_headers={"AISecOps-Run": run.run_id}, websocket_connection_options=options
    )
    with client, opened as talk:
        yield talk


def asked(own, run, command):
    """The events that the agent's client reads of an answer that calls `bash` with `command`."""
    own.talk.got.clear()

    def says(conn, message):
        if orjson.loads(message)["type"] == "response.create":
            for event in answer(command):
                conn.send(event)

    own.talk.says = says
    with talking(own, run) as talk:
        talk.response.create()
        return answered(talk)


def answered(talk):
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


def test_a_realtime_model_never_hears_a_real_value_and_its_agent_never_a_stand_in(own):
    address, run = f"{fresh('ann')}.neil@corp-mail.com", own.run("clerk")
    own.talk.got.clear()

    def says(conn, message):
        heard = re.findall(r"[a-z0-9]+@mail\.example", message)
        for event in spoken(f"I wrote to {heard[0]} and to {heard[0]}") if heard else ():
            conn.send(event)

    own.talk.says = says
    with talking(own, run) as talk:
        content = [{"type": "input_text", "text": f"Write to {address}."}]
        talk.conversation.item.create(item={"type": "message", "role": "user", "content": content})
        events = answered(talk)

    words = "".join(event.delta for event in events if event.type == "response.output_text.delta")
    assert words == f"I wrote to {address} and to {address}"
    (whole,) = [event.text for event in events if event.type == "response.output_text.done"]
    assert whole == words
    assert address not in str(own.talk.got)
    assert address.partition("@")[0] not in str(own.talk.got)
    assert address.encode() not in own.everything_written()
    (told,) = own.events("egress_masked", run_id=run.run_id)
    assert [one["action"] for one in told["findings"]] == ["pseudonymise"]
    said = own.command("replay", run.run_id)
    assert said.returncode == 0, said.stdout + said.stderr
