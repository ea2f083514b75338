# ruff: noqa: INP001, T201 - a script that prints, beside no package
"""What the gateway costs: the same loads direct, through bare mitmdump, and through `aisecops up`.

Run it with `python benchmarks/gateway.py [--rounds N] [--only WORDS] [--json] [--write]` from the repository. All
three ways are driven in turns within one run against one TLS upstream in a process of its own; only figures of one run
may be compared. `--write` leaves the figures, beside the goals, in `benchmarks/RESULTS.md`.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.metadata
import json
import os
import platform
import shutil
import socket
import ssl
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from loads import ANSWER, HOST, LOADS, MODEL, PAYLOAD, Load, NotServedError, Way, answer
from stage import cpu_ms, free_ports, installed, upstream, with_all_below

AGENT = "bench"
FIGURES = {"p50_ms": "p50 ms", "p99_ms": "p99 ms", "per_second": "per second", "cpu_ms": "CPU ms each"}
MOST_S = 200.0
"""No round begins later than this, so that all of it takes less than four minutes on a busy machine too."""
RESULTS = Path(__file__).with_name("RESULTS.md")

RULES = f"""version: 1
agents:
  {AGENT}:
    authenticate: {{secret: "env:BENCH_SECRET"}}
    grants:
      - {{tool: bench.call, scope: "bench.*"}}
      - {{tool: bench.feed, scope: "bench.*"}}
    budgets: {{max_tool_calls: 10000000}}
tools:
  bench.call:
    match: {{host: {HOST}, method: POST, path: "/v1/call"}}
    effect: read
    base_risk: 0
    trust: internal
    scope: "bench.all"
  bench.feed:
    match: {{host: {HOST}, method: WEBSOCKET, path: "/feed"}}
    effect: read
    base_risk: 0
    trust: internal
    scope: "bench.all"
models:
  bench: {{match: {{host: {MODEL}}}, dialect: openai, prices: {{gpt-4o: {{input: 2.50, output: 10.00}}}}}}
"""

# The core dials by name, and holds whole event streams back: this is all that is added to the bare one.
SCRIPT = """import socket
real = socket.getaddrinfo
def getaddrinfo(host, port, *rest, **how):
    there = host in {hosts!r}
    return real("127.0.0.1" if there else host, {port} if there else port, *rest, **how)
socket.getaddrinfo = getaddrinfo
def responseheaders(flow):
    flow.response.stream = "event-stream" in flow.response.headers.get("content-type", "")
