"""A body that its caller signed leaves as it came or not at all, with the whole gateway in one process."""

from __future__ import annotations

import orjson
import pytest
from msgspec.structs import replace

from aisecops.model.exchange import HttpResponse
from aisecops.model.finding import Finding
from aisecops.model.outcome import Forward, Refuse
from aisecops.model.provenance import Span
from aisecops.model.refusals import Code
from support.gateway import RULES, House, request

BEDROCK = RULES.replace(
    "models:\n",
    "models:\n  bedrock: {match: {host: bedrock-runtime.us-east-1.amazonaws.com}, dialect: bedrock, prices: {m: {input: 1, output: 2}}}\n",
)
MASKING = BEDROCK + "egress:\n  detectors: [{entity: EMAIL_ADDRESS, to: model, action: mask}]\n"
PAGE = "The committee met on Tuesday and reviewed the draft of the minutes at length, as it had been asked to do."
SIGNATURE = ("Authorization", "AWS4-HMAC-SHA256 Credential=AK/20260101/us-east-1/bedrock/aws4_request, SignedHeaders=host, Signature=00")  # fmt: skip
KEY = ("Authorization", "Bearer bedrock-api-key-x")


def converse(text, header):
    body = {"messages": [{"role": "user", "content": [{"text": text}]}]}
    asked = request("POST", "https://bedrock-runtime.us-east-1.amazonaws.com/model/m/converse", body=body)
    return replace(asked, headers=(*asked.headers, header))


async def asked(rules, text, header):
    house = House(rules)
    run = await house.run()
    page = await house.ask(run, request("GET", "https://en.wiki.example/page"))
    read = HttpResponse(status=200, headers=(("Content-Type", "text/plain"),), body=PAGE.encode())
    await house.enforcement.settle(page.permit, read)
    at = text.find("ann@")
    if at >= 0:
        found = Finding(entity="EMAIL_ADDRESS", where="body:/messages/0/content/0/text", span=Span(start=at, end=at + 13), confidence=1.0, fingerprint="f")  # fmt: skip
        house.scanner.found = (found,)
    return await house.ask(run, converse(text, header))


@pytest.mark.parametrize("header", [SIGNATURE, KEY])
async def test_what_needs_no_change_leaves_as_it_came(header):
    outcome = await asked(BEDROCK, "what is on the agenda?", header)
    assert isinstance(outcome, Forward), outcome
    assert outcome.body is None


@pytest.mark.parametrize(("header", "changed"), [(SIGNATURE, ()), (KEY, (("Accept-Encoding", "identity"),))])
async def test_no_header_that_may_be_signed_is_changed(header, changed):
    house = House(BEDROCK)
    asked_for = converse("what is on the agenda?", header)
    streamed = replace(asked_for, path=f"{asked_for.path}-stream")
    outcome = await house.ask(await house.run(), streamed)
    assert isinstance(outcome, Forward), outcome
    assert outcome.set_headers == changed


async def test_untrusted_text_under_a_signature_is_refused_and_says_what_to_do():
    outcome = await asked(BEDROCK, f"summarise: {PAGE}", SIGNATURE)
    assert isinstance(outcome, Refuse)
    assert outcome.code is Code.CONTEXT_REJECTED
    assert "API key" in outcome.detail


async def test_without_a_signature_it_goes_in_an_envelope():
    outcome = await asked(BEDROCK, f"summarise: {PAGE}", KEY)
    assert isinstance(outcome, Forward), outcome
    body = orjson.loads(outcome.body)
    assert body["messages"][0]["content"][0]["text"].count("<context v=") == 1
    assert body["system"][0]["text"].startswith("Text between <context")


async def test_what_must_be_masked_under_a_signature_is_refused():
    outcome = await asked(MASKING, "write to ann@corp.test", SIGNATURE)
    assert isinstance(outcome, Refuse)
    assert outcome.code is Code.EGRESS_BLOCKED
    assert isinstance(await asked(MASKING, "write to ann@corp.test", KEY), Forward)


async def test_an_agent_that_is_only_observed_sends_what_it_signed():
    observed = BEDROCK.replace("    role: office\n", "    role: office\n    mode: observe\n")
    outcome = await asked(observed, f"summarise: {PAGE}", SIGNATURE)
    assert isinstance(outcome, Forward), outcome
    assert outcome.body is None
