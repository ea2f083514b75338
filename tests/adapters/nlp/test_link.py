from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from aisecops.adapters.nlp.frames import Begin
from aisecops.adapters.nlp.link import WorkerLink
from aisecops.model.errors import ConfigError, Fault
from aisecops.model.watchlist import Watchlist

BEGIN = Begin(key=b"k", deadline_s=5.0)


def broken_presidio(folder: Path, monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    """Another package of that name, found first."""
    (folder / "presidio_analyzer.py").write_text(code)
    monkeypatch.setenv("PYTHONPATH", str(folder))


async def test_a_worker_that_cannot_import_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken_presidio(tmp_path, monkeypatch, "raise ImportError('no such thing')")
    with pytest.raises(ConfigError, match="cannot start: ImportError: no such thing"):
        await WorkerLink.open(BEGIN, within_s=30)


async def test_a_worker_that_dies_at_the_start_is_a_configuration_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken_presidio(tmp_path, monkeypatch, "import os; os._exit(3)")
    with pytest.raises(ConfigError, match="did not start"):
        await WorkerLink.open(BEGIN, within_s=30)


async def test_a_worker_that_hangs_at_the_start_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken_presidio(tmp_path, monkeypatch, "import threading; threading.Event().wait()")
    with pytest.raises(ConfigError, match=r"within 0\.5 s"):
        await WorkerLink.open(BEGIN, within_s=0.5)


async def test_a_worker_that_dies_is_a_fault_and_ending_it_twice_is_none() -> None:
    link = await WorkerLink.open(BEGIN, within_s=60)
    assert link.alive
    os.kill(link.pid, signal.SIGKILL)
    with pytest.raises(Fault, match="died"):
        await link.scan([b"text"], ["JWT"], Watchlist())
    await link.end()
    await link.end()
    assert not link.alive
