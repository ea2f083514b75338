"""An MCP client: its session goes through the gateway, and each tool it calls is a step under a token of its own.

    aisecops run --agent support-bot -- python examples/mcp_client.py https://mcp.internal/mcp read '{"id": "7"}'

The rules name the server's tools (`tools.*: {match: {mcp: {host: mcp.internal, path: /mcp, tool: "*"}}}`).
"""

import asyncio
import json
import sys

import httpx2
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client

from aisecops.client import Run


async def main(url: str, tool: str, arguments: dict) -> None:
    # the rules call it `tools.NAME`, with a scope of the same name; whoever is not granted it gets no token
    asked = {"run_id": Run.current().run_id, "tool": f"tools.{tool}", "scope": f"tools.{tool}"}
    token = Run.current().gateway.post("/v1/tokens", asked)["token"]
    async with (
        httpx2.AsyncClient(headers={"AISecOps-Capability": token}) as http,
        streamable_http_client(url, http_client=http) as streams,
        ClientSession(streams[0], streams[1]) as session,
    ):
        await session.initialize()
        answer = await session.call_tool(tool, arguments)
        print("\n".join(part.text for part in answer.content))


asyncio.run(main(sys.argv[1], sys.argv[2], json.loads(sys.argv[3])))
