# ruff: noqa: INP001, T201 - a script that prints, beside no package
"""What governance alone costs: calls are admitted and settled here, in one process, with no proxy.

Run it with `python benchmarks/step.py [--rounds N] [--only WORDS] [--store URL] [--write] [--json]` from the
repository. Prints CPU and time per call, the lowest and the middle of many short stretches: on a machine that others
use too, the lowest is nearest to what it costs. The Python calls of one step depend on nobody else. With a `redis://`
URL, whose database must be empty, the round trips of one step are printed.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import random  # noqa: TID251 - texts of a benchmark
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from loads import ANSWER, COMPLETION, HOST, MODEL, PAYLOAD, TURN_BYTES, TURNS, prompt
from stage import ROOT, SECRET_VARIABLE

from aisecops.adapters.store.redis.link import Link
from aisecops.gateway.enforcement import Enforcement
from aisecops.gateway.enforcer import Caller
from aisecops.gateway.runs.issue import IssuedToken, TokenRequest, TokenService
from aisecops.gateway.runs.runs import OpenedRun
from aisecops.model.exchange import HttpRequest, HttpResponse
from aisecops.model.ids import AgentId
from aisecops.model.outcome import Forward
from aisecops.ops.settings_read import environment, load
from aisecops.ops.wiring.control import token_signer
from aisecops.ops.wiring.foundation import AUDIENCE, ISSUER, Foundation, foundation
from aisecops.ops.wiring.gateway import enforcement, usual

AGENT = AgentId("bench")
STRETCH = 25
"""Calls that are timed together; of an agent, all its turns."""
WARM = 100
RULES = """version: 1
agents:
  bench:
    authenticate: {{secret: "env:{variable}"}}
    grants: [{{tool: bench.call, scope: "bench.*"}}]
    budgets: {{max_tool_calls: 10000000, max_write_operations: 10000000, max_cost: 1000000}}
tools:
  bench.call:
    match: {{host: {host}, method: POST, path: "/v1/call"}}
    effect: {effect}
    base_risk: 0
    trust: internal
    scope: "bench.all"
models:
  bench: {{match: {{host: {model}}}, dialect: openai, prices: {{gpt-4o: {{input: 2.50, output: 10.00}}}}}}
