"""What large bodies took goes back to the system, also when something small was kept behind each."""

from __future__ import annotations

import ctypes
import subprocess
import sys

import pytest

BODIES = """
import sys
from pathlib import Path
from aisecops.adapters.system.memory import give_back_large_blocks
if sys.argv[1] == "gives back":
    assert give_back_large_blocks()

def rss_mib():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 2**20

bytes(30 * 2**20)  # one large block that was given up
before, kept = rss_mib(), []
for _ in range(60):
    body = bytearray(3 * 2**20)
    kept.append((body, bytearray(200_000)))
kept = [small for _, small in kept]
del body
print(round(rss_mib() - before))
"""


def left_mib(how: str) -> int:
    """MiB that stay of 180 in large blocks, and of 12 in small ones that are kept."""
    environ = {"PYTHONPATH": ":".join(sys.path)}
    done = subprocess.run([sys.executable, "-c", BODIES, how], env=environ, capture_output=True, text=True, check=True)
    return int(done.stdout)


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "mallopt"), reason="not the C library that does so")
def test_what_large_bodies_took_is_given_back_although_small_things_stay():
    assert left_mib("leaves it") > 150
    assert left_mib("gives back") < 30
