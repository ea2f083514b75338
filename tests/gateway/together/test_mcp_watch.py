import orjson

from aisecops.gateway.together.mcp_watch import McpWatch
from aisecops.model.outcome import Refuse
from aisecops.model.refusals import Code
from aisecops.wire.sse import SseReader

EVENTS = b'data: {"jsonrpc":"2.0","method":"notifications/progress","params":{}}\n\n'
HALTED = Refuse(code=Code.RUN_HALTED, detail="the run is halted")


def said(data):
    return [orjson.loads(event.data) for event in SseReader().feed(data)]


def test_messages_pass_as_they_came_and_are_known_as_one_document():
    watch = McpWatch(status=200, awaited=(1,))
    answer = b'event: message\ndata: {"jsonrpc":"2.0","id":1,"result":{"content":[{"text":"a\\nb"}]}}\n\n'
    assert watch.feed(b": still here\n\n") == [b": still here\n\n"]
    assert watch.feed(EVENTS + b"id: 4\ndata:\n\n" + answer) == []
    assert [orjson.loads(one).get("id") for one in watch.waiting] == [None, 1]
    assert b"".join(watch.known()) == EVENTS + b"id: 4\ndata:\n\n" + answer
    assert not watch.waiting
    known = orjson.loads(watch.content.body)
    assert known[1]["result"]["content"] == [{"text": "a\nb"}]


def test_a_cut_stream_answers_what_waits():
    (error,) = said(McpWatch(status=200, awaited=("s7",)).refusal(HALTED))
    assert error["id"] == "s7"
    assert error["error"]["data"]["code"] == "run_halted"


def test_a_cut_stream_of_the_servers_own_tells_the_client_why():
    (note,) = said(McpWatch(status=200, awaited=()).refusal(HALTED))
    assert note["method"] == "notifications/message"
    assert note["params"]["data"]["code"] == "run_halted"
