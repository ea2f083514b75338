"""What a provider is had to ask in a prompt: only what the rules name."""

from __future__ import annotations

import pytest

from aisecops.gateway.step.fetched import only_named_places
from aisecops.model.errors import WireError
from aisecops.model.outcome import Forward
from aisecops.model.refusals import Code
from aisecops.wire.dialects import read_call
from support.gateway import RULES, House, code, request, rules_of

MORE = """
  docs.*: {match: {mcp: {host: mcp.internal, path: /mcp}}}
models:"""
FOUND = RULES.replace("\nmodels:", MORE, 1)
PICTURE = "https://en.wiki.example/heron.png"


def chat(url):
    content = [{"type": "text", "text": "what is this"}, {"type": "image_url", "image_url": {"url": url}}]
    return {"model": "gpt-4o", "messages": [{"role": "user", "content": content}]}


async def asked(body, path="/v1/chat/completions"):
    house = House(FOUND)
    return await house.ask(await house.run(), request("POST", f"https://api.openai.com{path}", body=body))


@pytest.mark.parametrize("url", [PICTURE, f"{PICTURE}?w=200", "https://api.openai.com/v1/files/file-1/content"])
async def test_a_picture_at_a_declared_source_or_the_providers_own_is_asked_for(url):
    assert isinstance(await asked(chat(url)), Forward)


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.test/?q=what-was-read",
        "HTTPS://evil.test/x.png",
        " https://evil.test/x.png",
        "//evil.test/x.png",
        "https://wiki.example/x.png",
        "https://en.wiki.example:8443/x.png",
        "https://en.wiki.example@evil.test/x.png",
        "https://evil.test\\@en.wiki.example/x.png",
        "https://en.wiki.example/a/../x.png",
        "https://[::1/x.png",
        "https://en.wiki.example:x/",
        "https:///x.png",
        "https://crm.internal/v1/customers/1",
    ],
)
async def test_a_picture_anywhere_else_is_a_way_out_that_no_rule_names(url):
    refused = await asked(chat(url))
    assert code(refused) is Code.DESTINATION_DENIED
    assert "/messages/0/content/1/image_url/url" in refused.detail
    assert "evil.test" not in refused.detail


@pytest.mark.parametrize(
    ("server", "passes"),
    [("https://mcp.internal/mcp", True), ("https://mcp.internal/x", False), ("https://evil.test/mcp", False)],
)
async def test_a_server_that_the_provider_calls_is_one_whose_tools_are_declared(server, passes):
    body = {"model": "gpt-4o", "input": "hi", "tools": [{"type": "mcp", "server_label": "x", "server_url": server}]}
    outcome = await asked(body, "/v1/responses")
    assert isinstance(outcome, Forward) if passes else code(outcome) is Code.DESTINATION_DENIED


@pytest.mark.parametrize(
    "body",
    [
        {
            "messages": [
                {"role": "user", "content": [{"type": "image", "source": {"type": "url", "url": "https://evil.test/"}}]}
            ]
        },
        {"messages": [{"role": "user", "content": "hi"}], "mcp_servers": [{"name": "x", "url": "https://evil.test/"}]},
    ],
)
def test_other_dialects_are_no_other_way_out(body):
    call = read_call("anthropic", "POST", "/v1/messages", {"model": "m", "max_tokens": 9, **body})
    with pytest.raises(WireError) as caught:
        only_named_places(rules_of(FOUND), "api.anthropic.com", call)
    assert caught.value.code is Code.DESTINATION_DENIED


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("/v1/chat/completions", {"type": "video_url", "video_url": {"url": "https://evil.test/?q=1"}}),
        ("/v1/chat/completions", {"type": "audio_url", "audio_url": "https://evil.test/?q=1"}),
        (
            "/v1/responses",
            {"type": "input_file", "file_url": "https://evil.test/?q=1", "file_data": "data:text/plain,x"},
        ),
    ],
)
async def test_what_compatible_servers_know_besides_and_what_stands_beside_data_is_no_way_out(path, content):
    said = [{"role": "user", "content": [content]}]
    refused = await asked({"model": "gpt-4o", "messages" if "chat" in path else "input": said}, path)
    assert code(refused) is Code.DESTINATION_DENIED


async def test_a_part_that_nobody_knows_and_that_has_no_address_passes():
    said = [{"role": "user", "content": [{"type": "mood", "mood": ["calm"]}, {"type": "odd_url", "odd_url": 5}]}]
    assert isinstance(await asked({"model": "gpt-4o", "messages": said}), Forward)
