"""One generated text; `async` over the other HTTP library that this one uses."""

import asyncio
import os
import sys

from google import genai
from google.genai.types import HttpOptions

client = genai.Client(
    api_key="test", http_options=HttpOptions(headers={"AISecOps-Capability": os.environ["CAPABILITY"]}, timeout=20000)
)
asked = {"model": "gemini-2.5-flash", "contents": os.environ["PROMPT"]}
if "async" in sys.argv:
    said = asyncio.run(client.aio.models.generate_content(**asked))
else:
    said = client.models.generate_content(**asked)
assert said.text
