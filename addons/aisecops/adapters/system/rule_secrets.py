"""The secrets that rules name: `env:NAME` and `file:PATH`. Read when asked for, kept nowhere."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path

from aisecops.model.errors import ConfigError

_log = logging.getLogger(__name__)

MAX_BYTES = 4096
MAX_VALUES_BYTES = 1024 * 1024
_NO_VALUES = ("#", "-----")


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
            _log.warning("`%s`, which the rules name, is not set: what it is for does not work", source)
        return None

    def values(self, source: str) -> tuple[str, ...]:
        """Everything at `source` to look for: a variable's value, or each line of a file.

        Blank lines, comments (`#`) and the armour of keys (`-----`) are no values. Raises `ConfigError` for a file
        over `MAX_VALUES_BYTES` or not of text, without repeating it.
        """
        kind, _, name = source.partition(":")
        text = self._environment.get(name, "") if kind == "env" else self._lines(name)
        lines = [line.strip() for line in (text.splitlines() if kind == "file" else [text])]
        found = tuple(line for line in lines if line and not line.startswith(_NO_VALUES))
        if not found:
            self.secret(source)  # says so, once
        return found

    def _lines(self, name: str) -> str:
        try:
            with (self._folder / name).open("rb") as file:
                data = file.read(MAX_VALUES_BYTES + 1)
        except OSError:
            return ""
        try:
            text = data.decode()
        except UnicodeDecodeError:
            raise ConfigError(f"`file:{name}`, which the rules name, is no text", "write one value a line") from None
        if len(data) > MAX_VALUES_BYTES:
            raise ConfigError(f"`file:{name}` is over {MAX_VALUES_BYTES} bytes", "keep fewer values in it")
        return text

    def _file(self, name: str) -> bytes:
        try:
            with (self._folder / name).open("rb") as file:
                return file.read(MAX_BYTES)
        except OSError:
            return b""
