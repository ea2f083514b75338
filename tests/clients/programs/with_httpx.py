"""One GET with a capability token."""

import os

import httpx

answer = httpx.get(os.environ["URL"], headers={"AISecOps-Capability": os.environ["CAPABILITY"]}, timeout=20)
if answer.is_error:
    print("the body:", answer.text)
answer.raise_for_status()
