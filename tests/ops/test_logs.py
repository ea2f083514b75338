"""One line each, plain or JSON."""

from __future__ import annotations

import json
import logging

import pytest

from aisecops.ops import logs
from aisecops.ops.settings_text import LogFormat


@pytest.fixture(autouse=True)
def as_before():
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def test_a_json_line_has_process_level_and_message(capsys):
    logs.configure(LogFormat.JSON, "gateway")

    logging.getLogger("aisecops.x").error("it is %s", "odd")

    line = json.loads(capsys.readouterr().err)
    assert (line["process"], line["level"], line["message"]) == ("gateway", "error", "it is odd")


def test_a_trace_stays_inside_its_json_line(capsys):
    logs.configure(LogFormat.JSON, "gateway")

    try:
        int("x")
    except ValueError:
        logging.getLogger("aisecops.x").exception("broken")

    (line,) = capsys.readouterr().err.splitlines()
    assert "ValueError" in json.loads(line)["trace"]


def test_a_plain_line_names_the_process(capsys):
    logs.configure(LogFormat.PLAIN, "control")

    logging.getLogger("aisecops.x").warning("odd")

    assert "WARNING control: odd" in capsys.readouterr().err
