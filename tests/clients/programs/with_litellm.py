"""One chat completion."""

import os

import litellm

said = litellm.completion(
    model="openai/gpt-4o",
    api_key="test",
    max_retries=0,
    messages=[{"role": "user", "content": os.environ["PROMPT"]}],
    extra_headers={"AISecOps-Capability": os.environ["CAPABILITY"]},
)
assert said.choices[0].message.content