"""
SHIPPED = ("agents", "egress", "models", "risk", "tools")
JSON = (("Content-Type", "application/json"),)
_chance = random.Random(time.monotonic_ns())  # noqa: S311 - text, no secret
_WORDS = ["".join(_chance.choices("abcdefghijklmnopqrstuvwxyz", k=_chance.randint(2, 9))) for _ in range(4000)]

type Call = tuple[HttpRequest, HttpResponse]
type Step = Callable[[Call], Awaitable[None]]


@dataclass(frozen=True)
class Load:
    """What is asked, and its goal in milliseconds of CPU. `calls` gives those of one stretch, in the run of `shown`."""

    name: str
    goal_ms: float
    calls: Callable[[tuple[tuple[str, str], ...]], Iterator[Call]]


@dataclass(frozen=True)
class Stage:
    """The gateway without a proxy: `step` takes one call through it, `opened` opens a run and says what shows it."""

    step: Step
    opened: Callable[[], Awaitable[tuple[tuple[str, str], ...]]]


def main() -> None:
    """Measure and print."""
    asked = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    asked.add_argument("--rounds", type=int, default=40)
    asked.add_argument("--only", default="", help="only loads whose name has these words")
    asked.add_argument("--store", default="sqlite", help="as the setting `store`")
    asked.add_argument(
        "--write", action="store_true", help="the tool changes the world: each step is synced to the disk"
    )
    asked.add_argument("--json", action="store_true")
    options = asked.parse_args()
    with at_home(store=options.store, effect="write" if options.write else "read"):
        figures = asyncio.run(_measured([load for load in LOADS if options.only in load.name], options))
    if options.json:
        print(json.dumps(figures, indent=2))
        return
    names = list(dict.fromkeys(name for row in figures.values() for name in row))
    print(f"{'':26}" + "".join(f"{name:>17}" for name in names))
    for named, row in figures.items():
        print(f"{named:26}" + "".join(f"{row.get(name, ''):>17}" for name in names))
    print(f"load average {os.getloadavg()[0]:.1f}")


@contextlib.contextmanager
def at_home(*, store: str = "sqlite", effect: str = "read") -> Iterator[Path]:
    """A folder with settings and rules, in which this process is."""
    os.environ[SECRET_VARIABLE] = "nobody asks for it here"  # noqa: TID251 - a shell's part
    with tempfile.TemporaryDirectory(prefix="step-") as name, contextlib.chdir(name):
        folder = Path(name)
        (folder / "rules").mkdir()
        ours = RULES.format(variable=SECRET_VARIABLE, host=HOST, effect=effect, model=MODEL)
        (folder / "rules" / "bench.yaml").write_text(ours)
        for shipped in SHIPPED:
            (folder / "rules" / f"{shipped}.yaml").write_text((ROOT / "rules" / f"{shipped}.yaml").read_text())
        places = {f"{host}:443": "127.0.0.1:1" for host in (HOST, MODEL)}
        settings = {"store": store, "upstream": {"resolve": places}}
        (folder / "aisecops.yaml").write_text(json.dumps(settings))  # JSON is YAML
        yield folder


async def _measured(loads: list[Load], options: argparse.Namespace) -> dict[str, dict[str, Any]]:
    cpu_ms: dict[str, list[float]] = {load.name: [] for load in loads}
    wall_ms: dict[str, list[float]] = {load.name: [] for load in loads}
    figures: dict[str, dict[str, Any]] = {}
    async with staged() as stage:
        shown = await stage.opened()
        for load in loads:
            for _ in range(-(-WARM // STRETCH)):
                for call in load.calls(await _run_of(load, stage, shown)):
                    await stage.step(call)
        for _ in range(options.rounds):
            for load in loads:  # in turns, so that a busy machine is busy for all of them
                calls = list(load.calls(await _run_of(load, stage, shown)))
                wall, cpu = time.perf_counter(), time.process_time()
                for call in calls:
                    await stage.step(call)
                cpu_ms[load.name].append((time.process_time() - cpu) * 1000 / len(calls))
                wall_ms[load.name].append((time.perf_counter() - wall) * 1000 / len(calls))
        for load in loads:
            calls = list(load.calls(await _run_of(load, stage, shown)))
            figures[load.name] = {
                "CPU ms, lowest": round(min(cpu_ms[load.name]), 3),
                "CPU ms, median": round(statistics.median(cpu_ms[load.name]), 3),
                "goal": load.goal_ms,
                "time ms, median": round(statistics.median(wall_ms[load.name]), 3),
                "Python calls": round(await _counted(stage.step, calls)),
            }
            if options.store != "sqlite":
                *before, last = load.calls(await _run_of(load, stage, shown))
                for call in before:
                    await stage.step(call)
                figures[load.name]["round trips"] = len(await _trips(stage.step, last))
    return figures


async def _run_of(load: Load, stage: Stage, shown: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    """An agent's turns are those of one run; the other loads go on in the one that is `shown`."""
    return await stage.opened() if load.calls is _conversation else shown


@contextlib.asynccontextmanager
async def staged() -> AsyncIterator[Stage]:
    """The parts of a gateway, wired as `aisecops up` wires them."""
    settings = load({})
    async with contextlib.AsyncExitStack() as entered:
        base = await entered.enter_async_context(foundation(settings, environment()))
        await _shown(base)  # makes the key that the gateway reads, too
        around = await entered.enter_async_context(usual(base))
        enforcer = await entered.enter_async_context(enforcement(base, around))

        async def step(call: Call) -> None:
            await _governed(enforcer, *call)

        yield Stage(step, lambda: _shown(base))


