"""A loop that is watched: its lag is told, and a process whose loop stands is ended, also when it stands in C."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from aisecops.adapters.mitm.watchdog import watching_the_loop

CANARY = "canary-71c2"
STANDS = """
import asyncio, time
from aisecops.adapters.mitm.watchdog import watching_the_loop

async def main():
    async with watching_the_loop({limit}, every_s=0.05):
        await asyncio.sleep(0.1)
        canary = "canary-71c2"
        {stall}

asyncio.run(main())
print("went on")
"""


def run(stall: str, *, limit: float = 0.3) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", STANDS.format(stall=stall, limit=limit)],
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[3] / "addons")},
    )


async def test_a_loop_that_is_late_is_told_and_logged(caplog):
    told = []
    async with watching_the_loop(30, told=told.append, every_s=0.02):
        await asyncio.sleep(0.05)
        assert told
        time.sleep(1.2)  # noqa: ASYNC251 - this is what is watched for
        await asyncio.sleep(0.05)
    assert max(told) > 1
    assert "the event loop was" in caplog.text


@pytest.mark.parametrize("stall", ["time.sleep(600)", "int('9' * 4000) ** 300000"])
def test_a_process_whose_loop_stands_ends_itself(stall):
    ended = run(stall)
    assert ended.returncode == 1
    assert "went on" not in ended.stdout
    assert "in main" in ended.stderr  # where it stood
    assert CANARY not in ended.stderr


def test_a_loop_that_moves_is_left_alone():
    ended = run("[await asyncio.sleep(0.01) for _ in range(200)]", limit=1.0)
    assert (ended.returncode, ended.stdout) == (0, "went on\n")
