"""Azure's OpenAI: the same dialect at paths of its own, where the deployment in the path says which model it is.

Knows `.../openai/deployments/NAME/...` and the search indexes that a request may have the provider read from.
"""

from __future__ import annotations

import re
from urllib.parse import unquote

from msgspec.structs import replace

from aisecops.wire import openai
from aisecops.wire.fields import JsonObject, maybe_text, objects
from aisecops.wire.limits import JsonValue
from aisecops.wire.llm import LlmCall

_DEPLOYMENT = re.compile(r"/deployments/([^/]+)/")


def read_call(path: str, body: JsonValue) -> LlmCall | None:
    """The call that a POST of `body` to `path` makes; None when it makes none. Raises WireError."""
    named = _DEPLOYMENT.search(path)
    if named is not None and isinstance(body, dict):
        body = {**body, "model": unquote(named[1])}  # what the body says besides is not looked at there
    call = openai.read_call(path, body)
    if call is None or not isinstance(body, dict):
        return call
    return replace(call, remembered=(*call.remembered, *_indexes(body)))


def _indexes(body: JsonObject) -> list[str]:
    """The sources whose content the provider itself puts before the model: no one here sees it."""
    return [maybe_text(source, "type", at) for at, source in objects(body, "data_sources", "")]
