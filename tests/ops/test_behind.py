"""Work beside the loop: its result, its error, and that a process which ends does not wait for it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from aisecops.ops.behind import behind

ADDONS = Path(__file__).parents[2] / "addons"
ENDS = """
import asyncio, sys, threading
sys.path.insert(0, sys.argv[1])
from aisecops.ops.behind import behind

async def main():
    began = threading.Event()
    def work():
        began.set()
        threading.Event().wait()
    task = asyncio.create_task(behind(work))
    await asyncio.sleep(0)
    began.wait()
    task.cancel()

asyncio.run(main())
print("ended")
"""


async def test_what_work_returns_or_raises_is_returned_or_raised():
    assert await behind(lambda: 7) == 7

    def breaks() -> None:
        raise OSError("no record")

    with pytest.raises(OSError, match="no record"):
        await behind(breaks)


def test_a_process_ends_while_work_that_never_will_is_under_way():
    command = [sys.executable, "-c", ENDS, str(ADDONS)]
    told = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert (told.stdout, told.returncode) == ("ended\n", 0), told.stderr
