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
    return sorted(set(re.findall(r"`([a-z0-9_]+(?:/[a-z0-9_.]+)+/?)(?:::\w+)?`", text)))


def is_there(path: str) -> bool:
    return any((folder / path).exists() for folder in (ROOT, CODE, TESTS))


@pytest.mark.parametrize("page", ["coverage.md", "threats.md"])
def test_every_file_that_a_page_names_is_there(page):
    paths = named(page)
    assert len(paths) > 20
    assert [path for path in paths if not is_there(path)] == []


def test_every_way_of_failing_open_has_tests_by_name():
    """A name that nobody bears any more is a promise that nobody keeps."""
    text = (ROOT / "docs" / "threats.md").read_text().partition("## Ways of failing open")[2].partition("\n## ")[0]
    rows = [line.split(" | ") for line in text.splitlines() if line.startswith("| ")][1:]
    wrong = []
    for row in rows:
        tests = re.findall(r"`(tests/\S+\.py)::(test_\w+)`", row[-1])
        wrong += [row[0]] * (not tests)
        wrong += [name for file, name in tests if not re.search(rf"def {name}\(", (ROOT / file).read_text())]
    assert len(rows) > 40
    assert wrong == []
