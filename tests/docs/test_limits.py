"""The page of limits says what the code does: each default and each name of a setting."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

from aisecops.model.rules import EgressRules
from aisecops.ops.settings_keys import KEYS

PAGE = Path(__file__).parents[2] / "docs" / "limits.md"
UNITS = {"": 1, "s": 1, "days": 1, "KiB": 1024, "MiB": 1024 * 1024}


def rows() -> list[tuple[str, str, str]]:
    """What, default and setting of every row."""
    cells = (line.strip("|").split("|") for line in PAGE.read_text().splitlines() if line.startswith("| "))
    return [
        (what.strip(), default.strip(), setting.strip())
        for what, default, setting, _ in cells
        if what.strip() != "what"
    ]


def number(text: str) -> float:
    size, _, unit = text.partition(" ")
    return float(size) * UNITS[unit]


def real(setting: str) -> float:
    """The default in the code of a setting, a rule or a fixed bound."""
    if setting == "rules: `egress.max_body`":
        return EgressRules().max_body_bytes
    if found := re.fullmatch(r"`([a-z_/0-9]+)\.py` `([A-Z_]+)`", setting):
        return getattr(importlib.import_module(f"aisecops.{found[1].replace('/', '.')}"), found[2])
    return KEYS[setting.strip("`")].default


@pytest.mark.parametrize(("what", "default", "setting"), rows(), ids=lambda value: value[:40])
def test_a_limit_is_what_the_page_says(what, default, setting):
    assert number(default) == real(setting), what


def test_every_limit_that_can_be_set_is_on_the_page():
    named = {setting.strip("`") for _, _, setting in rows()}
    assert sorted(name for name in KEYS if name.startswith("limits.") and name not in named) == []


def test_the_page_has_rows():
    assert len(rows()) > 40
