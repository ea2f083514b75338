"""A port that is ours: bound before whoever serves it starts, and kept while one process takes another's place."""

from __future__ import annotations

import socket

from aisecops.model.errors import ConfigError
from aisecops.ops.settings_text import Address

BACKLOG = 1024
"""Connections that wait for somebody to accept them; more are not answered."""


def listening(name: str, listen: Address) -> socket.socket:
    """A socket on which connections queue from now on. Raises ConfigError for a port that is not to be had."""
    family = socket.AF_INET6 if ":" in listen.host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((listen.host, listen.port))
        bound.listen(BACKLOG)
    except OSError as failed:
        bound.close()
        what = f"cannot listen on `{listen}`: {failed.strerror or failed}"
        raise ConfigError(what, f"free the port, or set {name}.listen") from failed
    return bound


def check_free(name: str, listen: Address) -> None:
    """Raises ConfigError when others have the port: workers would share it with a stranger's, and say nothing."""
    listening(name, listen).close()
