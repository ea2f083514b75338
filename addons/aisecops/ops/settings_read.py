"""Where settings come from: flags, `AISECOPS_*` variables, a YAML file, defaults, in this order (contract 1).

Knows the sources and their order, and that an unknown key refuses to start with the nearest right
name. The only place in the product that reads settings from the environment.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aisecops.model.errors import ConfigError
from aisecops.ops.nearest import nearest
from aisecops.ops.settings import Settings
from aisecops.ops.settings_check import check
from aisecops.ops.settings_file import Raw, from_file
from aisecops.ops.settings_keys import KEYS, PARTS, PREFIX, plain, value_of
from aisecops.ops.settings_text import reader

DEFAULT_FILE = "aisecops.yaml"
NOT_SETTINGS = frozenset({"AISECOPS_CONFIG", "AISECOPS_DEBUG", "AISECOPS_RUN"})
"""Variables with our prefix that mean something else: where the file is, tracebacks, the run one is in."""

SECRETS = "_SECRET"
"""Variables that end so are for rules to name as `env:`; none of them is a setting."""


def load(
    flags: Mapping[str, Any] | None = None,
    *,
    file: Path | None = None,
    environ: Mapping[str, str] | None = None,
    folder: Path | None = None,
) -> Settings:
    """The settings in force. `flags` by dotted name; `folder` is the working folder.

    Raises ConfigError for a file that cannot be read, an unknown key, a wrong value, or values that clash.
    """
    environ = os.environ if environ is None else environ  # noqa: TID251  (the one place that may)
    folder = folder or Path.cwd()
    found: dict[str, Raw] = dict(from_file(_chosen_file(file, environ, folder)))
    found |= _from_environment(environ, folder)
    found |= {name: (value, KEYS[name].flag, folder) for name, value in (flags or {}).items() if value is not None}
    values, origins = {}, {}
    for name, key in KEYS.items():
        raw, origin, base = found.get(name, (_written(key.default), "default", folder))
        origins[name] = origin
        try:
            values[name] = reader(key.kind)(raw, base)
        except ValueError as wrong:
            raise ConfigError(
                f"{name} ({origin}): {wrong}", f"{key.words}; the default is {plain(key.default)}"
            ) from None
    return check(_assembled(values, origins))


def changed(settings: Settings, **values: Any) -> Settings:
    """`settings` with some dotted names (dots as `__`) replaced by typed values."""
    flat = {name: value_of(settings, name) for name in KEYS} | {
        name.replace("__", "."): value for name, value in values.items()
    }
    return check(_assembled(flat, settings.origins))


def _assembled(values: Mapping[str, Any], origins: Mapping[str, str]) -> Settings:
    parts: dict[str, Any] = {
        part: kind(**{name.partition(".")[2]: value for name, value in values.items() if name.startswith(f"{part}.")})
        for part, kind in PARTS.items()
    }
    whole = {name: value for name, value in values.items() if "." not in name}
    return Settings(**parts, **whole, origins=dict(origins))


def _written(default: Any) -> Any:
    return default if isinstance(default, dict) else plain(default)


def environment() -> Mapping[str, str]:
    """The variables of this process, for the secrets that rules name as `env:`."""
    return os.environ  # noqa: TID251  (the one place that may)


def _chosen_file(file: Path | None, environ: Mapping[str, str], folder: Path) -> Path | None:
    named = file or (Path(environ["AISECOPS_CONFIG"]) if environ.get("AISECOPS_CONFIG") else None)
    if named is not None:
        if not (folder / named).is_file():
            raise ConfigError(f"the settings file `{named}` does not exist", "name one that does with --config")
        return folder / named
    usual = folder / DEFAULT_FILE
    return usual if usual.is_file() else None


def _from_environment(environ: Mapping[str, str], folder: Path) -> dict[str, Raw]:
    by_variable = {key.variable: key.name for key in KEYS.values()}
    mine = (name for name in environ if name.startswith(PREFIX) and not name.endswith(SECRETS))
    ours = {name: environ[name] for name in mine if name not in NOT_SETTINGS}
    for name in sorted(ours.keys() - by_variable.keys()):
        raise ConfigError(
            f"unknown variable `{name}`", nearest(name, list(by_variable)) or "unset it; `aisecops config` lists all"
        )
    return {by_variable[name]: (text, name, folder) for name, text in ours.items()}
