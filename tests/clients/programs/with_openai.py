"""One chat completion. A call to a model needs no capability token; where one is wanted: `default_headers`."""

import os

import openai

client = openai.OpenAI(api_key="test", max_retries=0, default_headers={"AISecOps-Capability": os.environ["CAPABILITY"]})
said = client.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": os.environ["PROMPT"]}])
assert said.choices[0].message.content
