# ruff: noqa: INP001, T201 - a script that prints, beside no package
"""How long the dashboard's pages take over a record of a million events, each page and its JSON twin.

Run it with `python benchmarks/pages.py [--events N] [--rounds N] [--keep FOLDER] [--json]` from the repository. Real
agents play the demo once; what they left, record, runs and held steps, is then written again and again under new names
and times until there are so many events, chained and signed as the gateway does it. Needs 1.8 GB of disk for a million.

Cold is a page's first answer after `aisecops control` was started, warm the middle of the rounds once all were asked.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import os
import re
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import stage as bench  # puts the code on the path
from nacl.signing import SigningKey

from aisecops.adapters.audit import checkpoints, lines
from aisecops.adapters.audit.tail import End
from aisecops.adapters.system.clock import SystemClock
from aisecops.ops.demo.scenes import SCENES
from aisecops.ops.demo.stage import stage
from aisecops.ops.prune import KEY_ID, secret_key
from aisecops.ops.settings_read import environment

SPREAD_MS = 30 * 24 * 3600 * 1000
"""The copies lie over so long, the newest ending now."""
SEGMENT_BYTES = 64 * 1024 * 1024
ID = re.compile(r"(?<=_)01[0-9A-HJKMNP-TV-Z]{24}")
DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
READY_S = 120
WAIT_S = 900
FIGURES = ("total_runs", "denials", "policy_enforced", "tool_distribution")


def main() -> None:
    """Make it, measure it, tell it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--keep", type=Path, help="make it in this folder and leave it, or use what is there")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    with contextlib.ExitStack() as kept:
        folder = asked.keep or Path(kept.enter_context(tempfile.TemporaryDirectory(prefix="aisecops-pages-")))
        demo = folder / "demo"
        if not (folder / "made").exists():
            made(demo, asked.events)
            (folder / "made").touch()
        told = measured(demo, asked.rounds)
    print(json.dumps(told, indent=2) if asked.json else table(told))


# -- a million events ----------------------------------------------------------------------------------------------


def made(folder: Path, events: int) -> None:
    """The demo's installation in `folder`, and copies of what happened in it until the record has so many `events`."""
    with stage(folder) as on:
        for scene in SCENES:
            on.perform(scene)
    state = folder / "state"
    record = (state / "audit" / lines.segment_name(1)).read_bytes().splitlines()
    copies = max(0, (events - len(record)) // len(record))
    apart_ms = SPREAD_MS // max(1, copies)
    now_ms = SystemClock().now_ms()
    began_ms = now_ms - copies * apart_ms
    first_ms = _ms(json.loads(record[0])["at"])
    _copied_record(state, record, copies, began_ms - first_ms, apart_ms)
    _copied_store(state / "store.sqlite", copies, began_ms - first_ms, apart_ms)


def _copied_record(state: Path, record: list[bytes], copies: int, shift_ms: int, apart_ms: int) -> None:
    folder = state / "audit"
    key = SigningKey(secret_key(state, KEY_ID))
    signing = checkpoints.Signing(KEY_ID, lambda message: key.sign(message).signature, bytes(key.verify_key))
    patterns = [_pattern(line) for line in record]
    end = End(1, sum(len(line) + 1 for line in record), len(record), lines.digest(record[-1]), len(record[-1]))
    file = (folder / lines.segment_name(1)).open("ab")
    for copy in range(copies):
        stamp = _stamp(copy)
        for pattern, at_ms in patterns:
            line = (
                ID.sub(lambda found: found[0][:-5] + stamp, pattern)  # noqa: B023 - used at once
                .replace("@AT@", lines.timestamp(at_ms + shift_ms + copy * apart_ms))
                .replace("@PREV@", end.hash)
                .replace('"@SEQ@"', str(end.seq + 1))
                .encode()
            )
            if end.size >= SEGMENT_BYTES:
                file.close()
                end = end._replace(segment=end.segment + 1, size=0)
                file = (folder / lines.segment_name(end.segment)).open("xb")
            file.write(line + b"\n")
            end = End(end.segment, end.size + len(line) + 1, end.seq + 1, lines.digest(line), len(line))
    file.close()
    checkpoints.add(folder, end, at_ms=SystemClock().now_ms(), signing=signing)


def _pattern(line: bytes) -> tuple[str, int]:
    """A line with places for what is new in a copy, and when it was."""
    row = json.loads(line)
    at_ms = _ms(row["at"])
    return lines.canonical({**row, "at": "@AT@", "prev": "@PREV@", "seq": "@SEQ@"}).decode(), at_ms


def _stamp(copy: int) -> str:
    return "".join(DIGITS[copy >> shift & 31] for shift in (20, 15, 10, 5, 0))


def _ms(at: str) -> int:
    return round(datetime.fromisoformat(at).timestamp() * 1000)


def _copied_store(file: Path, copies: int, shift_ms: int, apart_ms: int) -> None:
    """Runs, trees and held steps again; times stand in columns of their own and in the text."""
    with contextlib.closing(sqlite3.connect(file)) as store, store:
        for table, times in (("trees", ()), ("runs", (3,)), ("approvals", (3, 4))):
            rows = store.execute(f"SELECT * FROM {table}").fetchall()  # noqa: S608 - our own names
            places = ",".join("?" * len(rows[0]))
            store.executemany(
                f"INSERT OR IGNORE INTO {table} VALUES ({places})",  # noqa: S608
                (
                    _copied_row(row, times, _stamp(copy), shift_ms + copy * apart_ms)
                    for copy in range(copies)
                    for row in rows
                ),
            )


def _copied_row(row: tuple[Any, ...], times: tuple[int, ...], stamp: str, later_ms: int) -> tuple[Any, ...]:
    moved = {row[at]: row[at] + later_ms for at in times}
    copied = []
    for at, value in enumerate(row):
        if isinstance(value, str):
            text = ID.sub(lambda found: found[0][:-5] + stamp, value)
            for old, new in moved.items():
                text = text.replace(str(old), str(new))
            copied.append(text)
        else:
            copied.append(moved[value] if at in times else value)
    return tuple(copied)


# -- asking --------------------------------------------------------------------------------------------------------


@dataclass
class Answers:
    """What one place took, in milliseconds, and how large its answer was, in bytes."""

    path: str
    cold: float = 0.0
    warm: list[float] = field(default_factory=list)
    size: int = 0


@contextlib.contextmanager
def control(folder: Path) -> Iterator[tuple[int, str]]:
    """`aisecops control` over the installation in `folder`: its port, and the operator's secret."""
    [port] = bench.free_ports(1)
    names = {scene.agent.removesuffix("-bot").upper() for scene in SCENES}
    told = {**environment(), **{f"DEMO_{name}_SECRET": "not used here" for name in names}}
    told |= {"PYTHONPATH": str(bench.ROOT / "addons"), "AISECOPS_CONTROL_LISTEN": f"127.0.0.1:{port}"}
    command = [sys.executable, "-P", "-m", "aisecops", "--config", str(folder / "aisecops.yaml"), "control"]
    with (folder / "control.log").open("wb") as log:
        process = subprocess.Popen(command, env=told, stdout=log, stderr=log)  # noqa: S603 - our own program
        try:
            yield port, (folder / "state" / "operator.secret").read_text().strip()
        finally:
            process.terminate()
            process.wait(READY_S)


def ask(port: int, secret: str, path: str) -> tuple[float, bytes]:
    """One answer: milliseconds, and its bytes."""
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=WAIT_S)
    began = time.perf_counter()
    line.request("GET", path, headers={"Authorization": f"Bearer {secret}"})
    answer = line.getresponse()
    body = answer.read()
    took = (time.perf_counter() - began) * 1000
    line.close()
    if answer.status != http.HTTPStatus.OK:
        raise SystemExit(f"`{path}` answered {answer.status}: {body[:300]!r}")
    return took, body


