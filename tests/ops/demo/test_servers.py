"""The official client libraries talk to the stand-ins as to the real providers, and our readers agree with them."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anthropic
import httpx
import openai
import pytest

from aisecops.ops.demo.script import Script, ToolUse, Turn
from aisecops.ops.demo.serving import ANTHROPIC, OPENAI, Running, serve_all
from aisecops.ops.demo.tool_servers import ATTACKER, CRM, HELP, MAIL, NOTES, ORDERS, World, customers
from aisecops.wire.dialects import read_answer, read_call, stream_reader
from aisecops.wire.limits import read_json
from support.wire_samples import WEATHER, events

SCRIPT: Script = {
    "weather?": [
        Turn(text="let me look", calls=(ToolUse(name="weather", arguments={"city": "Rome"}),)),
        lambda result: Turn(text=f"it is {result}"),
    ],
}
CALL = [("weather", {"city": "Rome"})]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    world = World(customers=customers(250), articles={"refunds": "within 30 days"})
    folder = tmp_path_factory.mktemp("demo")
    with serve_all(folder, now_ms=int(time.time() * 1000), script=SCRIPT, world=world) as running:
        yield running


@pytest.fixture(autouse=True)
def names(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """The stand-ins' names lead to loopback, and their authority is trusted."""
    look_up = socket.getaddrinfo

    def resolved(host: Any, *args: Any, **more: Any) -> Any:
        known = host.decode() if isinstance(host, bytes) else host
        return look_up("127.0.0.1" if known in running.hosts else host, *args, **more)

    monkeypatch.setattr(socket, "getaddrinfo", resolved)
    monkeypatch.setenv("SSL_CERT_FILE", str(running.ca_path))
    running.forget()


@pytest.fixture
def chat(running: Running) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(api_key="demo", base_url=f"https://{OPENAI}:{running.port}/v1", max_retries=0) as client:
        yield client


@pytest.fixture
def claude(running: Running) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(api_key="demo", base_url=f"https://{ANTHROPIC}:{running.port}", max_retries=0) as client:
        yield client


@pytest.fixture
def tools(running: Running) -> Iterator[httpx.Client]:
    with httpx.Client(trust_env=True) as client:
        yield client


def ask(text: str, *more: Any) -> Any:
    return [{"role": "user", "content": text}, *more]


CHAT_TOOLS: Any = [{"type": "function", "function": {"name": "weather", "parameters": WEATHER}}]
CLAUDE_TOOLS: Any = [{"name": "weather", "input_schema": WEATHER}]


def test_openai_without_a_script_repeats_what_it_was_told(chat: openai.OpenAI) -> None:
    answer = chat.chat.completions.create(model="gpt-4o", messages=ask("hello"))
    assert answer.choices[0].message.content == "you said: hello"
    assert answer.usage is not None
    assert answer.usage.completion_tokens == 4


def test_openai_proposes_a_tool_and_reads_its_result(chat: openai.OpenAI) -> None:
    first = chat.chat.completions.create(model="gpt-4o", messages=ask("weather?"), tools=CHAT_TOOLS)
    [call] = first.choices[0].message.tool_calls or []
    assert call.type == "function"
    assert [(call.function.name, json.loads(call.function.arguments))] == CALL
    spoken = first.choices[0].message.model_dump(exclude_none=True)
    result = {"role": "tool", "tool_call_id": call.id, "content": "sunny"}
    second = chat.chat.completions.create(model="gpt-4o", messages=ask("weather?", spoken, result), tools=CHAT_TOOLS)
    assert second.choices[0].message.content == "it is sunny"


def test_openai_streams_text_calls_and_usage(chat: openai.OpenAI) -> None:
    options: Any = {"include_usage": True}
    with chat.chat.completions.create(
        model="gpt-4o", messages=ask("weather?"), tools=CHAT_TOOLS, stream=True, stream_options=options
    ) as stream:
        chunks = list(stream)
    deltas = [chunk.choices[0].delta for chunk in chunks if chunk.choices]
    assert "".join(delta.content or "" for delta in deltas) == "let me look"
    pieces = [call.function for delta in deltas for call in delta.tool_calls or [] if call.function]
    assert json.loads("".join(piece.arguments or "" for piece in pieces)) == {"city": "Rome"}
    assert chunks[-1].usage is not None


def test_anthropic_without_a_script_repeats_what_it_was_told(claude: anthropic.Anthropic) -> None:
    answer = claude.messages.create(model="claude-demo", max_tokens=9, messages=ask("hello"))
    assert [block.text for block in answer.content if block.type == "text"] == ["you said: hello"]
    assert answer.usage.output_tokens == 4


def test_anthropic_proposes_a_tool_and_reads_its_result(claude: anthropic.Anthropic) -> None:
    first = claude.messages.create(model="claude-demo", max_tokens=9, messages=ask("weather?"), tools=CLAUDE_TOOLS)
    [call] = [block for block in first.content if block.type == "tool_use"]
    assert [(call.name, call.input)] == CALL
    spoken = {"role": "assistant", "content": [block.model_dump(exclude_none=True) for block in first.content]}
    result = {"role": "user", "content": [{"type": "tool_result", "tool_use_id": call.id, "content": "sunny"}]}
    second = claude.messages.create(
        model="claude-demo", max_tokens=9, messages=ask("weather?", spoken, result), tools=CLAUDE_TOOLS
    )
    assert [block.text for block in second.content if block.type == "text"] == ["it is sunny"]


