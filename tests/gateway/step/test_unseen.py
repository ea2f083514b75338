"""What a model would be told that nobody here can read is refused, unless the rules let unread content pass."""

from __future__ import annotations

from typing import Any

import pytest

from aisecops.model.outcome import Forward, Refuse
from aisecops.model.refusals import Code
from support import gemini_samples as gemini
from support.gateway import RULES, House, request
from support.wire_samples import CHAT_REQUEST

PLAIN = {"model": "m", "messages": [{"role": "user", "content": "hello"}]}
CACHED = {"contents": [{"role": "user", "parts": [{"text": "hello"}]}], "cachedContent": "cachedContents/c1"}
INDEX = PLAIN | {"data_sources": [{"type": "azure_search", "parameters": {}}]}
OLDER = PLAIN | {"dataSources": [{"type": "AzureCognitiveSearch", "parameters": {}}]}
DEPLOYED = "/openai/deployments/d/chat/completions"


def rules(dialect: str, *, unread: str = "") -> str:
    spoken = RULES.replace("api.openai.com", "model.example").replace("dialect: openai", f"dialect: {dialect}")
    return spoken + (f"egress: {{unread: {unread}}}\n" if unread else "")


async def asked(text: str, path: str, body: Any, **more: Any) -> Any:
    house = House(text)
    run = await house.run()
    return await house.ask(run, request("POST", f"https://model.example{path}", body=body, **more))


@pytest.mark.parametrize(
    ("dialect", "path", "body"),
    [
        ("gemini", gemini.PATH, CACHED),
        ("gemini", gemini.PATH, {**CACHED, "cachedContent": None, "cached_content": "cachedContents/c1"}),
        ("azure", DEPLOYED, INDEX),
        ("openai", DEPLOYED, INDEX),
        ("openai", "/v1/chat/completions", OLDER),
    ],
)
async def test_what_a_provider_puts_before_the_model_by_itself_is_refused(dialect: str, path: str, body: Any) -> None:
    body = {key: value for key, value in body.items() if value is not None}
    refused = await asked(rules(dialect), path, body)
    assert isinstance(refused, Refuse)
    assert refused.code is Code.CONTEXT_REJECTED
    assert "unread: allow" in refused.detail
    assert isinstance(await asked(rules(dialect, unread="allow"), path, body), Forward)


async def test_it_is_refused_behind_the_rule_of_a_tool_too() -> None:
    house = House(RULES)
    run = await house.run()
    token = await house.token(run, "db.write", "db.orders.7")
    refused = await house.ask(run, request("POST", "https://db.internal/orders/7", body=INDEX, token=token))
    assert isinstance(refused, Refuse)
    assert refused.code is Code.CONTEXT_REJECTED


@pytest.mark.parametrize("path", ["/model/meta.llama3-8b-instruct-v1:0/invoke", "/model/m/invoke-with-response-stream"])
async def test_what_makers_of_bedrocks_models_call_their_own_is_refused(path: str) -> None:
    body = {"anthropic_version": "bedrock-2023-05-31", "max_tokens": 9, "messages": PLAIN["messages"]}
    refused = await asked(rules("bedrock"), path, body)
    assert isinstance(refused, Refuse)
    assert refused.code is Code.UNREADABLE
    assert "bedrock" in refused.detail


async def test_a_cache_is_not_filled_through_a_model_rule_either() -> None:
    refused = await asked(rules("gemini"), "/v1beta/cachedContents", CACHED | {"model": "models/m"})
    assert isinstance(refused, Refuse)
    assert refused.code is Code.UNREADABLE


@pytest.mark.parametrize(("dialect", "unread", "opens"), [
    ("gemini", "", False), ("anthropic", "media", False), ("gemini", "allow", True), ("openai", "", True),
])  # fmt: skip
async def test_a_talk_whose_events_are_not_read_is_not_opened(dialect: str, unread: str, opens: bool) -> None:
    text = rules(dialect, unread=unread).replace("{host: model.example}", "{host: model.example, method: WEBSOCKET}")
    house = House(text)
    run = await house.run()
    path = "/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent"
    opening = request("GET", f"https://model.example{path}", Upgrade="websocket", Connection="Upgrade")
    outcome = await house.ask(run, opening)
    assert isinstance(outcome, Forward) is opens, outcome
    if isinstance(outcome, Refuse):
        assert outcome.code is Code.PROTOCOL_DENIED


async def test_a_run_whose_model_may_have_read_an_index_is_one_that_has_read_what_nobody_vouches_for() -> None:
    arguing = rules("openai", unread="allow").replace(
        "    cost: 0.55\n", '    arguments:\n      to: {at: "to", role: steering}\n'
    )
    for body, passes in ((PLAIN, True), (INDEX, False)):
        house = House(arguing)
        run = await house.run()
        await house.ask(run, request("POST", "https://model.example/v1/chat/completions", body=body))
        token = await house.token(run, "mail.send", "mail.contacts.zoe")
        said = await house.ask(run, request("POST", "https://mail.example/send", body={"to": "zoe"}, token=token))
        assert isinstance(said, Forward) is passes, said


async def test_a_plain_call_is_no_such_thing() -> None:
    named = rules("openai", unread="allow").replace("*.wiki.example", "pictures.example")
    assert isinstance(await asked(named, "/v1/chat/completions", CHAT_REQUEST), Forward)
