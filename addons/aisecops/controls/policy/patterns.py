"""Host and path patterns: how rules write them, what they match, and which of two is the more specific.

A host pattern is a name, an address, or `*.name` for every name below it. A path pattern is made of whole
segments: literal, `*` for exactly one, `**` (once) for any number. Ports and methods are `match.py`.
"""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache

from aisecops.model.of_short import of_short

BELOW = "*."
DEFAULT_PORTS = (443, 80)
LAST_PORT = 65535
LONGEST_NAME = 253
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMERIC = re.compile(r"[0-9]+|0x[0-9a-f]*")
_PORT = re.compile(r"[1-9][0-9]{0,4}")
_NOT_IN_PATH = re.compile(r"[%?#\\;\x00-\x20\x7f-\x9f]")


@of_short(most=4096)
def canonical_host(host: str) -> str | None:
    """`host` as it is compared: lower case, addresses in their one canonical form; None for any other spelling.

    A name whose last label is a number would be read as an address by some resolvers (`127.1`, `0x7f.1`),
    so only canonical dotted quads may end like that. A trailing dot is a second spelling, hence none at all.
    """
    host = host.lower()
    if host.startswith("[") or ":" in host:
        try:
            return str(ipaddress.IPv6Address(host.removeprefix("[").removesuffix("]")))
        except ValueError:
            return None
    labels = host.split(".")
    if len(host) > LONGEST_NAME or not all(_LABEL.fullmatch(label) for label in labels):
        return None
    if _NUMERIC.fullmatch(labels[-1]):
        try:
            return host if str(ipaddress.IPv4Address(host)) == host else None
        except ValueError:
            return None
    return host


def read_host(text: str) -> tuple[str, int | None]:
    """A rule's `host` or `host:port`. Raises ValueError with the mend."""
    host, port = _split_port(text)
    if not host.isascii():
        raise ValueError("write the name in its ASCII form, `xn--…`")
    if host.endswith("."):
        raise ValueError("leave the dot at the end away")
    if "/" in host:
        raise ValueError("a host has no scheme and no path; the path goes under `path`")
    below = host.startswith(BELOW)
    if "*" in host.removeprefix(BELOW):
        raise ValueError("a `*` may only stand first, for every name below a domain: `*.example.org`")
    canonical = canonical_host(host.removeprefix(BELOW))
    if canonical is None:
        raise ValueError("write a host name or an address in its usual form, such as `api.example.org:8443`")
    if below and (":" in canonical or canonical.rpartition(".")[2].isdigit()):
        raise ValueError("an address has no names below it; write the address alone")
    return (BELOW + canonical if below else canonical), port


def _split_port(text: str) -> tuple[str, int | None]:
    host, colon, port = text.rpartition(":")
    if not colon or (text.startswith("[") and text.endswith("]")):
        return text, None
    if "://" in text:
        raise ValueError("a host has no scheme and no path; the path goes under `path`")
    if ":" in host and not host.startswith("["):
        raise ValueError("write an IPv6 address in brackets, such as `[::1]:8443`")
    if not _PORT.fullmatch(port) or int(port) > LAST_PORT:
        raise ValueError("write a port from 1 to 65535 after the colon")
    return host, int(port)


def host_rank(pattern: str) -> tuple[int, int]:
    """A name before `*.name`; of two of those, the longer."""
    return (0, pattern.count(".")) if pattern.startswith(BELOW) else (1, 0)


@lru_cache(maxsize=4096)
def path_parts(pattern: str) -> tuple[str, ...]:
    """The segments of a path pattern; `/` has none. Raises ValueError with the mend."""
    if not pattern.startswith("/"):
        raise ValueError("a path starts with `/`")
    if _NOT_IN_PATH.search(pattern):
        raise ValueError("write the path decoded and alone: no `%`, `?`, `#`, `;`, backslash or blank")
    parts = tuple(pattern[1:].split("/")) if pattern != "/" else ()
    if "" in parts[:-1] or {".", ".."} & set(parts):
        raise ValueError("leave out `//`, `/./` and `/../`: no request with such a path is let through")
    if any("*" in part and part not in {"*", "**"} for part in parts):
        raise ValueError("a `*` fills a whole segment, as in `/v1/*/name`; `**` any number of them")
    if parts.count("**") > 1:
        raise ValueError("write `**` once at most")
    return parts


def path_matches(pattern: str, segments: tuple[str, ...]) -> bool:
    """True when the decoded `segments` are what `pattern` describes; `*` is never the empty segment."""
    parts = path_parts(pattern)
    if "**" not in parts:
        return len(parts) == len(segments) and _each(parts, segments)
    at = parts.index("**")
    head, tail = parts[:at], parts[at + 1 :]
    if len(segments) < len(head) + len(tail):
        return False
    return _each(head, segments[:at]) and _each(tail, segments[len(segments) - len(tail) :])


def _each(parts: tuple[str, ...], segments: tuple[str, ...]) -> bool:
    pairs = zip(parts, segments, strict=True)
    return False not in [part == segment or (part == "*" and segment != "") for part, segment in pairs]


@lru_cache(maxsize=4096)
def path_rank(pattern: str) -> tuple[int, tuple[int, ...]]:
    """More literal segments before fewer; then, from the left, a literal before `*` before `**`.

    Two patterns of one rank that both match some path are the same pattern.
    """
    parts = path_parts(pattern)
    kinds = tuple({"*": 1, "**": 0}.get(part, 2) for part in parts)
    return kinds.count(2), kinds
