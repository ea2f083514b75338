"""A setting that is a URL which may hold a password, or the place of one, as secrets in rules have.

Knows that it is never shown whole: not by `aisecops config`, not in files that we write, not in a word about what is
wrong with it. What the URL means is its setting's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from aisecops.model.errors import ConfigError
from aisecops.model.value import Value

_PLACES = re.compile(r"env:[A-Za-z_][A-Za-z0-9_]*|file:\S.*")
_MOST_BYTES = 4096


class SecretUrl(Value):
    """`source` is `env:NAME`, `file:PATH`, or the URL itself."""

    source: str

    def __str__(self) -> str:
        if self.is_elsewhere or "://" not in self.source:
            return self.source
        parts = urlsplit(self.source)
        who, at, place = parts.netloc.rpartition("@")
        shown = f"{who.partition(':')[0]}{':...' if ':' in who else ''}{at}{place}"
        return parts._replace(netloc=shown).geturl()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self)!r})"

    @property
    def is_elsewhere(self) -> bool:
        """True when the URL stands in a variable or a file."""
        return _PLACES.fullmatch(self.source) is not None

    @property
    def is_shortened(self) -> bool:
        """True when it is shown without its password, so that a process of ours must be given it another way."""
        return str(self) != self.source

    def held(self, environment: Mapping[str, str], *, setting: str, mend: str) -> str:
        """The URL itself. Raises ConfigError when nothing is where it should be."""
        if not self.is_elsewhere:
            return self.source
        kind, _, name = self.source.partition(":")
        text = (environment.get(name, "") if kind == "env" else _content(Path(name))).strip()
        if not text:
            raise ConfigError(f"{setting} names `{self.source}`, where nothing is", mend)
        return text


def source_of(raw: Any, folder: Path) -> str:
    """`raw` as a source, no more than that; a relative file is relative to `folder`."""
    text = raw.strip() if isinstance(raw, str) else ""
    if _PLACES.fullmatch(text) and text.startswith("file:"):
        return f"file:{(folder / Path(text.removeprefix('file:')).expanduser()).absolute()}"
    return text


def _content(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(_MOST_BYTES).decode()
    except (OSError, UnicodeDecodeError):
        return ""