async def _shown(base: Foundation) -> tuple[tuple[str, str], ...]:
    """The headers of a new run with a token."""
    signer = token_signer(base.settings, base.clock, environment())
    opened = await base.runs().open(AGENT, opened_by=f"agent:{AGENT}")
    assert isinstance(opened, OpenedRun), opened
    tokens = TokenService(base, signer=signer, issuer=ISSUER, audience=AUDIENCE, points=base.points)
    wanted = TokenRequest(run_id=opened.run.run_id, tool="bench.call", scope="bench.all", ttl_s=900)
    issued = await tokens.issue(AGENT, wanted)
    assert isinstance(issued, IssuedToken), issued
    return (("AISecOps-Run", opened.run.run_id), ("AISecOps-Capability", issued.token))


async def _governed(enforcer: Enforcement, request: HttpRequest, response: HttpResponse) -> None:
    forward = await enforcer.admit(Caller(agent_id=AGENT), request)
    assert isinstance(forward, Forward), forward
    assert isinstance(await enforcer.settle(forward.permit, response), HttpResponse)


# What is asked


def _text(size: int) -> str:
    """Text that nobody has seen, of so many words as a language mostly uses."""
    return " ".join(_chance.choices(_WORDS, k=size))[:size]


def _of_tool(shown: tuple[tuple[str, str], ...], body: bytes, answer: bytes) -> Call:
    request = HttpRequest(
        method="POST", scheme="https", host=HOST, port=443, path="/v1/call", headers=(*JSON, *shown), body=body
    )
    return request, HttpResponse(status=200, headers=JSON, body=answer)


def _of_model(shown: tuple[tuple[str, str], ...], says: list[dict[str, str]]) -> Call:
    request = HttpRequest(
        method="POST", scheme="https", host=MODEL, port=443, path="/v1/chat/completions", headers=(*JSON, shown[0]),
        body=prompt(says),
    )  # fmt: skip
    return request, HttpResponse(status=200, headers=JSON, body=COMPLETION)


def _same(shown: tuple[tuple[str, str], ...]) -> Iterator[Call]:
    return (_of_tool(shown, PAYLOAD, ANSWER) for _ in range(STRETCH))


def _new(shown: tuple[tuple[str, str], ...]) -> Iterator[Call]:
    for _ in range(STRETCH):
        body, answer = (json.dumps({name: _text(1000)}).encode() for name in ("query", "found"))
        yield _of_tool(shown, body, answer)


def _conversation(shown: tuple[tuple[str, str], ...]) -> Iterator[Call]:
    says: list[dict[str, str]] = []
    for _ in range(TURNS):
        says.append({"role": "user", "content": _text(TURN_BYTES)})
        yield _of_model(shown, says)


_PROMPT = _text(100_000)


def _seen(shown: tuple[tuple[str, str], ...]) -> Iterator[Call]:
    says = [{"role": "user", "content": _PROMPT}]
    return (_of_model(shown, says) for _ in range(STRETCH))


LOADS = (
    Load("tool call 1 KB, seen", 0.15, _same),
    Load("tool call 1 KB, new", 0.15, _new),
    Load("turn: 2 KB new, 50 resent", 0.45, _conversation),
    Load("prompt of 100 KB, seen", 0.7, _seen),
)


# What is counted


async def _counted(step: Step, calls: list[Call]) -> float:
    """Python calls of each of `calls` in this thread, those of functions in C included."""
    count = 0

    def seen(_frame: object, happening: str, _arg: object) -> None:
        nonlocal count
        count += happening in {"call", "c_call"}

    sys.setprofile(seen)
    try:
        for call in calls:
            await step(call)
    finally:
        sys.setprofile(None)
    return count / len(calls)


async def _trips(step: Step, call: Call) -> list[None]:
    """One for each time that a server is asked during a step."""
    trips: list[None] = []
    ask = Link.ask

    async def counted(link: Link, *script: Any) -> Any:
        trips.append(None)
        return await ask(link, *script)

    Link.ask = counted  # type: ignore[method-assign]  # a benchmark may
    try:
        await step(call)
    finally:
        Link.ask = ask  # type: ignore[method-assign]
    return trips


if __name__ == "__main__":
    main()
