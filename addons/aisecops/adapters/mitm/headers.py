"""Headers that say the same as the core's, and are quick to ask: a head is asked thirty times for what it mostly lacks.

Knows names and values. Leans on one thing: the core's fields are a tuple that is replaced, never changed; of a list,
which an addon may put there, nothing is kept.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import override

from mitmproxy import http

type Field = tuple[bytes, bytes]


class AskedHeaders(http.Headers):
    """The core's headers with an index by name, made when somebody first asks and again when the fields are others."""

    def __init__(self, fields: Iterable[Field] = ()) -> None:
        # not the core's own way, which makes each pair anew and looks at its types
        self.fields = tuple(fields)
        self._indexed: tuple[Field, ...] | None = None
        self._index: dict[bytes, list[str]] = {}

    @override
    def get_all(self, name: str | bytes) -> list[str]:
        """Every value of `name`, in order."""
        return list(self._values(name))

    def __getitem__(self, name: str | bytes) -> str:
        values = self._values(name)
        if not values:
            raise KeyError(name)
        return ", ".join(values)

    def get[T](self, name: str | bytes, default: T | None = None) -> str | T | None:
        """What `name` says, its values joined; `default` without one."""
        values = self._values(name)
        return ", ".join(values) if values else default

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str | bytes) and bool(self._values(name))

    def _values(self, name: str | bytes) -> list[str]:
        if self._indexed is not self.fields or type(self.fields) is not tuple:  # a list may be changed as it lies there
            index: dict[bytes, list[str]] = {}
            for key, value in self.fields:
                index.setdefault(key.lower(), []).append(value.decode("utf-8", "surrogateescape"))
            self._index, self._indexed = index, self.fields
        asked = name if isinstance(name, bytes) else name.encode("utf-8", "surrogateescape")
        return self._index.get(asked.lower(), [])


def asked(message: http.Message) -> None:
    """From now on the headers of `message` are quick to ask."""
    if type(message.headers) is not AskedHeaders:
        message.headers = AskedHeaders(message.headers.fields)
