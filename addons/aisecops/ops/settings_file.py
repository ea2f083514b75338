"""Settings from a YAML file: strict, each value with the line it stands on.

Knows files and YAML. What the values mean is `ops/settings_text.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from aisecops.model.errors import ConfigError
from aisecops.ops.nearest import nearest
from aisecops.ops.settings_keys import KEYS, PARTS

Raw = tuple[Any, str, Path]
"""A value as it was written, where, and the folder that paths in it are relative to."""

_MOST_BYTES = 1_000_000


def from_file(file: Path | None) -> Iterator[tuple[str, Raw]]:
    """Every setting in `file` by its dotted name; of no file, none. Raises ConfigError with the place."""
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
        elif name in PARTS:
            if not (isinstance(value_node, yaml.ScalarNode) and value_node.tag.endswith(":null")):
                yield from _leaves(value_node, f"{name}.", file)
        else:
            known = [known for known in (*KEYS, *PARTS) if known.startswith(prefix)]
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
