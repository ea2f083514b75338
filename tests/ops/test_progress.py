"""Whoever watches sees how far it is, and nothing of it when it is over; pipes and short work stay clean."""

from __future__ import annotations

import pytest

from aisecops.ops import progress
from aisecops.ops.progress import Progress

MIB = 1024 * 1024


@pytest.fixture
def watched(monkeypatch, capsys):
    monkeypatch.setattr(progress, "is_watched", lambda: True)
    return capsys


def test_a_line_is_written_over_and_taken_away(watched, monkeypatch):
    monkeypatch.setattr(progress, "_EACH_S", 0.0)
    told = Progress("checked")
    told(320 * MIB, 1010 * MIB)
    told(9 * MIB, 10 * MIB)
    told.over()

    lines = ("checked 320 of 1010 MiB", "checked 9 of 10 MiB    ", " " * len("checked 9 of 10 MiB"), "")
    assert watched.readouterr().err == "".join(f"\r{line}" for line in lines)


def test_short_work_and_pipes_show_nothing(watched, monkeypatch):
    short = Progress("checked")
    short(1, 2)
    short.over()
    monkeypatch.setattr(progress, "_EACH_S", 0.0)
    monkeypatch.setattr(progress, "is_watched", lambda: False)
    piped = Progress("checked")
    piped(1, 2)
    piped.over()

    assert watched.readouterr().err == ""
