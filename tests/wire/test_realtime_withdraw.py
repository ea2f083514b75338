"""What waits of a realtime model's calls, by itself; whole talks are `tests/gateway/together/test_realtime.py`'s."""

from __future__ import annotations

import orjson

from aisecops.wire.realtime_withdraw import RealtimeCalls

CALL = {"id": "i", "type": "function_call", "name": "f", "call_id": "c", "arguments": "{}", "status": "completed"}


def test_the_echo_of_what_the_client_said_is_no_call_of_the_models_and_everything_else_waits() -> None:
    calls = RealtimeCalls()
    echo = {"type": "conversation.item.created", "item": CALL}
    raw = orjson.dumps(echo)
    assert calls.unweighed(echo) == []
    assert calls.passed(raw, echo) == []
    calls = RealtimeCalls()
    calls.said({"type": "conversation.item.create", "item": CALL})
    assert calls.passed(raw, echo) == [raw]


def test_a_call_without_any_id_waits_too_and_each_is_weighed() -> None:
    calls = RealtimeCalls()
    nameless = {"type": "function_call", "name": "f", "arguments": "{}"}
    begun = {"type": "response.output_item.added", "item": nameless}
    assert calls.passed(b"begun", begun) == []
    done = {"type": "response.output_item.done", "item": nameless}
    for _ in range(2):
        assert [call.name for call in calls.unweighed(done)] == ["f"]
        calls.weighed({("", "f", "{}"): None})
    assert calls.passed(b"done", done) == [b"begun", b"done"]


def test_calls_in_an_event_that_nobody_knows_never_pass() -> None:
    calls = RealtimeCalls()
    unknown = {"type": "response.halfway", "response": {"output": [CALL]}}
    assert calls.passed(b"unknown", unknown) == []


def test_what_the_provider_runs_itself_passes() -> None:
    calls = RealtimeCalls()
    begun = {"type": "response.output_item.added", "item": {"id": "m", "type": "mcp_call", "name": "f"}}
    raw = orjson.dumps(begun)
    assert calls.unweighed({**begun, "type": "response.output_item.done"}) == []
    assert calls.passed(raw, begun) == [raw]


def test_what_waits_of_a_call_goes_when_its_answer_has_ended_without_it() -> None:
    calls = RealtimeCalls()
    delta = {"type": "response.function_call_arguments.delta", "item_id": "i", "delta": "x"}
    assert calls.passed(orjson.dumps(delta), delta) == []
    done = {"type": "response.done", "response": {"output": [CALL]}}
    assert [call.name for call in calls.unweighed(done)] == ["f"]
    calls.weighed({("c", "f", "{}"): None})
    assert calls.passed(b"raw", done) == [b"raw"]
    assert calls._held == {}
    assert calls._held_bytes == 0
