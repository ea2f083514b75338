"""A house whose tools and prompts are pinned, and how they come to be described otherwise."""

from __future__ import annotations

import orjson

from aisecops.model.exchange import HttpResponse
from support.gateway import House, request

RULES = """
version: 1
agents:
  clerk:
    authenticate: {secret: "env:CLERK"}
    system_prompt: pinned
    grants: [{tool: tickets.*, scope: "**"}]
tools:
  tickets.*: {match: {mcp: {host: mcp.internal, path: /mcp}}, effect: read, owner: "Ann Lee", review: 2027-06-30}
models:
  openai: {match: {host: api.openai.com}, dialect: openai, owner: "AI team", review: 2027-01-31}
sources:
  - {match: {host: en.wiki.example}, tier: external}
"""
CHAT = "https://api.openai.com/v1/chat/completions"
TOOL = "mcp-tool:mcp.internal/mcp#find"


async def lists(house: House, description: str) -> None:
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    outcome = await house.ask(await house.run(), request("POST", "https://mcp.internal/mcp", body=body))
    document = {"jsonrpc": "2.0", "id": 1, "result": {"tools": [{"name": "find", "description": description}]}}
    headers = (("Content-Type", "application/json"),)
    await house.enforcement.settle(
        outcome.permit, HttpResponse(status=200, headers=headers, body=orjson.dumps(document))
    )


async def says(house: House, prompt: str) -> None:
    messages = [{"role": "system", "content": prompt}, {"role": "user", "content": "hello"}]
    await house.ask(await house.run(), request("POST", CHAT, body={"model": "gpt-4o", "messages": messages}))


async def changed(house: House) -> None:
    """A tool that says something else than at first, and two prompts beside the one that was taken up."""
    for text in ("Finds.", "Finds more."):
        await lists(house, text)
    for text in ("be good", "be bad", "be worse"):
        await says(house, text)
