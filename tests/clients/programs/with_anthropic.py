"""One message. A call to a model needs no capability token; where one is wanted: `default_headers`."""

import os

import anthropic

client = anthropic.Anthropic(
    api_key="test", max_retries=0, default_headers={"AISecOps-Capability": os.environ["CAPABILITY"]}
)
said = client.messages.create(
    model="claude-sonnet-4-5", max_tokens=100, messages=[{"role": "user", "content": os.environ["PROMPT"]}]
)
assert said.content
