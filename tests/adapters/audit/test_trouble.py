"""A record that cannot be written says so in the log, once in a while, and when it is over."""

from __future__ import annotations

import logging
import time
from pathlib import Path

import pytest

from aisecops.adapters.audit import lines, trouble
from aisecops.adapters.audit.trouble import Trouble
from aisecops.model.errors import RecordError
from support.records import chain, event

FULL = RecordError("the record cannot be written (no space left on device); free the disk or mend its permissions")
SHUT = RecordError("`record-000001.jsonl` may not be written any more; give its owner the right to write")


def told(caplog: pytest.LogCaptureFixture) -> list[tuple[int, str]]:
    return [(one.levelno, one.getMessage()) for one in caplog.records if one.name == "aisecops.record"]


def test_a_hundred_failures_of_one_kind_are_one_line_and_another_kind_is_another(caplog):
    found = Trouble()
    for _ in range(100):
        found.met(FULL)
    found.met(SHUT)

    assert told(caplog) == [
        (logging.ERROR, f"{FULL}; what must be recorded is refused until then"),
        (logging.ERROR, f"{SHUT}; what must be recorded is refused until then"),
    ]
    assert found.words == str(SHUT)


def test_what_lasts_is_said_again(caplog, monkeypatch):
    found = Trouble()
    found.met(FULL)
    monkeypatch.setattr(trouble, "_SAID_EVERY_S", 0.0)
    found.met(FULL)

    assert len(told(caplog)) == 2


def test_only_a_written_line_says_that_it_is_over(caplog):
    found = Trouble()
    found.over(wrote=True)
    assert told(caplog) == []
    found.met(FULL)
    found.over(wrote=False)
    assert (found.words, len(told(caplog))) == ("", 1)
    found.over(wrote=True)
    found.over(wrote=True)

    assert told(caplog)[1:] == [(logging.WARNING, "the record is written again")]


def test_a_disk_on_which_some_lines_fit_and_some_do_not_fills_no_log(caplog, monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    found = Trouble()
    for _ in range(50):
        found.met(FULL)
        found.over(wrote=True)
    assert [level for level, _ in told(caplog)] == [logging.ERROR, logging.WARNING]
    now[0] += 11
    found.over(wrote=True)
    assert [level for level, _ in told(caplog)] == [logging.ERROR, logging.WARNING, logging.WARNING]


async def test_a_record_that_loses_a_right_says_so_without_being_asked_to_write_and_notices_its_mend(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    record = tmp_path / "record"
    log = chain(record)
    await log.append(event(1))
    assert log.trouble == ""
    (record / lines.segment_name(1)).chmod(0o400)
    with pytest.raises(RecordError, match="may not be written"):
        await log.append(event(2))
    assert log.trouble == str(SHUT)
    (record / lines.segment_name(1)).chmod(0o600)
    await log.append(event(3))
    assert log.trouble == ""
    await log.close()

    assert [level for level, _ in told(caplog)] == [logging.ERROR, logging.WARNING]
