"""Azure's OpenAI: the same dialect at paths of its own, where the deployment in the path says which model it is.

Knows `.../openai/deployments/NAME/...`.
"""

from __future__ import annotations

import re
from urllib.parse import unquote

from aisecops.wire import openai
from aisecops.wire.limits import JsonValue
from aisecops.wire.llm import LlmCall

_DEPLOYMENT = re.compile(r"/deployments/([^/]+)/")


def read_call(path: str, body: JsonValue) -> LlmCall | None:
    """The call that a POST of `body` to `path` makes; None when it makes none. Raises WireError."""
    named = _DEPLOYMENT.search(path)
    if named is not None and isinstance(body, dict):
        body = {**body, "model": unquote(named[1])}  # what the body says besides is not looked at there
    return openai.read_call(path, body)
