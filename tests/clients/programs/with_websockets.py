"""One message there and back."""

import asyncio
import os

from websockets.asyncio.client import connect


async def main() -> None:
    url = os.environ["URL"].replace("https:", "wss:")
    headers = {"AISecOps-Capability": os.environ["CAPABILITY"]}
    async with connect(url, additional_headers=headers, open_timeout=20, close_timeout=1) as connection:
        await connection.send("hello")
        assert await connection.recv() == "hello"


asyncio.run(main())
