# ruff: noqa: INP001, T201 - a script that prints, beside no package
"""What governance alone costs: a tool call of 1 KB with its token is admitted and settled here, with no proxy.

Run it with `python benchmarks/step.py [--calls N] [--store URL] [--write] [--json]` from the repository. Prints CPU and
time per call, the lowest and the middle of many short stretches: on a machine that others use too, the lowest is
nearest to what it costs. With a `redis://` URL, whose database must be empty, the round trips of one step are printed.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

from stage import ROOT, SECRET_VARIABLE

from aisecops.adapters.store.redis.link import Link
from aisecops.gateway.enforcement import Enforcement
from aisecops.gateway.enforcer import Caller
from aisecops.gateway.issue import IssuedToken, TokenRequest, TokenService
from aisecops.gateway.runs import OpenedRun
from aisecops.model.exchange import HttpRequest, HttpResponse
from aisecops.model.ids import AgentId
from aisecops.model.outcome import Forward
from aisecops.ops.metrics import process_metrics
from aisecops.ops.settings_read import environment, load
from aisecops.ops.wiring.control import token_signer
from aisecops.ops.wiring.foundation import AUDIENCE, ISSUER, Foundation, foundation
from aisecops.ops.wiring.gateway import enforcement, usual

AGENT, HOST = AgentId("bench"), "bench.internal"
STRETCH = 25
"""Calls that are timed together."""
GOAL_MS = 0.15
RULES = """version: 1
agents:
  bench:
    authenticate: {{secret: "env:{variable}"}}
    grants: [{{tool: bench.call, scope: "bench.*"}}]
    budgets: {{max_tool_calls: 10000000, max_write_operations: 10000000}}
tools:
  bench.call:
    match: {{host: {host}, method: POST, path: "/v1/call"}}
    effect: {effect}
    base_risk: 0
    trust: internal
    scope: "bench.all"
"""
SHIPPED = ("agents", "egress", "models", "risk", "tools")
type Step = Callable[[], Awaitable[None]]


def main() -> None:
    """Measure and print."""
    asked = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    asked.add_argument("--calls", type=int, default=2000)
    asked.add_argument("--store", default="sqlite", help="as the setting `store`")
    asked.add_argument(
        "--write", action="store_true", help="the tool changes the world: each step is synced to the disk"
    )
    asked.add_argument("--json", action="store_true")
    options = asked.parse_args()
    os.environ[SECRET_VARIABLE] = "nobody asks for it here"  # noqa: TID251 - a shell's part
    with tempfile.TemporaryDirectory(prefix="step-") as folder, contextlib.chdir(folder):
        figures = asyncio.run(_measured(Path(folder), options))
    if options.json:
        print(json.dumps(figures, indent=2))
        return
    for name, value in figures.items():
        print(f"{name:24} {value}")
    print(f"{'goal':24} at most {GOAL_MS} ms of CPU")


async def _measured(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    (folder / "rules").mkdir()
    effect = "write" if options.write else "read"
    (folder / "rules" / "bench.yaml").write_text(RULES.format(variable=SECRET_VARIABLE, host=HOST, effect=effect))
    for name in SHIPPED:
        (folder / "rules" / f"{name}.yaml").write_text((ROOT / "rules" / f"{name}.yaml").read_text())
    settings = {"store": options.store, "upstream": {"resolve": {f"{HOST}:443": "127.0.0.1:1"}}}
    (folder / "aisecops.yaml").write_text(json.dumps(settings))  # JSON is YAML
    async with _stepping() as step:
        trips = await _trips(step)
        cpu_ms, wall_ms = [], []
        for _ in range(max(1, options.calls // STRETCH)):
            wall, cpu = time.perf_counter(), time.process_time()
            for _ in range(STRETCH):
                await step()
            cpu_ms.append((time.process_time() - cpu) * 1000 / STRETCH)
            wall_ms.append((time.perf_counter() - wall) * 1000 / STRETCH)
    return {
        "CPU ms, lowest": round(min(cpu_ms), 3),
        "CPU ms, median": round(statistics.median(cpu_ms), 3),
        "time ms, lowest": round(min(wall_ms), 3),
        "time ms, median": round(statistics.median(wall_ms), 3),
        "round trips": len(trips) if options.store != "sqlite" else "none: a file",
        "load average": round(os.getloadavg()[0], 1),
    }


@contextlib.asynccontextmanager
async def _stepping() -> AsyncIterator[Step]:
    """One call, from request to answer, in a run that has had a hundred."""
    settings = load({})
    async with contextlib.AsyncExitStack() as entered:
        base = await entered.enter_async_context(foundation(settings, environment()))
        shown = await _shown(base)  # makes the key that the gateway reads, too
        around = await entered.enter_async_context(usual(base))
        enforcer = await entered.enter_async_context(enforcement(base, process_metrics(), around))
        body, answer = (json.dumps({name: "x" * 1000}).encode() for name in ("query", "found"))
        about = (("Content-Type", "application/json"),)
        request = HttpRequest(
            method="POST", scheme="https", host=HOST, port=443, path="/v1/call", headers=(*about, *shown), body=body
        )
        response = HttpResponse(status=200, headers=about, body=answer)

        async def step() -> None:
            await _governed(enforcer, request, response)

        for _ in range(100):
            await step()
        yield step


async def _shown(base: Foundation) -> tuple[tuple[str, str], ...]:
    """The headers of a new run with a token."""
    signer = token_signer(base.settings, base.clock, environment())
    opened = await base.runs().open(AGENT, opened_by=f"agent:{AGENT}")
    assert isinstance(opened, OpenedRun), opened
    tokens = TokenService(
        store=base.store, record=base.record, rules=base.rules, clock=base.clock, ids=base.ids, signer=signer,
        issuer=ISSUER, audience=AUDIENCE, points=base.points,
    )  # fmt: skip
    wanted = TokenRequest(run_id=opened.run.run_id, tool="bench.call", scope="bench.all", ttl_s=900)
    issued = await tokens.issue(AGENT, wanted)
    assert isinstance(issued, IssuedToken), issued
    return (("AISecOps-Run", opened.run.run_id), ("AISecOps-Capability", issued.token))


async def _governed(enforcer: Enforcement, request: HttpRequest, response: HttpResponse) -> None:
    forward = await enforcer.admit(Caller(agent_id=AGENT), request)
    assert isinstance(forward, Forward), forward
    assert isinstance(await enforcer.settle(forward.permit, response), HttpResponse)


async def _trips(step: Step) -> list[None]:
    """One for each time that a server is asked during a step."""
    trips: list[None] = []
    ask = Link.ask

    async def counted(link: Link, *script: Any) -> Any:
        trips.append(None)
        return await ask(link, *script)

    Link.ask = counted  # type: ignore[method-assign]  # a benchmark may
    try:
        await step()
    finally:
        Link.ask = ask  # type: ignore[method-assign]
    return trips


if __name__ == "__main__":
    main()
