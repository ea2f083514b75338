"""Connections that the network redirected to us: their clients meant somebody else, and know of no proxy.

Knows how such a connection gets its destination: by the name that it says (SNI, or the one Host), and the port that
it dialled. The address it dialled is never looked at again, so a client that dials a metadata service under an
allowed name gets to the allowed name. Which names are allowed is the enforcer's.
"""

from __future__ import annotations

import errno
import logging
import socket
import struct

from mitmproxy import connection, http, tls

from aisecops.adapters.mitm.exchange import Redirected, Tunnel
from aisecops.adapters.mitm.gate import Gate
from aisecops.adapters.mitm.host_refusals import UNJUDGED
from aisecops.adapters.mitm.names import DEFAULT_PORTS, Place, normal, parse_authority
from aisecops.model.exchange import HttpRequest
from aisecops.model.outcome import Refuse
from aisecops.model.refusals import Code

logger = logging.getLogger(__name__)

NAMELESS = Refuse(
    code=Code.PROTOCOL_DENIED, detail="TLS was opened without a server name (SNI); connect to a name, not to an address"
)
NO_PROXY_HERE = Refuse(
    code=Code.PROTOCOL_DENIED,
    detail="this connection was redirected here and is no proxy's; send the request as to the server itself",
)

_SO_ORIGINAL_DST = 80
"""Of netfilter, for IPv4 (at SOL_IP) and IPv6 (at SOL_IPV6) alike; the socket module does not name it."""
_V4, _V6 = struct.Struct("!2xH4s8x"), struct.Struct("!2xH4x16s4x")
_NOT_TRACKED = frozenset({errno.ENOENT, errno.ENOPROTOOPT, errno.EOPNOTSUPP})


def original_destination(sock: socket.socket) -> Place | None:
    """Where the peer of `sock` wanted to go; None when that was this very socket. Raises OSError."""
    own = sock.getsockname()
    address, port = own[0].removeprefix("::ffff:"), own[1]
    try:
        # the wrong level of the two crashes some kernels' callers, so the address says which, mapped ones too
        if "." in address:
            wanted_port, packed = _V4.unpack(sock.getsockopt(socket.SOL_IP, _SO_ORIGINAL_DST, _V4.size))
            wanted = socket.inet_ntop(socket.AF_INET, packed)
        else:
            wanted_port, packed = _V6.unpack(sock.getsockopt(socket.IPPROTO_IPV6, _SO_ORIGINAL_DST, _V6.size))
            wanted = socket.inet_ntop(socket.AF_INET6, packed)
    except OSError as failed:
        if failed.errno in _NOT_TRACKED:
            return None  # no connection tracking, hence no redirecting
        raise
    return None if (wanted, wanted_port) == (address.partition("%")[0], port) else Place(wanted, wanted_port)


async def enter_tls(gate: Gate, redirected: Redirected, data: tls.ClientHelloData) -> None:
    """TLS begins: judge its name like that of a CONNECT. A no is said inside TLS, where the client can read it."""
    client = data.context.client
    outcome = await _judged(gate, redirected, client, data.client_hello.sni)
    if client.id not in gate.connected:
        return
    if isinstance(outcome, Refuse):
        redirected.refuse = outcome
    else:
        gate.tunnels[client.id] = outcome
        data.context.server.address = (outcome.place.host, outcome.place.port)


async def _judged(gate: Gate, redirected: Redirected, client: connection.Client, sni: str | None) -> Tunnel | Refuse:
    if gate.closed is not None:
        return gate.closed
    caller = await gate.enforcer.identify(None, source=client.peername[0], names=gate.names.get(client.id))
    if isinstance(caller, Refuse):
        return caller
    host, port = redirected.dialled
    if sni is None:
        logger.warning("redirected TLS to `%s` port %d named no server, and is refused", host, port)
        asked = HttpRequest(method="CONNECT", scheme="https", host=host, port=port, path="/", headers=())
        return await gate.enforcer.refused(caller, asked, NAMELESS)
    place = Place(normal(sni), port)
    return await gate.enforcer.connect(caller, place.host, place.port) or Tunnel(caller, place)


def take_place(request: http.Request, redirected: Redirected) -> Refuse | None:
    """Give `request` its destination: the host that it names, the port that was dialled; or say why it has none.

    Without one readable Host it keeps the dialled address, which names nothing, and is refused with its names.
    """
    request.data.port = redirected.dialled.port
    request.data.host = redirected.dialled.host
    hosts = request.headers.get_all("host")
    named = parse_authority(hosts[0], default_port=DEFAULT_PORTS.get(request.scheme, 0)) if len(hosts) == 1 else None
    if named is not None:
        request.data.host = named.host
    return NO_PROXY_HERE if request.data.authority else None


def refused_within(redirected: Redirected | None, client: connection.Client, tunnel: Tunnel | None) -> Refuse | None:
    """Why nothing may go on in a redirected connection's TLS; None outside TLS, or when its name was let through."""
    if redirected is None or tunnel is not None or not client.tls:
        return None
    return redirected.refuse or UNJUDGED
