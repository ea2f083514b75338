"""A real host process that runs out of file descriptors: it says so, lives on, and serves again."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

from aisecops.adapters.system.certificates import CertificateAuthority
from aisecops.adapters.system.clock import SystemClock
from support.raw import plain

FEW_DESCRIPTORS = """
import asyncio, logging, os, resource, socket, sys
from pathlib import Path
resource.setrlimit(resource.RLIMIT_NOFILE, (100, 160))
from support.proxy import HostSettings, Lets, problem
from aisecops.adapters.mitm.host import serve
logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(name)s %(message)s")

async def main():
    stop = asyncio.Event()
    spent = []

    def ready(host, port):
        print(port, flush=True)
        loop.add_reader(sys.stdin.fileno(), told)

    def told():
        word = sys.stdin.readline().strip()
        if word == "spend":
            try:
                while True:
                    spent.append(os.open("/dev/null", os.O_RDONLY))
            except OSError:
                pass
        elif word == "free":
            for each in spent:
                os.close(each)
            spent.clear()
        elif word == "stop":
            stop.set()
        print(word, flush=True)

    loop = asyncio.get_running_loop()
    await serve(HostSettings(confdir=Path(sys.argv[1]), listen_port=0), Lets({}), problem=problem, stop=stop, ready=ready)

asyncio.run(main())
"""


def test_a_worker_without_descriptors_says_so_once_and_serves_on(folder):
    CertificateAuthority(folder / "certs", SystemClock()).create_if_missing()
    tests = Path(__file__).parents[1]
    process = subprocess.Popen(
        [sys.executable, "-c", FEW_DESCRIPTORS, str(folder / "certs")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": f"{tests.parent / 'addons'}:{tests}"},
    )
    with process, contextlib.ExitStack() as at_end:
        at_end.callback(process.kill)

        def say(word):
            process.stdin.write(f"{word}\n")
            process.stdin.flush()
            assert process.stdout.readline() == f"{word}\n"

        port = int(process.stdout.readline())

        def asks():
            with plain(port) as wire:
                return wire.ask(b"GET http://a.test/ HTTP/1.1\r\nHost: a.test\r\n\r\n").status

        assert asks() == 407
        say("spend")
        with contextlib.ExitStack() as stack:
            for _ in range(5):
                stack.enter_context(socket.create_connection(("127.0.0.1", port)))
            time.sleep(1.3)  # the loop tries again once a second
            assert process.poll() is None
        say("free")
        assert asks() == 407
        say("stop")
        _, log = process.communicate(timeout=10)
    assert process.returncode == 0
    assert "limit raised from 100 to 160" in log
    assert log.count("no connection could be taken: too many open files") == 1
    assert len(log.splitlines()) < 10
