"""A session with a server over streamable HTTP, and the list of its tools."""

import asyncio
import os

import httpx2
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client


async def main() -> None:
    headers = {"AISecOps-Capability": os.environ["CAPABILITY"]}
    async with (
        httpx2.AsyncClient(headers=headers) as http_client,
        streamable_http_client(os.environ["URL"], http_client=http_client) as streams,
        ClientSession(streams[0], streams[1]) as session,
    ):
        await session.initialize()
        assert (await session.list_tools()).tools


asyncio.run(main())
