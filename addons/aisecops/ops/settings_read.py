"""Where settings come from: flags, `AISECOPS_*` variables, a YAML file, defaults, in this order (contract 1).

Knows the sources and their order, and that an unknown key refuses to start with the nearest right
name. The only place in the product that reads settings from the environment.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_type_hints

import msgspec
import yaml

from aisecops.model.errors import ConfigError
from aisecops.model.value import Value
from aisecops.ops.nearest import nearest
from aisecops.ops.settings import Part, Settings, check
from aisecops.ops.settings_text import Address, LogFormat, Seconds, reader

DEFAULT_FILE = "aisecops.yaml"
PREFIX = "AISECOPS_"
NOT_SETTINGS = frozenset({"AISECOPS_CONFIG", "AISECOPS_DEBUG", "AISECOPS_RUN"})
"""Variables with our prefix that mean something else: where the file is, tracebacks, the run one is in."""

SECRETS = "_SECRET"
"""Variables that end so are for rules to name as `env:`; none of them is a setting."""

_MOST_BYTES = 1_000_000


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
    Seconds: "DURATION",
    int: "N",
    bool: "true|false",
    LogFormat: "|".join(LogFormat),
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

_PARTS: dict[str, type[Part]] = {
    name: kind for name, kind in get_type_hints(Settings).items() if isinstance(kind, type) and issubclass(kind, Part)
}

Raw = tuple[Any, str, Path]
"""A value as it was written, where, and the folder that paths in it are relative to."""


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
    found: dict[str, Raw] = dict(_from_file(_chosen_file(file, environ, folder)))
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
    if isinstance(value, Path | Value | LogFormat):
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


def _assembled(values: Mapping[str, Any], origins: Mapping[str, str]) -> Settings:
    parts: dict[str, Any] = {
        part: kind(**{name.partition(".")[2]: value for name, value in values.items() if name.startswith(f"{part}.")})
        for part, kind in _PARTS.items()
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


def _from_file(file: Path | None) -> Iterator[tuple[str, Raw]]:
    if file is None:
        return
    try:
        text = file.read_bytes()
        if len(text) > _MOST_BYTES:
            raise ConfigError(f"{file.name} is larger than {_MOST_BYTES} bytes", "it should be a page")
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except OSError as failed:
        raise ConfigError(f"cannot read `{file}`: {failed.strerror}", "mend its permissions") from None
    except (yaml.YAMLError, UnicodeDecodeError) as broken:
        mark = getattr(broken, "problem_mark", None)
        place = f"{file.name}:{mark.line + 1}:{mark.column + 1}" if mark else file.name
        raise ConfigError(
            f"{place}: not YAML: {getattr(broken, 'problem', None) or 'unreadable'}", "mend that line"
        ) from None
    if root is not None:
        yield from _leaves(root, "", file)


def _leaves(node: yaml.Node, prefix: str, file: Path) -> Iterator[tuple[str, Raw]]:
    if not isinstance(node, yaml.MappingNode):
        raise ConfigError(
            f"{_place(file, node)}: `{prefix.rstrip('.') or 'the file'}` must be a mapping", "write `key: value` lines"
        )
    seen: set[str] = set()
    for key_node, value_node in node.value:
        name = prefix + str(key_node.value)
        if name in seen:
            raise ConfigError(f"{_place(file, key_node)}: `{name}` is there twice", "keep one")
        seen.add(name)
        if name in KEYS:
            yield (
                name,
                (_constructed(value_node, file), f"{file.name}:{key_node.start_mark.line + 1}", file.absolute().parent),
            )
        elif name in _PARTS:
            if not (isinstance(value_node, yaml.ScalarNode) and value_node.tag.endswith(":null")):
                yield from _leaves(value_node, f"{name}.", file)
        else:
            known = [known for known in (*KEYS, *_PARTS) if known.startswith(prefix)]
            raise ConfigError(
                f"{_place(file, key_node)}: unknown key `{name}`",
                nearest(name, known) or "`aisecops config` lists all keys",
            )


def _place(file: Path, node: yaml.Node) -> str:
    return f"{file.name}:{node.start_mark.line + 1}:{node.start_mark.column + 1}"


def _constructed(node: yaml.Node, file: Path) -> Any:
    loader = yaml.SafeLoader("")
    try:
        return loader.construct_object(node, deep=True)
    except (yaml.YAMLError, ValueError):
        raise ConfigError(
            f"{_place(file, node)}: a value that cannot be read", "use plain text, numbers, lists"
        ) from None
    finally:
        loader.dispose()
