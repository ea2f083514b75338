"""Every setting by its dotted name, with its flag, its variable and its words; all made from `ops/settings.py`.

Knows names and how a value is written back. Where values come from is `ops/settings_read.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any, get_type_hints

import msgspec

from aisecops.model.value import Value
from aisecops.ops.proxy_url import ProxyUrl
from aisecops.ops.settings import Part, Settings
from aisecops.ops.settings_text import Address, ClientCertificates, Lane, LogFormat, Seconds
from aisecops.ops.store_url import StoreUrl

PREFIX = "AISECOPS_"


class Key(Value):
    """One setting: `proxy.listen`, `--proxy-listen`, `AISECOPS_PROXY_LISTEN`."""

    name: str
    kind: Any
    words: str
    default: Any

    @property
    def flag(self) -> str:
        return "--" + self.name.replace(".", "-").replace("_", "-")

    @property
    def variable(self) -> str:
        return PREFIX + self.name.replace(".", "_").upper()

    @property
    def parameter(self) -> str:
        """The flag's name as a Python argument."""
        return self.name.replace(".", "_")

    @property
    def metavar(self) -> str:
        """How a value looks, for `--help`."""
        return _LOOKS.get(self.kind, "TEXT")


_LOOKS: dict[Any, str] = {
    Address: "HOST:PORT",
    Address | None: "HOST:PORT",
    Seconds: "DURATION",
    int: "N",
    bool: "true|false",
    LogFormat: "|".join(LogFormat),
    ClientCertificates: "|".join(ClientCertificates),
    Lane: "|".join(Lane),
    ProxyUrl | None: "URL",
    StoreUrl: "sqlite|URL",
    tuple[str, ...]: "HOST",
    Path: "PATH",
    Path | None: "FILE",
    tuple[Path, ...]: "FILE",
    dict[str, str]: "NAME:PORT=ADDR:PORT",
}


def _keys(of: type[Value], prefix: str = "") -> Iterator[Key]:
    hints, annotated = get_type_hints(of), get_type_hints(of, include_extras=True)
    for field in msgspec.structs.fields(of):
        kind, name = hints[field.name], prefix + field.name
        if isinstance(kind, type) and issubclass(kind, Part):
            yield from _keys(kind, f"{name}.")
        elif name != "origins":
            default = field.default if field.default is not msgspec.NODEFAULT else field.default_factory()
            yield Key(name=name, kind=kind, words=annotated[field.name].__metadata__[0].description, default=default)


KEYS: dict[str, Key] = {key.name: key for key in _keys(Settings)}
"""Every setting there is, by its dotted name."""

PARTS: dict[str, type[Part]] = {
    name: kind for name, kind in get_type_hints(Settings).items() if isinstance(kind, type) and issubclass(kind, Part)
}
"""The groups that settings are in."""


def value_of(settings: Settings, name: str) -> Any:
    """The value of one dotted name."""
    at: Any = settings
    for part in name.split("."):
        at = getattr(at, part)
    return at


def plain(value: Any) -> Any:
    """A setting's value as JSON and YAML write it."""
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    if isinstance(value, Path | Value | StrEnum):
        return str(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def as_tree(settings: Settings) -> dict[str, Any]:
    """`settings` as the nested mapping a file would hold."""
    tree: dict[str, Any] = {}
    for name in KEYS:
        part, _, leaf = name.rpartition(".")
        inner = tree.setdefault(part, {}) if part else tree
        inner[leaf] = plain(value_of(settings, name))
    return tree
