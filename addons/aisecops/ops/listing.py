"""Rows for people: aligned columns, and nothing in them that a terminal would obey."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import click
import orjson


def show_json(value: Any) -> None:
    """Print `value` as JSON."""
    click.echo(orjson.dumps(value, option=orjson.OPT_INDENT_2))


def show_rows(rows: Iterable[Mapping[str, Any]], columns: Sequence[str], *, nothing: str) -> None:
    """Print `columns` of `rows` under their names; `nothing` when there is no row. Times end in `_at`."""
    table = [[column.removesuffix("_id").replace("_", " ") for column in columns]]
    table += [[cell(row.get(column), column) for column in columns] for row in rows]
    if len(table) == 1:
        click.echo(nothing, err=True)
        return
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for line in table:
        click.echo("  ".join(f"{text:{width}}" for text, width in zip(line, widths, strict=True)).rstrip())


def cell(value: Any, name: str = "") -> str:
    """`value` in one line of printable characters."""
    if value is None or value == "":
        return "-"
    if name.endswith("_at") and isinstance(value, int | float):
        return datetime.fromtimestamp(value, UTC).strftime("%Y-%m-%d %H:%M:%S")
    text = value if isinstance(value, str) else orjson.dumps(value).decode()
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)