"""


@dataclass(frozen=True)
class Goal:
    """A bound on the ratio of ours to `to` in one figure of one load; `plus`: on the difference instead."""

    load: str
    figure: str
    to: str
    bound: float
    least: bool = False
    plus: bool = False

    def said(self) -> str:
        """The goal in words."""
        sign = "at least" if self.least else "at most"
        return f"{sign} +{self.bound:g} ms" if self.plus else f"{sign} {self.bound:g}"

    def met(self, value: float) -> bool:
        """True when `value` is no worse."""
        return value >= self.bound if self.least else value <= self.bound


GOALS = (
    Goal("tool call 1 KB, 1 line", "cpu_ms", "bare", 0.5),
    Goal("tool call 1 KB, 1 line", "per_second", "bare", 2, least=True),
    Goal("tool call 1 KB, 8 lines", "cpu_ms", "bare", 0.5),
    Goal("tool call 1 KB, 8 lines", "per_second", "bare", 2, least=True),
    Goal("new connections", "cpu_ms", "bare", 0.55),
    Goal("server-sent stream, 4 at once", "p50_ms", "direct", 0.3, plus=True),
)
WITHOUT = (
    "The other loads have no goal of their own: an early model of this pipeline measured 0.82 of bare's CPU for the "
    "prompt of 100 KB and 0.55 for the agent, with a scan that did much less."
)


# The proxies


@contextlib.contextmanager
def bare(folder: Path, upstream_port: int, ca: Path) -> Iterator[Way]:
    """`mitmdump -q` with nothing but the trust and the address of the upstream, and event streams passed on."""
    script, (port,) = folder / "bare.py", free_ports(1)
    script.write_text(
        SCRIPT.format(hosts={x for host in (HOST, MODEL) for x in (host, host.encode())}, port=upstream_port)
    )
    command = [_beside("mitmdump"), "-q", "-s", str(script), "--listen-host", "127.0.0.1", "-p", str(port)]
    options = {"confdir": folder, "connection_strategy": "lazy", "ssl_verify_upstream_trusted_ca": ca}
    process = subprocess.Popen([*command, *(x for k, v in options.items() for x in ("--set", f"{k}={v}"))])  # noqa: S603
    try:
        _until_it_listens(port)
        trust = ssl.create_default_context(cafile=str(folder / "mitmproxy-ca-cert.pem"))
        yield Way("bare", port, trust, upstream_port, pids=lambda: [process.pid])
    finally:
        process.terminate()
        process.wait()


@contextlib.contextmanager
def ours(folder: Path, upstream_port: int, ca: Path, *, lane: str = "fast") -> Iterator[Way]:
    """`aisecops up` with one agent and two tools; the CPU of its gateway process and what is below that."""
    places = {HOST: upstream_port, MODEL: upstream_port}
    with installed(folder, RULES, agent=AGENT, places=places, ca=ca, lane=lane) as site:
        yield Way(
            folder.name,
            site.proxy,
            site.trust,
            upstream_port,
            connect=f"Proxy-Authorization: {site.shown}\r\n".encode(),
            headers={kind: _lines(site.permitted(f"bench.{kind}", "bench.*")) for kind in ("call", "feed")},
            run=lambda: _lines({"AISecOps-Run": site.asked("/v1/runs", {})["run_id"]}),
            pids=lambda: [pid for gateway in site.gateways() for pid in with_all_below(gateway)],
        )


def slower(folder: Path, upstream_port: int, ca: Path) -> contextlib.AbstractContextManager[Way]:
    """Ours without its fast lane."""
    return ours(folder, upstream_port, ca, lane="mitmproxy")


def _lines(headers: dict[str, str]) -> bytes:
    return "".join(f"{name}: {value}\r\n" for name, value in headers.items()).encode()


# One round


def drive(way: Way, load: Load) -> dict[str, float]:
    """One round of one load over one way. Opening and warming what is kept is not counted."""
    with contextlib.ExitStack() as stack:
        asked = load.begin(way, stack)
        cpu, began = cpu_ms(way.pids()), time.perf_counter()
        taken = asked()
        seconds, spent = time.perf_counter() - began, cpu_ms(way.pids()) - cpu
    return {
        "p50_ms": statistics.median(taken),
        "p99_ms": sorted(taken)[int(len(taken) * 0.99)],
        "per_second": len(taken) / seconds,
        "cpu_ms": spent / len(taken),
    }


def _until_it_listens(port: int) -> None:
    ends = time.monotonic() + 60
    while time.monotonic() < ends:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.1)
    raise SystemExit("mitmdump did not start")


def _beside(name: str) -> str:
    found = shutil.which(name, path=f"{Path(sys.executable).parent}:{os.environ.get('PATH', '')}")  # noqa: TID251 - ditto
    if found is None:
        raise SystemExit(f"there is no {name}")
    return found


# The figures

type Rounds = dict[str, dict[str, list[dict[str, float]]]]


def measured(rounds: int, loads: Sequence[Load] = LOADS) -> Rounds:
    """Every round's figures, by load and way."""
    ends = time.monotonic() + MOST_S
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="aisecops-bench-")))
        for name in ("upstream", "bare", "ours", "slower"):
            (folder / name).mkdir()
        port, ca = stack.enter_context(upstream(folder / "upstream", [HOST, MODEL], answer))
        ways = [Way("direct", 0, ssl.create_default_context(cafile=str(ca)), port)]
        with ThreadPoolExecutor() as pool:  # each takes seconds to start
            starting = [
                pool.submit(stack.enter_context, make(folder / make.__name__, port, ca))
                for make in (bare, ours, slower)
            ]
            ways += [each.result() for each in starting]
        found: Rounds = {load.name: {way.name: [] for way in ways} for load in loads}
        for number in range(-1, rounds):  # the first warms up
            if number > 0 and time.monotonic() > ends:
                break
            for load in loads:
                for way in ways:
                    figures = drive(way, load)
                    if number >= 0:
                        found[load.name][way.name].append(figures)
    return found


def summary(found: Rounds) -> dict[str, Any]:
    """Medians over rounds with their least and most, and the same of each round's ratio of ours to the others."""
    return {
        load: {
            **{way: {key: _spread([one[key] for one in rounds]) for key in FIGURES} for way, rounds in ways.items()},
            **{
                f"ours/{other}": {
                    key: _spread([a[key] / b[key] for a, b in zip(ways["ours"], ways[other], strict=True) if b[key]])
                    for key in FIGURES
                    if any(b[key] for b in ways[other])
                }
                for other in ("direct", "bare", "slower")
            },
        }
        for load, ways in found.items()
    }


