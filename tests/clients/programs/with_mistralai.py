"""One chat completion."""

import os

from mistralai.client import Mistral

with Mistral(api_key="test", timeout_ms=20000) as client:
    said = client.chat.complete(
        model="mistral-small-latest",
        messages=[{"role": "user", "content": os.environ["PROMPT"]}],
        http_headers={"AISecOps-Capability": os.environ["CAPABILITY"]},
    )
assert said.choices
