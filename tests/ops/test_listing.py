"""Rows for people; nothing in them reaches the terminal as an order."""

from __future__ import annotations

from aisecops.ops.listing import cell, show_rows


def test_columns_are_aligned_and_named(capsys):
    show_rows([{"run_id": "r1", "state": "ok"}, {"run_id": "r22", "state": None}], ["run_id", "state"], nothing="none")

    assert capsys.readouterr().out == "run  state\nr1   ok\nr22  -\n"


def test_no_rows_is_said_on_stderr(capsys):
    show_rows([], ["a"], nothing="no runs")

    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "no runs\n")


def test_what_a_terminal_would_obey_is_not_printed():
    assert cell("\x1b[2Jred\n\u202e") == "\ufffd[2Jred\ufffd\ufffd"


def test_times_and_nested_values_are_readable():
    assert cell(0, "opened_at") == "1970-01-01 00:00:00"
    assert cell({"total": 1.5}) == '{"total":1.5}'
