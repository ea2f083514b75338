# ruff: noqa: INP001, T201 - a script that prints, beside no package
"""What following the record costs the process that does it, per event: reading, spans, logs, sending.

    python benchmarks/telemetry.py [--steps N]

A record of real decisions on a tool, each with its answer, is followed to a receiver on loopback that takes everything
and looks at nothing. Times are CPU of this process without the receiver's thread.
"""

from __future__ import annotations

import argparse
import asyncio
import http.server
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "addons"), str(ROOT / "tests")]

from aisecops.adapters.audit.otlp import Collector  # noqa: E402
from aisecops.ops.telemetry.follower import Follower  # noqa: E402
from support.records import answer_event, chain, facts, judged_events  # noqa: E402 - the path comes first


class _Takes(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


async def record(folder: Path, steps: int) -> int:
    """A closed record of so many steps with their answers; how many events."""
    log = chain(folder)
    events = 0
    for number in range(steps):
        step = facts()
        told = (*judged_events(step, f"dec_{number}"), answer_event(step, f"dec_{number}", status=200, duration_ms=5))
        await log.append(*told)
        events += len(told)
    await log.close()
    return events


def main() -> None:
    """Write a record, follow it, print what it cost."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=5000)
    steps = parser.parse_args().steps
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Takes)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        events = asyncio.run(record(folder / "audit", steps))
        collector = Collector(f"http://127.0.0.1:{server.server_port}")
        follower = Follower(folder / "audit", folder / "sent.json", collector, idle_ms=10**15, lag=lambda _: None)
        cpu, clock = time.thread_time(), time.perf_counter()
        while follower.step(time.time_ns() // 1_000_000):
            pass
        cpu, clock = time.thread_time() - cpu, time.perf_counter() - clock
        collector.close()
    server.shutdown()
    print(f"{events} events, {cpu / events * 1e6:.0f} us of CPU each, {events / clock:.0f} events/s")


if __name__ == "__main__":
    main()
