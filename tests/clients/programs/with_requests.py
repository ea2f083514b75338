"""One GET with a capability token."""

import os

import requests

answer = requests.get(os.environ["URL"], headers={"AISecOps-Capability": os.environ["CAPABILITY"]}, timeout=20)
if not answer.ok:
    print("the body:", answer.text)
answer.raise_for_status()