def _spread(values: list[float]) -> dict[str, float]:
    return {"median": statistics.median(values), "least": min(values), "most": max(values)}


def goals(result: dict[str, Any]) -> list[tuple[Goal, float]]:
    """Each goal with what was measured."""
    return [
        (
            goal,
            result[goal.load]["ours"][goal.figure]["median"] - result[goal.load][goal.to][goal.figure]["median"]
            if goal.plus
            else result[goal.load][f"ours/{goal.to}"][goal.figure]["median"],
        )
        for goal in GOALS
        if goal.load in result
    ]


def versions() -> dict[str, str]:
    """What was measured, on what."""
    names = ("mitmproxy", "cryptography", "msgspec")
    how = sysconfig.get_config_var("CONFIG_ARGS") or ""
    python = platform.python_version() + ("" if "--enable-optimizations" in how else " (built without PGO)")
    machine = {"python": python, "kernel": platform.release(), "cpus": str(os.cpu_count()), "cpu": _model()}
    return machine | {name: importlib.metadata.version(name) for name in names}


def _model() -> str:
    said = Path("/proc/cpuinfo").read_text().partition("model name")[2]
    return said.partition(":")[2].partition("\n")[0].strip() or platform.machine()


# What is printed


def page(result: dict[str, Any], rounds: int, when: str, load: tuple[float, float]) -> str:
    """The figures in Markdown: the goals first, then every load."""
    lines = [
        "# Results of `gateway.py`",
        "",
        (
            f"{when}, medians of {rounds} interleaved rounds (least to most); "
            f"load average {load[0]:.1f} before, {load[1]:.1f} after."
        ),
        ", ".join(f"{name} {version}" for name, version in versions().items()) + ".",
        "Load generator, upstream and proxy share the machine: ratios count, absolute figures do not.",
        (
            "`bare` is `mitmdump -q` that passes event streams on; `ours` is `aisecops up` with one worker, with "
            "its scanners; `slower` is the same without its fast lane."
        ),
        "",
        "| load | figure | measured | goal | met |",
        "|---|---|---|---|---|",
    ]
    for goal, value in goals(result):
        figure = f"{FIGURES[goal.figure]}, ours {'minus' if goal.plus else 'to'} {goal.to}"
        shown = f"+{value:.2f} ms" if goal.plus else f"{value:.2f}"
        lines.append(f"| {goal.load} | {figure} | {shown} | {goal.said()} | {'yes' if goal.met(value) else '**no**'} |")
    lines += ["", WITHOUT]
    for each in LOADS:
        if each.name not in result:
            continue
        ways = result[each.name]
        lines += ["", f"## {each.name} (each: one {each.unit})", ""]
        lines += ["| way | " + " | ".join(FIGURES.values()) + " |", "|---" * (len(FIGURES) + 1) + "|"]
        for way in ("direct", "bare", "slower", "ours", "ours/slower", "ours/bare", "ours/direct"):
            cells = [_cell(ways[way].get(key)) if way != "direct" or key != "cpu_ms" else "" for key in FIGURES]
            lines.append(f"| {way} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _cell(one: dict[str, float] | None) -> str:
    return f"{one['median']:.2f} ({one['least']:.2f} to {one['most']:.2f})" if one else ""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="", help="loads whose name holds these words")
    parser.add_argument("--json", action="store_true", help="all figures as JSON")
    parser.add_argument("--write", action="store_true", help=f"leave them in {RESULTS.name} too")
    asked = parser.parse_args()
    loads = [load for load in LOADS if asked.only in load.name]
    if not loads or (asked.write and asked.only):
        parser.error("no load has such a name" if not loads else "what is written is all of it")
    before = os.getloadavg()[0]
    try:
        found = measured(asked.rounds, loads)
    except NotServedError as error:
        raise SystemExit(f"not served: {error}") from None
    result, rounds = summary(found), len(next(iter(found.values()))["ours"])
    said = page(result, rounds, time.strftime("%d %B %Y"), (before, os.getloadavg()[0]))
    if asked.write:
        RESULTS.write_text(said)
    if asked.json:
        print(json.dumps({"versions": versions(), "rounds": rounds, "loads": result}, indent=2))
    else:
        print(said, end="")


__all__ = ["ANSWER", "PAYLOAD", "RULES"]

if __name__ == "__main__":
    main()
