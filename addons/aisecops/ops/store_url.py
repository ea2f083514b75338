"""The setting `store`: `sqlite`, or where a Redis or Valkey server is."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aisecops.adapters.store.redis.place import Place, read_place
from aisecops.model.errors import ConfigError
from aisecops.ops.secret_url import SecretUrl, source_of

PASSED_ON = "AISECOPS_STORE_SECRET"
"""The variable by which a supervisor hands a URL with a password to its processes; their settings file names it."""

_MEND = "write `sqlite`, `redis://user:password@redis.corp:6379/0`, or where that is: `env:NAME`, `file:PATH`"


class StoreUrl(SecretUrl):
    """`source` is `sqlite`, a URL, or where one is."""

    @property
    def is_sqlite(self) -> bool:
        """True for the file in the state folder."""
        return self.source == "sqlite"

    def place(self, environment: Mapping[str, str]) -> Place:
        """The server. Raises ConfigError, which names the source and not what is in it."""
        text = self.held(environment, setting="store", mend=_MEND)
        try:
            return read_place(text)
        except ValueError as wrong:
            raise ConfigError(f"store ({self}) {wrong}", _MEND) from None


def read_store_url(raw: Any, folder: Path) -> StoreUrl:
    """A `StoreUrl` from text. Raises ValueError without repeating the text."""
    url = StoreUrl(source=source_of(raw, folder))
    if not url.is_sqlite and not url.is_elsewhere:
        read_place(url.source)
    return url
