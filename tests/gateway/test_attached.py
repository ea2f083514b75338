"""Images, sounds and files in a prompt are in the record, in every dialect, with the whole gateway in one process."""

from __future__ import annotations

import hashlib

import pytest

from aisecops.model.outcome import Forward
from support import bedrock_samples as bedrock
from support import gemini_samples as gemini
from support.gateway import RULES, House, request
from support.wire_samples import CHAT_REQUEST, MESSAGES_REQUEST, OLLAMA_REQUEST, RESPONSES_REQUEST

MODELS = (
    RULES.replace("api.openai.com", "model.example")
    .replace(
        "sources:\n",
        """  # what the prompts have a provider ask
sources:
  - {match: {host: pictures.example}, tier: external}
  - {match: {host: files.example}, tier: external}
""",
    )
    .replace("\nmodels:", "\n  tickets.*: {match: {mcp: {host: mcp.example}}}\nmodels:", 1)
    + "egress: {unread: allow}\n"
)
PROMPTS = {
    "openai": [("/v1/chat/completions", CHAT_REQUEST), ("/v1/responses", RESPONSES_REQUEST)],
    "azure": [("/openai/deployments/d/chat/completions", CHAT_REQUEST)],
    "anthropic": [("/v1/messages", MESSAGES_REQUEST)],
    "gemini": [(gemini.PATH, gemini.REQUEST)],
    "bedrock": [(bedrock.PATH, bedrock.REQUEST)],
    "ollama": [("/api/chat", OLLAMA_REQUEST)],
}
ASKED = [(dialect, path, body) for dialect, prompts in PROMPTS.items() for path, body in prompts]


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


async def called(dialect, path, body):
    house = House(MODELS.replace("dialect: openai", f"dialect: {dialect}"))
    run = await house.run()
    outcome = await house.ask(run, request("POST", f"https://model.example{path}", body=body))
    assert isinstance(outcome, Forward), outcome
    [event] = [event for event in house.record.events if event.event == "llm_called"]
    return event.fields


@pytest.mark.parametrize(("dialect", "path", "body"), ASKED, ids=[path for _, path, _ in ASKED])
async def test_what_is_attached_is_listed(dialect, path, body):
    listed = (await called(dialect, path, body))["attached"]
    assert {"image"} <= {one["kind"] for one in listed} <= {"image", "audio", "file"}
    assert {sha256("AAAA"), sha256("data:image/png;base64,AAAA"), sha256("https://pictures.example/cat.png")} & {one["sha256"] for one in listed}  # fmt: skip


async def test_an_address_is_not_written_down():
    fields = await called("openai", "/v1/chat/completions", CHAT_REQUEST)
    assert "pictures.example" not in str(fields)
    assert {one["kind"] for one in fields["attached"]} == {"image", "audio", "file"}


async def test_what_the_provider_remembers_is_in_the_record_by_its_digest():
    fields = await called("gemini", gemini.PATH, gemini.REQUEST)
    assert fields["remembered"] == [sha256("cachedContents/c1")]


async def test_of_very_many_the_rest_is_counted():
    body = {"model": "m", "messages": [{"role": "user", "content": "look", "images": ["AAAA"] * 203}]}
    fields = await called("ollama", "/api/chat", body)
    assert (len(fields["attached"]), fields["attached_more"]) == (200, 3)


async def test_a_prompt_of_words_lists_nothing():
    fields = await called("ollama", "/api/chat", {"model": "m", "messages": [{"role": "user", "content": "look"}]})
    assert "attached" not in fields
