"""A connection's context as the core's layers want it, with the options that its addons declare."""

from __future__ import annotations

from mitmproxy.addons import proxyserver
from mitmproxy.connection import Client, ConnectionState
from mitmproxy.options import Options
from mitmproxy.proxy.context import Context
from mitmproxy.test import taddons


def an_options() -> Options:
    """Options with those of the proxy server; needs a running loop."""
    with taddons.context(proxyserver.Proxyserver()) as host:
        return host.options


def a_context() -> Context:
    """An open client connection; needs a running loop."""
    client = Client(
        peername=("192.0.2.7", 4711), sockname=("192.0.2.1", 8080), timestamp_start=0, state=ConnectionState.OPEN
    )
    return Context(client, an_options())
