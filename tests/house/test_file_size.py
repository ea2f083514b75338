"""A file is read in one sitting."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[2]
WALL = 400

# Tests that tell many scenarios of one thing; this list may only become shorter.
LONGER = {
    "tests/adapters/audit/test_chain.py",
    "tests/contracts/test_store.py",
    "tests/end_to_end/test_doors.py",
    "tests/gateway/admission/test_admit.py",
}


def over_the_wall():
    for folder in ("addons", "tests"):
        for path in (ROOT / folder).rglob("*.py"):
            if len(path.read_text().splitlines()) > WALL:
                yield path.relative_to(ROOT).as_posix()


def test_no_file_is_over_the_wall():
    assert sorted(set(over_the_wall()) - LONGER) == []


def test_no_exception_is_left_that_is_not_needed():
    assert sorted(LONGER - set(over_the_wall())) == []
