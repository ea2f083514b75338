"""What the stand-in model says in Responses and in Gemini's dialect is what the gateway's readers take from it.

Written on both sides from the providers' formats; OpenAI's own client takes the streamed answer too.
"""

from __future__ import annotations

import json

import httpx
import openai
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from aisecops.ops.demo.script import ToolUse, Turn
from aisecops.ops.evaluation.model_speech import model_routes
from aisecops.wire.dialects import read_answer, stream_framing, stream_reader

TURN = Turn(text="I will write to Ann.", calls=(ToolUse(name="send_email", arguments={"to": "ann"}),))
WAYS = {
    "responses": ("openai", "/v1/responses", {"input": "hello"}),
    "gemini": ("gemini", "/v1beta/models/m:generateContent", {"contents": []}),
    "responses, streamed": ("openai", "/v1/responses", {"input": "hello", "stream": True}),
    "gemini, streamed": ("gemini", "/v1beta/models/m:streamGenerateContent?alt=sse", {"contents": []}),
}


def client():
    return TestClient(Starlette(routes=model_routes(lambda: TURN)))


@pytest.mark.parametrize("way", WAYS)
def test_words_and_calls_are_read_as_they_are_meant(way):
    dialect, path, body = WAYS[way]
    came = client().post(path, json=body)

    if "streamed" in way:
        framing = stream_framing(dialect, came.headers["content-type"].partition(";")[0])
        assert framing is not None
        reader = stream_reader(dialect)
        for event in [*framing.feed(came.content), *framing.end()]:
            reader.feed(event)
        answer = reader.answer()
    else:
        answer = read_answer(dialect, came.json())
    assert "".join(answer.texts) == TURN.text
    [call] = answer.proposals
    assert (call.name, json.loads(call.arguments)) == ("send_email", {"to": "ann"})
    assert answer.complete
    assert answer.usage is not None


def test_openais_client_takes_the_streamed_answer():
    came = client().post("/v1/responses", json={"input": "hello", "stream": True})
    told = httpx.Response(200, headers={"content-type": "text/event-stream"}, content=came.content)
    with httpx.Client(transport=httpx.MockTransport(lambda _: told)) as plain:
        asked = openai.OpenAI(api_key="test", base_url="http://testserver/v1", http_client=plain)
        with asked.responses.stream(model="gpt-4o", input="hello") as events:
            whole = events.get_final_response()

    assert whole.output_text == TURN.text
    assert [item.name for item in whole.output if item.type == "function_call"] == ["send_email"]
