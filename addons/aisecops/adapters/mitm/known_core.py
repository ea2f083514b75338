"""Does the core still call what we have put in the place of its own? Asked before anything is served.

A method that has another name in the core's next release would leave ours unheard, and what it bounds or refuses would
pass. So ours are marked with `override`, and where nothing is there any more to be overridden, nothing starts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from h2.stream import H2Stream
from mitmproxy import version
from mitmproxy.master import Master

from aisecops.adapters.mitm.deflate import BoundedDeflate
from aisecops.adapters.mitm.guard import FailClosedAddonManager
from aisecops.adapters.mitm.headers import AskedHeaders
from aisecops.adapters.mitm.http2_connection import BoundedH2Connection
from aisecops.adapters.mitm.http2_server import GovernedHttp2Server
from aisecops.adapters.mitm.layers import GovernedHttpLayer
from aisecops.adapters.mitm.leaves import RenewingTlsConfig
from aisecops.adapters.mitm.listener import GovernedHandler, GovernedInstance
from aisecops.adapters.mitm.server_layer import GovernedHttp1Server
from aisecops.adapters.mitm.stream_layer import GovernedStream
from aisecops.adapters.mitm.upstream_layer import GovernedHttp1Client
from aisecops.adapters.mitm.websocket_layer import GovernedWebsocket
from aisecops.model.errors import ConfigError

OURS: tuple[type, ...] = (
    AskedHeaders,
    BoundedDeflate,
    BoundedH2Connection,
    FailClosedAddonManager,
    GovernedHandler,
    GovernedHttp1Client,
    GovernedHttp1Server,
    GovernedHttp2Server,
    GovernedHttpLayer,
    GovernedInstance,
    GovernedStream,
    GovernedWebsocket,
    RenewingTlsConfig,
)
"""Every class of ours that takes the place of one of the core's, or of what the core is made of."""

REPLACED = ((H2Stream, "_initialize_content_length"), (Master, "_asyncio_exception_handler"))
"""What is replaced on an object of theirs."""


def check_core() -> None:
    """Raises ConfigError where something of ours would never be called."""
    if gone := [*unheard(OURS), *missing(REPLACED)]:
        what = f"mitmproxy {version.VERSION} has no {', '.join(f'`{name}`' for name in gone)} any more"
        raise ConfigError(f"{what}, on which the gateway relies", "install the versions in requirements.txt")


def unheard(classes: Sequence[type]) -> Iterator[str]:
    """What is marked as in the place of something, in whose place nothing is."""
    for ours in classes:
        for name, made in vars(ours).items():
            is_marked = getattr(made, "__override__", False)
            if is_marked and not any(name in vars(base) for base in ours.__mro__[1:]):
                yield f"{ours.__mro__[1].__name__}.{name}"


def missing(replaced: Sequence[tuple[type, str]]) -> Iterator[str]:
    """Of what is replaced on objects, what their class does not have."""
    return (f"{theirs.__name__}.{name}" for theirs, name in replaced if not hasattr(theirs, name))
