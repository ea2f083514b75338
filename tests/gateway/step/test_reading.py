"""How an answer is read: whole where rules need it, and as what."""

from msgspec.structs import replace

from aisecops.gateway.step.classify import classify
from aisecops.gateway.step.mcp import Spoken
from aisecops.gateway.step.reading import kept_in
from aisecops.model.exchange import HttpResponse
from aisecops.wire.limits import JsonBounds
from aisecops.wire.mcp import error_message, written
from support.gateway import read, rules_of

STEP = classify(rules_of(), read())


def answer(body=b"", **headers):
    pairs = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return HttpResponse(status=200, headers=pairs, body=body)


def test_what_a_memory_says_is_text_or_json_and_of_mcp_the_result_of_the_call():
    assert kept_in(STEP, answer(), b"plain", JsonBounds()) == "plain"
    spoken = replace(STEP, spoken=Spoken(server="h", call_id=3))
    assert kept_in(spoken, answer(), b'{"jsonrpc":"2.0","id":3,"result":{"a":1}}', JsonBounds()) == {"a": 1}
    failed = written([error_message(3, code=1, message="no", data={})], batched=False)
    assert kept_in(spoken, answer(), failed, JsonBounds()) is None
