"""The refusals that the host words itself, before or beside any judging."""

from __future__ import annotations

from aisecops.model.outcome import Refuse
from aisecops.model.refusals import Code

MAX_HEAD_BYTES = 64 * 1024
"""A request line and its headers; longer ones are refused."""

UNJUDGED = Refuse(code=Code.INTERNAL, detail="the request was not judged to the end; report it")
CHANGED = Refuse(code=Code.INTERNAL, detail="the request was changed after it was admitted; look at the addons")
STARTING = Refuse(code=Code.INTERNAL, detail="the gateway is starting; try again")
STOPPING = Refuse(code=Code.INTERNAL, detail="the gateway is stopping; try again")
STREAMED = Refuse(code=Code.INTERNAL, detail="a request body must be judged whole; do not stream it")

TWO_IDENTITIES = Refuse(
    code=Code.IDENTITY_REQUIRED, detail="there is more than one `Proxy-Authorization`; send exactly one"
)

MISNAMED = Refuse(code=Code.PROTOCOL_DENIED, detail="the name that TLS asks for is not the tunnel's; use the same")
NOT_HTTP = Refuse(code=Code.PROTOCOL_DENIED, detail="this is not a well-formed HTTP/1.1 request; send one")
NOT_HTTP2 = Refuse(
    code=Code.PROTOCOL_DENIED, detail="this is not a well-formed HTTP/2 request; send one, or speak HTTP/1.1"
)
WRONG_LENGTH = Refuse(
    code=Code.PROTOCOL_DENIED, detail="the `Content-Length` is not the body's; send the right one, or none"
)
TRAILERS = Refuse(code=Code.PROTOCOL_DENIED, detail="trailers after a body are not let through; send them as headers")
SWITCHED = Refuse(
    code=Code.PROTOCOL_DENIED, detail="the upstream wanted to change the protocol; it may only answer in HTTP/1.1"
)

HEAD_TOO_LARGE = Refuse(
    code=Code.TOO_LARGE, detail=f"the request head is over {MAX_HEAD_BYTES} bytes; send fewer or shorter headers"
)
BODY_TOO_LARGE = Refuse(
    code=Code.TOO_LARGE, detail="the body is larger than the rules allow; send less, or raise `egress.max_body`"
)
NO_ROOM_FOR_BODY = Refuse(
    code=Code.RATE_LIMITED,
    detail="the gateway holds as many body bytes as it may (`limits.buffered_bytes`); try again",
    retry_after_s=1,
)
TOO_MANY_OF_ONE = Refuse(
    code=Code.RATE_LIMITED,
    detail="one address has as many connections as it may (`limits.connections_per_source`); close some, or try again",
    retry_after_s=1,
)
TOO_MANY_CONNECTIONS = Refuse(
    code=Code.RATE_LIMITED,
    detail="there are as many connections as there may be (`limits.connections`, or file descriptors); try again",
    retry_after_s=1,
)
BODY_TOO_SLOW = Refuse(
    code=Code.PROTOCOL_DENIED, detail="the body did not come in time (`limits.body_seconds`); send it faster"
)
HEAD_TOO_SLOW = Refuse(code=Code.PROTOCOL_DENIED, detail="the request head did not come in time; send it at once")
