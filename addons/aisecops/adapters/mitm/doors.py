"""What the head of a request must look like before anybody judges it.

All names for the destination must agree, the framing must be plain, and nothing may change the protocol. Pure:
knows requests and tunnels, no gate. A no names the header or the part, and repeats no value but hosts.
"""

from __future__ import annotations

import re

from mitmproxy import http

from aisecops.adapters.mitm.exchange import Tunnel
from aisecops.adapters.mitm.handshake import is_websocket_handshake
from aisecops.adapters.mitm.host_refusals import MISNAMED
from aisecops.adapters.mitm.names import DEFAULT_PORTS, Place, normal, parse_authority
from aisecops.adapters.mitm.translate import UNCLEAN
from aisecops.model.outcome import Refuse
from aisecops.model.refusals import Code

_METHOD = re.compile(rb"[A-Z]+(?:-[A-Z]+)*")
_PATH = re.compile(rb"/[\x21\x22\x24-\x7e]*")
_METHODS_NEVER = frozenset({b"CONNECT", b"TRACE", b"PRI"})
_ONCE = frozenset({b"authorization", b"content-encoding", b"content-length", b"content-type", b"dpop", b"expect"})
_ONLY_WITH_HYPHENS = _ONCE | {b"transfer-encoding", b"http2-settings", b"keep-alive"}


def refused_head(request: http.Request, *, tunnel: Tunnel | None, sni: str | None, websockets: bool) -> Refuse | None:
    """Why this request may not go on, or None.

    1. its version, method and target are plain; 2. its headers are clean and said once; 3. its names agree;
    4. its framing is plain; 5. it asks for no other protocol.
    """
    fault = (
        _target_fault(request)
        or _header_fault(request)
        or _name_fault(request, tunnel, sni)
        or _framing_fault(request)
        or _upgrade_fault(request, websockets=websockets)
        or _kind_fault(request)
    )
    return Refuse(code=Code.PROTOCOL_DENIED, detail=fault) if fault else None


def refused_connect(request: http.Request) -> Refuse | None:
    """The same for a CONNECT: clean headers, one name, no body."""
    fault = _header_fault(request)
    hosts = request.headers.get_all("host")
    if not fault and _place_of(request) is None:
        fault = "the host cannot be read; send a plain host name"
    if not fault and len(hosts) > 1:
        fault = "a CONNECT may have one `Host`; send one"
    if not fault and hosts:
        named = parse_authority(hosts[0], default_port=request.data.port)
        if named != _place_of(request):
            fault = "`Host` names another place than the CONNECT itself; send the same"
    if not fault and (request.headers.get("transfer-encoding") or request.headers.get("content-length", "0") != "0"):
        fault = "a CONNECT has no body; send none"
    return Refuse(code=Code.PROTOCOL_DENIED, detail=fault) if fault else None


def _target_fault(request: http.Request) -> str:
    data = request.data
    if data.http_version not in {b"HTTP/1.1", b"HTTP/1.0"}:
        return "only HTTP/1.1 and HTTP/1.0 are spoken; use one of them"
    if not _METHOD.fullmatch(data.method) or data.method in _METHODS_NEVER:
        return "the method is not let through; use an ordinary one in upper case"
    if not _PATH.fullmatch(data.path):
        return "the path must start with `/` and hold printable ASCII without spaces or `#`; encode the rest as %XX"
    return ""


def _header_fault(request: http.Request) -> str:
    seen: set[bytes] = set()
    for raw_name, value in request.headers.fields:
        name = raw_name.lower()
        if UNCLEAN.search(value):
            return f"header `{_shown(name)}` holds a line break or NUL; send one clean line"
        if name in seen and (name in _ONCE or name.startswith((b"aisecops-", b"proxy-authorization"))):
            return f"header `{_shown(name)}` is there twice; send it once"
        if b"_" in name and _means_more(name.replace(b"_", b"-")):
            # many servers take `_` in a header's name for `-`
            return f"header `{_shown(name)}` may be read as another one; write it with hyphens"
        seen.add(name)
    return ""


def _means_more(name: bytes) -> bool:
    return name in _ONLY_WITH_HYPHENS or name.startswith((b"aisecops-", b"proxy-"))


def _name_fault(request: http.Request, tunnel: Tunnel | None, sni: str | None) -> str:
    place = _place_of(request)
    if place is None:
        return "the host cannot be read; send a plain host name"
    if tunnel is not None and (fault := _tunnel_fault(request, place, tunnel, sni)):
        return fault
    hosts = request.headers.get_all("host")
    if len(hosts) != 1:
        return "there must be exactly one `Host`; send one"
    if parse_authority(hosts[0], default_port=DEFAULT_PORTS.get(request.scheme, 0)) != place:
        return f"`Host` and the destination `{place.host}:{place.port}` disagree; send the same"
    return ""


def _tunnel_fault(request: http.Request, place: Place, tunnel: Tunnel, sni: str | None) -> str:
    if request.data.authority:
        return "inside a tunnel the target is a path alone; send no `http://host` there"
    if place != tunnel.place:
        return "the tunnel was opened to another place; open one for this"
    if sni is not None and _normal_or_none(sni) != tunnel.place.host:
        return MISNAMED.detail
    return ""


def _framing_fault(request: http.Request) -> str:
    codings = request.headers.get_all("transfer-encoding")
    if codings and [coding.strip().lower() for coding in codings] != ["chunked"]:
        return "`Transfer-Encoding` may only be `chunked`; send that or a length"
    if request.headers.get("trailer") is not None:
        return "trailers after a body are not let through; send them as headers"
    if request.headers.get("expect", "100-continue").lower() != "100-continue":
        return "`Expect` may only be `100-continue`; leave it out"
    return ""


def _upgrade_fault(request: http.Request, *, websockets: bool) -> str:
    if "upgrade" not in request.headers and "http2-settings" not in request.headers:
        return ""
    if websockets and is_websocket_handshake(request):
        return ""
    return "the protocol may not be changed; speak HTTP/1.1 without `Upgrade`"


def _kind_fault(request: http.Request) -> str:
    kinds = [value.strip().lower() for value in request.headers.get_all("content-type")]
    if any(kind.startswith("application/grpc") for kind in kinds):
        return "gRPC is not read here; call the service's HTTP and JSON form"
    return ""


def _place_of(request: http.Request) -> Place | None:
    host = _normal_or_none(request.data.host)
    return Place(host, request.data.port) if host else None


def _normal_or_none(host: str) -> str | None:
    try:
        return normal(host)
    except ValueError:
        return None


def _shown(name: bytes) -> str:
    return name.decode("ascii", "replace")
