"""The operator's own proxy that every upstream connection is made through, when there is one."""

from __future__ import annotations

from aisecops.model.value import Value


class UpstreamProxy(Value):
    """Where it is, how it is spoken to (`http` or `https`), and what it is told of us.

    `authorization` is a whole `Proxy-Authorization` value, empty for none; it is sent to that proxy and shown nowhere.
    """

    scheme: str
    host: str
    port: int
    authorization: str = ""

    def __repr__(self) -> str:
        return f"UpstreamProxy({self.place})"  # never the credentials

    @property
    def place(self) -> str:
        """`host:port`, for words to people."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"