def test_anthropic_streams_text_and_calls(claude: anthropic.Anthropic) -> None:
    with claude.messages.stream(
        model="claude-demo", max_tokens=9, messages=ask("weather?"), tools=CLAUDE_TOOLS
    ) as stream:
        assert "".join(stream.text_stream) == "let me look"
        message = stream.get_final_message()
    assert [(block.name, block.input) for block in message.content if block.type == "tool_use"] == CALL
    assert message.stop_reason == "tool_use"


def test_anthropic_counts_without_answering(claude: anthropic.Anthropic) -> None:
    assert claude.messages.count_tokens(model="claude-demo", messages=ask("hello")).input_tokens > 0


async def test_the_asynchronous_clients_work_too(running: Running) -> None:
    async with openai.AsyncOpenAI(api_key="demo", base_url=f"https://{OPENAI}:{running.port}/v1") as client:
        answer = await client.chat.completions.create(model="gpt-4o", messages=ask("hello"))
    assert answer.choices[0].message.content == "you said: hello"


def test_our_readers_see_what_the_openai_client_said_and_heard(chat: openai.OpenAI, running: Running) -> None:
    raw = chat.chat.completions.with_raw_response.create(
        model="gpt-4o", messages=ask("weather?"), tools=CHAT_TOOLS, max_tokens=7
    )
    [request] = running.received(OPENAI)
    call = read_call("openai", request.method, request.target, read_json(request.body, max_bytes=9999))
    assert call is not None
    assert [(part.role, part.text) for part in call.segments] == [("user", "weather?")]
    assert (call.max_output_tokens, [tool.name for tool in call.tools]) == (7, ["weather"])
    answer = read_answer("openai", read_json(raw.content, max_bytes=9999))
    assert [(one.name, json.loads(one.arguments)) for one in answer.proposals] == CALL
    assert answer.usage is not None


@pytest.mark.parametrize(
    ("dialect", "host", "path"), [("openai", OPENAI, "/v1/chat/completions"), ("anthropic", ANTHROPIC, "/v1/messages")]
)
def test_our_readers_see_in_a_stream_what_they_see_in_a_whole_answer(
    running: Running, tools: httpx.Client, dialect: str, host: str, path: str
) -> None:
    body = {"model": "m", "max_tokens": 9, "messages": ask("weather?")}
    headers = {"authorization": "Bearer demo", "x-api-key": "demo"}
    url = f"https://{host}:{running.port}{path}"
    whole = read_answer(dialect, read_json(tools.post(url, json=body, headers=headers).content, max_bytes=9999))
    streamed = {**body, "stream": True, "stream_options": {"include_usage": True}}
    reader = stream_reader(dialect)
    for event in events(tools.post(url, json=streamed, headers=headers).content):
        reader.feed(event)
    answer = reader.answer()
    assert (answer.texts, answer.usage, answer.finish) == (whole.texts, whole.usage, whole.finish)
    assert [(call.name, json.loads(call.arguments)) for call in answer.proposals] == CALL


def test_requests_are_kept_as_they_came(running: Running, tools: httpx.Client) -> None:
    tools.post(f"https://{MAIL}:{running.port}/send?a=%20b", content=b'{"to": "a"}', headers={"X-Note": "x"})
    [request] = running.received()
    assert (request.host, request.method, request.target) == (MAIL, "POST", "/send?a=%20b")
    assert request.body == b'{"to": "a"}'
    assert ("x-note", "x") in request.headers
    assert running.received(CRM) == []


def test_the_tools_hold_and_change_their_data(running: Running, tools: httpx.Client) -> None:
    def at(host: str, path: str) -> str:
        return f"https://{host}:{running.port}{path}"

    assert len(tools.get(at(CRM, "/v1/customers?limit=200")).json()["customers"]) == 200
    assert tools.get(at(CRM, "/v1/customers/7")).json()["email"] == "customer7@mail.example"
    assert tools.get(at(CRM, "/v1/customers/999")).status_code == 404
    assert tools.get(at(HELP, "/articles/refunds")).text == "within 30 days"
    order = tools.post(at(ORDERS, "/v1/orders"), json={"total": 5}).json()
    assert tools.patch(at(ORDERS, f"/v1/orders/{order['id']}"), json={"total": 6}).json()["total"] == 6
    tools.post(at(NOTES, "/v1/items"), json={"text": "remember"})
    assert tools.get(at(NOTES, "/v1/items")).json()["items"][0]["text"] == "remember"
    assert tools.post(at(MAIL, "/send"), json={"to": "a@mail.example", "text": "hi"}).status_code == 202
    assert running.world.mails[-1]["text"] == "hi"
    tools.post(at(ATTACKER, "/x"), content=b"loot")
    assert running.world.taken == [b"loot"]


def test_after_the_block_nothing_listens(tmp_path: Path) -> None:
    with serve_all(tmp_path, now_ms=int(time.time() * 1000)) as running:
        port = running.port
        assert running.resolve[f"{CRM}:443"] == f"127.0.0.1:{port}"
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=1)