def ready(port: int) -> None:
    """Wait until somebody listens."""
    until = time.monotonic() + READY_S
    while time.monotonic() < until:
        with contextlib.suppress(OSError):
            line = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            line.request("GET", "/login")
            line.getresponse().read()
            return
        time.sleep(0.05)
    raise SystemExit("the control plane did not start")


def measured(folder: Path, rounds: int) -> dict[str, Any]:
    """Reads the record for the first time, then asks for every page: after a new start, and again and again."""
    (folder / "state" / "figures.index").unlink(missing_ok=True)
    with control(folder) as (port, secret):
        ready(port)
        began = time.perf_counter()
        first_ms, _ = ask(port, secret, "/")
        while True:
            facts = json.loads(ask(port, secret, "/index.json")[1])
            if facts["record"]["read_to_its_end"]:
                break
            time.sleep(0.5)
        counted_s = time.perf_counter() - began
    with control(folder) as (port, secret):
        ready(port)
        pages = [Answers(path) for path in places(port, secret)]
        for page in pages:
            page.cold, body = ask(port, secret, page.path)
            page.size = len(body)
        for _ in range(rounds):
            for page in pages:
                page.warm.append(ask(port, secret, page.path)[0])
    return {
        "events": facts["record"]["seq"],
        "first_page_ms": round(first_ms),
        "counted_anew_s": round(counted_s, 1),
        "load": os.getloadavg()[0],
        "pages": [
            {
                "path": page.path,
                "cold_ms": round(page.cold),
                "warm_ms": round(statistics.median(page.warm), 1),
                "most_ms": round(max(page.warm), 1),
                "kb": round(page.size / 1024, 1),
            }
            for page in pages
        ],
    }


def places(port: int, secret: str) -> list[str]:
    """Every page, each before its twin; runs and steps from the beginning, the middle and the end of the record."""
    seq = json.loads(ask(port, secret, "/index.json")[1])["record"]["seq"]
    runs = json.loads(ask(port, secret, "/runs.json")[1])["runs"]
    waiting = json.loads(ask(port, secret, "/approvals.json")[1])
    held = (waiting["pending"] + waiting["answered"])[0]["approval_id"]
    oldest = json.loads(ask(port, secret, "/records/1.json")[1])["run_id"]
    pages = ["/", "/runs", "/runs?state=halted", f"/runs/{runs[0]['run_id']}", f"/runs/{oldest}", "/approvals"]
    pages += [f"/approvals/{held}", "/policy", "/inventory", "/evaluation", "/maturity"]
    pages += [f"/records?figure={name}" for name in FIGURES]
    pages += [f"/records/{at}" for at in (1, seq // 2, seq)]
    twins = []
    for page in pages:
        path, mark, query = page.partition("?")
        twins += [page, f"{'/index' if path == '/' else path}.json{mark}{query}"]
    return twins


def table(told: dict[str, Any]) -> str:
    """The figures as people read them."""
    rows = [
        f"{told['events']:,} events, load {told['load']:.1f}; read for the first time in {told['counted_anew_s']} s"
    ]
    rows.append(f"the overview's first answer meanwhile: {told['first_page_ms']} ms")
    rows.append(f"{'':44} {'cold ms':>9} {'warm ms':>9} {'most ms':>9} {'KB':>8}")
    for page in told["pages"]:
        path = re.sub(r"01[0-9A-Z]{24}", "…", page["path"])
        rows.append(f"{path:44} {page['cold_ms']:9} {page['warm_ms']:9} {page['most_ms']:9} {page['kb']:8}")
    return "\n".join(rows)


if __name__ == "__main__":
    main()
