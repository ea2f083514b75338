"""`aisecops doctor` and the collector: told of, never a fault."""

from __future__ import annotations

import socket

import pytest

from aisecops.ops.doctor import telemetry
from aisecops.ops.settings_read import load
from support.records import chain, event


def told(folder, url):
    given = {"telemetry.otlp": url} if url else {}
    return list(telemetry.CHECKS[0](load(given, environ={}, folder=folder)))


@pytest.fixture
def port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_where_there_is_none_nothing_is_said(tmp_path):
    assert told(tmp_path, None) == []


def test_one_that_answers_is_well(tmp_path, port):
    (said,) = told(tmp_path, f"http://127.0.0.1:{port}")

    assert said.well
    assert not said.warns


async def test_one_that_does_not_is_a_note_with_what_waits(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    log = chain(tmp_path / ".aisecops" / "audit")
    await log.append(*(event(number) for number in range(5)))
    await log.close()
    (tmp_path / ".aisecops" / "telemetry").mkdir()
    (tmp_path / ".aisecops" / "telemetry" / "sent.json").write_text('{"seq": 2, "open": {}}')

    (said,) = told(tmp_path, f"http://127.0.0.1:{port}")

    assert said.well
    assert said.warns
    assert "3 events wait to be sent" in said.words
