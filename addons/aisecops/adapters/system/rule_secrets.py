"""The secrets that rules name: `env:NAME` and `file:PATH`. Read when asked for, kept nowhere."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path

_log = logging.getLogger(__name__)

MAX_BYTES = 4096


class RuleSecrets:
    """Looks secrets up in `environment` and in files; a relative file is relative to `folder`."""

    def __init__(self, environment: Mapping[str, str], folder: Path) -> None:
        self._environment = environment
        self._folder = folder
        self._missing: set[str] = set()

    def secret(self, source: str) -> bytes | None:
        """The secret without blanks around it; None when it is not set or empty. Says so once in the log."""
        kind, _, name = source.partition(":")
        value = self._environment.get(name, "").encode() if kind == "env" else self._file(name)
        if value.strip():
            return value.strip()
        if source not in self._missing:
            self._missing.add(source)
            _log.warning("`%s`, which the rules name, is not set: nobody can prove to be who it proves", source)
        return None

    def _file(self, name: str) -> bytes:
        try:
            with (self._folder / name).open("rb") as file:
                return file.read(MAX_BYTES)
        except OSError:
            return b""
