"""What a call has its provider ask: pictures and files at an address, MCP servers. Rules say where anything may go.

An address carries whatever its path and query say to whoever is asked, and a server that a provider calls is a tool
that is called: neither comes by here, so both are let through only to places that the rules name themselves.
"""

from __future__ import annotations

from urllib.parse import urlsplit

import orjson

from aisecops.controls.policy.match import find_source, tools_of_server
from aisecops.controls.policy.target import normal_path
from aisecops.model.errors import WireError
from aisecops.model.refusals import Code
from aisecops.model.rules import RuleSet
from aisecops.wire.llm import LlmCall, Segment, SegmentKind

_MEDIA = frozenset({SegmentKind.IMAGE, SegmentKind.FILE, SegmentKind.AUDIO})
_PORTS = {"https": 443, "http": 80}


def only_named_places(rules: RuleSet, provider: str, call: LlmCall) -> None:
    """Raises `WireError` where `call` has its `provider` ask a place that no rule names.

    Places of the provider's own, and what goes by an id of its own, are none of these.
    """
    for segment in call.segments:
        said = segment.text if segment.kind in _MEDIA else _said_elsewhere(segment)
        if _is_address(said) and not _is_source(rules, provider, said):
            raise _elsewhere(segment.position, "declare it under `sources`, or send the content itself")
    for tool in call.tools:
        if tool.address and not _is_server(rules, provider, tool.address):
            raise _elsewhere(tool.position, "declare the server's tools under `tools`, or call it from the agent")


def _elsewhere(position: str, mend: str) -> WireError:
    # the address itself may be what must not leave, so it is not said
    return WireError(f"`{position}` has the provider ask a place that no rule names; {mend}", Code.DESTINATION_DENIED)


def _said_elsewhere(segment: Segment) -> str:
    """The address in a part that compatible servers know besides: `{"type": "video_url", "video_url": {"url": …}}`."""
    if segment.kind is not SegmentKind.OTHER:
        return ""
    try:
        part = orjson.loads(segment.text)
    except orjson.JSONDecodeError:  # a thought, or what else has no name, as it is
        return ""
    held = part.get(part.get("type")) if isinstance(part, dict) and str(part.get("type")).endswith("_url") else None
    found = held.get("url") if isinstance(held, dict) else held
    return found if isinstance(found, str) else ""


def _is_address(text: str) -> bool:
    return text.lstrip()[:8].lower().startswith(("http:", "https:", "//"))


def _is_source(rules: RuleSet, provider: str, address: str) -> bool:
    found = _place(address)
    if found is None:
        return False
    host, port, path = found
    return host == provider or (find_source(rules, method="GET", host=host, port=port, path_segments=path) is not None)


def _is_server(rules: RuleSet, provider: str, address: str) -> bool:
    found = _place(address)
    if found is None:
        return False
    host, port, path = found
    return host == provider or bool(tools_of_server(rules, host=host, port=port, path_segments=path))


def _place(address: str) -> tuple[str, int, tuple[str, ...]] | None:
    """Host, port and path of an address; None for one that two readers might take for two places."""
    try:
        split = urlsplit(address)
        port = split.port or _PORTS.get(split.scheme)
        path, _ = normal_path((split.path or "/") + (f"?{split.query}" if split.query else ""))
    except (ValueError, WireError):
        return None
    plain = address.isascii() and address.isprintable() and not {" ", "\\", "@"} & set(split.netloc + split.path)
    if port is None or not split.hostname or not plain:
        return None
    return split.hostname, port, path
