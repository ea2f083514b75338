"""A source file is tested under its own name, or by a test that imports it."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "addons" / "aisecops"
TESTS = ROOT / "tests"
IMPORT = re.compile(r"aisecops\.[\w.]+(?: import \(?[\w\s,]+)?")

# Files that only whole processes show to work, and which test does; this list may only become shorter.
SHOWN_ELSEWHERE = {
    "__main__.py": "tests/ops/commands/test_up.py starts every process by it",
}


def has_something_to_test(path):
    """Not an empty package, not words alone: a file that defines no function is shown by whatever uses it."""
    return "def " in path.read_text() and path.name != "__init__.py"


def imported_by_tests():
    """Every dotted name a test imports: `aisecops.ops.settings_read`, `aisecops.ops.settings_read.load`."""
    for path in TESTS.rglob("*.py"):
        for found in IMPORT.findall(path.read_text()):
            module, _, names = found.partition(" import ")
            yield module
            yield from (f"{module}.{name}" for name in re.findall(r"\w+", names))


def missing():
    named = {path.name.removeprefix("test_") for path in TESTS.rglob("test_*.py")}
    imported = set(imported_by_tests())
    for path in sorted(PACKAGE.rglob("*.py")):
        inside = path.relative_to(PACKAGE)
        module = ".".join(("aisecops", *inside.with_suffix("").parts))
        if has_something_to_test(path) and path.name not in named and module not in imported:
            yield inside.as_posix()


def test_every_file_has_a_test():
    assert sorted(set(missing()) - SHOWN_ELSEWHERE.keys()) == []


def test_no_exception_is_left_that_is_not_needed():
    assert sorted(SHOWN_ELSEWHERE.keys() - set(missing())) == []
