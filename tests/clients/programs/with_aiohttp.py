"""One GET with a capability token; `mended` lets the session read the environment."""

import asyncio
import os
import sys

import aiohttp


async def main() -> None:
    headers = {"AISecOps-Capability": os.environ["CAPABILITY"]}
    async with (
        aiohttp.ClientSession(trust_env="mended" in sys.argv, headers=headers) as session,
        session.get(os.environ["URL"]) as answer,
    ):
        if not answer.ok:
            print("the body:", await answer.text())
        answer.raise_for_status()


asyncio.run(main())
