"""The pages name files of the code and tests of it: each of them is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CODE, TESTS = ROOT / "addons" / "aisecops", ROOT / "tests"


def named(page: str) -> list[str]:
    """Every path in backticks that has a slash in it."""
    text = (ROOT / "docs" / page).read_text()
    return sorted(set(re.findall(r"`([a-z0-9_]+(?:/[a-z0-9_.]+)+/?)`", text)))


def is_there(path: str) -> bool:
    return any((folder / path).exists() for folder in (ROOT, CODE, TESTS))


@pytest.mark.parametrize("page", ["coverage.md", "threats.md"])
def test_every_file_that_a_page_names_is_there(page):
    paths = named(page)
    assert len(paths) > 20
    assert [path for path in paths if not is_there(path)] == []
