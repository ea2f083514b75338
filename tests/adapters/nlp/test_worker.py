"""The worker as a process of its own: driven over its pipes, as the gateway does it."""

from __future__ import annotations

import signal
import subprocess
import sys

from aisecops.adapters.nlp.frames import HEADER_BYTES, Begin, Broke, Done, Job, Ready, Watch, packed, read_from_worker
from aisecops.adapters.nlp.link import _BOOT, _SOURCE_ROOT
from support.detectors import CANARY_VALUE, KEY, WATCHLIST

BEGIN = Begin(key=KEY, deadline_s=5.0)


def read(process: subprocess.Popen[bytes]) -> object:
    assert process.stdout is not None
    size = int.from_bytes(process.stdout.read(HEADER_BYTES), "big")
    return read_from_worker(process.stdout.read(size))


def test_a_worker_answers_ignores_ctrl_c_and_ends_with_its_input() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _BOOT, _SOURCE_ROOT],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        assert process.stdin is not None
        process.stdin.write(packed(BEGIN))
        process.stdin.flush()
        assert read(process) == Ready()
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGTERM)
        job = Job(texts=(f"a {CANARY_VALUE}".encode(), b"b"), entities=("CANARY",))
        process.stdin.write(packed(job) + packed(Watch(watchlist=WATCHLIST)) + packed(job))
        process.stdin.write(packed(Job(texts=(b"\xff",), entities=("CANARY",))))
        process.stdin.flush()
        assert read(process) == Done(findings=((), ()))
        answer = read(process)
        assert isinstance(answer, Done)
        assert [[finding.entity for finding in findings] for findings in answer.findings] == [["CANARY"], []]
        assert read(process) == Broke(why="UnicodeDecodeError")
        process.stdin.close()
        assert process.wait(timeout=20) == 0
