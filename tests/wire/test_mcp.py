import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aisecops.model.errors import WireError
from aisecops.wire.limits import JsonBounds
from aisecops.wire.mcp import MessageKind, called, read_sent, result_of, tools_in, without_tools

CALL = {"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": {"name": "look", "arguments": {"to": "ann"}}}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["jsonrpc", "id", "method", "params", "result", "error", "x"]), inner)
    ),
    max_leaves=12,
)


def test_a_call_has_a_name_and_arguments():
    sent = read_sent(CALL)
    assert not sent.batched
    assert sent.awaited == (7,)
    assert called(sent.messages[0]) == ("look", {"to": "ann"})


def test_requests_notifications_and_responses_are_told_apart():
    batch = [
        CALL,
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        {"jsonrpc": "2.0", "id": "s1", "result": {"role": "assistant"}},
        {"jsonrpc": "2.0", "id": None, "error": {"code": -1, "message": "no"}},
    ]
    sent = read_sent(batch)
    assert [one.kind for one in sent.messages] == [
        MessageKind.REQUEST,
        MessageKind.NOTIFICATION,
        MessageKind.RESPONSE,
        MessageKind.RESPONSE,
    ]
    assert sent.awaited == (7,)


@pytest.mark.parametrize(
    "body",
    [
        [],
        None,
        "tools/call",
        {**CALL, "jsonrpc": "1.0"},
        {**CALL, "id": None},
        {**CALL, "id": True},
        {**CALL, "id": 1.5},
        {**CALL, "method": 5},
        {**CALL, "params": [1]},
        {**CALL, "result": {}},
        {**CALL, "Method": "ping"},
        {"jsonrpc": "2.0", "id": 1},
        {"jsonrpc": "2.0", "id": 1, "result": {}, "error": {}},
        [CALL, {**CALL, "id": "7"}],
        [CALL] * 101,
        [[CALL]],
    ],
)
def test_what_can_be_read_in_two_ways_is_not_read(body):
    with pytest.raises(WireError):
        read_sent(body)


@settings(max_examples=200)
@given(JSON)
def test_any_document_is_messages_or_a_wire_error(document):
    try:
        sent = read_sent(document)
    except WireError:
        return
    assert sent.messages
    assert len(set(sent.awaited)) == len(sent.awaited)


@settings(max_examples=200)
@given(st.binary(max_size=60))
def test_any_bytes_have_a_result_or_a_wire_error(data):
    for streamed in (True, False):
        with pytest.raises(WireError):
            result_of(data, 1, streamed=streamed, bounds=JsonBounds())


@pytest.mark.parametrize("streamed", [True, False])
def test_the_result_of_a_call_is_found_by_its_id(streamed):
    answer = {"jsonrpc": "2.0", "id": 7, "result": {"rows": [1, 2]}}
    note = {"jsonrpc": "2.0", "method": "notifications/progress", "params": {}}
    body = orjson.dumps([note, answer])
    if streamed:
        body = b"".join(b"event: message\ndata: " + orjson.dumps(one) + b"\n\n" for one in (note, answer))
    assert result_of(body, 7, streamed=streamed, bounds=JsonBounds()) == {"rows": [1, 2]}
    with pytest.raises(WireError):
        result_of(body, "7", streamed=streamed, bounds=JsonBounds())


def listing(*names: str, **more: object) -> dict[str, object]:
    return {"jsonrpc": "2.0", "id": 1, "result": {"tools": [{"name": name} for name in names]} | more}


def named(body: bytes, *, streamed: bool) -> list[object]:
    return [tool["name"] for tool in tools_in(body, streamed=streamed, bounds=JsonBounds()) or []]


@pytest.mark.parametrize("streamed", [False, True])
def test_tools_are_taken_out_of_a_list_and_all_else_stays(streamed):
    document = [listing("a", "b", nextCursor="2"), {"jsonrpc": "2.0", "id": 2, "result": {"content": "a"}}]
    body = orjson.dumps(document)
    other = b'event: message\nid: 7\ndata: {"jsonrpc": "2.0",  "method": "x"}\n\n'
    body = other + b"data: " + body + b"\n\n" if streamed else body
    left = without_tools(body, {"a"}, streamed=streamed, bounds=JsonBounds())
    assert named(left, streamed=streamed) == ["b"]
    assert b'"nextCursor":"2"' in left
    assert b'"content":"a"' in left
    assert left.startswith(other) is streamed


def test_a_list_that_is_one_tool_alone_is_a_list():
    body = orjson.dumps({"jsonrpc": "2.0", "id": 1, "result": {"tools": {"name": "a"}}})
    assert named(without_tools(body, {"a"}, streamed=False, bounds=JsonBounds()), streamed=False) == []


def test_a_list_whose_event_has_several_lines_is_changed_too():
    body = b'data: {"jsonrpc": "2.0", "id": 1,\ndata: "result": {"tools": [{"name": "a"}]}}\n\n'
    assert named(without_tools(body, {"a"}, streamed=True, bounds=JsonBounds()), streamed=True) == []
