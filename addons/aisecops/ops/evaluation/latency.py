"""What the gateway adds to a request: the same bytes to the same stand-in, straight and through it.

Measured by the one clock of this process, on connections that stand already, one request at a time.
"""

from __future__ import annotations

import re
import socket
import ssl
import statistics
import time
from collections.abc import Callable, Iterator

import httpx
import orjson

from aisecops.ops.evaluation.actor import TIMEOUT_S, Cast, control_plane
from aisecops.ops.evaluation.line import Heard, exchange, request
from aisecops.ops.evaluation.outcome import Latency
from aisecops.ops.evaluation.places import TOOLS, host, scope_of
from aisecops.ops.evaluation.scenario import Who
from aisecops.ops.evaluation.stage import Stage

SAMPLES = 40
WARM = 3
WHOLE = "decide"
"""The stage that is all of a decision."""
_SAMPLE = {
    part: re.compile(rf'^aisecops_decision_seconds_{part}\{{stage="(\w+)"\}} (\S+)$', re.MULTILINE)
    for part in ("sum", "count")
}


def latencies(stage: Stage) -> Iterator[Latency]:
    """One for each kind of request. Nothing else may run meanwhile."""
    if not stage.probes:
        return
    trust = ssl.create_default_context(cafile=str(stage.trust.bundle))
    straight = ssl.create_default_context(cafile=str(stage.served.ca_path))
    ask = orjson.dumps({"model": "gpt-4o", "max_tokens": 20, "messages": [{"role": "user", "content": "Hello."}]})
    kinds = (
        ("a tool's read", "crm", "GET", TOOLS["crm.read"].path, b"", "crm.read"),
        ("a source", "help", "GET", "/articles/1", b"", ""),
        ("a model", "model", "POST", "/v1/chat/completions", ask, ""),
    )
    with control_plane(stage.settings) as control:
        for kind, role, method, path, body, tool in kinds:
            name = host(role, 0)
            headers = [("Host", name), ("Authorization", "Bearer sk-stand-in"), ("Content-Type", "application/json")]
            length = [("Content-Length", str(len(body)))] if body else []
            stage.slots[0].clear()
            with _straight(stage.served.port, name, straight) as conn:
                data = request(method, path, [*headers, *length], body)
                direct = _sampled(lambda data=data, conn=conn, method=method: exchange(conn, data, method)[0])  # type: ignore[misc]
            before = _stages(stage)
            through = list(_through(stage, control, trust, name, method, path, [*headers, *length], body, tool))
            after = _stages(stage)
            if direct and through:
                yield Latency(
                    kind=kind,
                    direct_ms=statistics.median(direct),
                    through_ms=statistics.median(through),
                    direct_p95_ms=_p95(direct),
                    through_p95_ms=_p95(through),
                    stages=_means(before, after),
                )


def _through(  # noqa: PLR0917 - the parts of one request
    stage: Stage,
    control: httpx.Client,
    trust: ssl.SSLContext,
    name: str,
    method: str,
    path: str,
    headers: list[tuple[str, str]],
    body: bytes,
    tool: str,
) -> Iterator[float]:
    """In as many runs as the agent's rate asks for: waiting for its turn is not the gateway's time."""
    rate = stage.probes[0].rule.budgets.rate
    at_once = max(1, min(rate.count if rate else SAMPLES, SAMPLES) - 1)
    found = 0
    for _ in range(SAMPLES * 2):
        cast = Cast(stage, stage.probes[0], control, trust)
        token = cast.asked(Who.AGENT, tool, scope_of(tool, path, None)) if tool else ""
        shown = [("AISecOps-Capability", token)] if token else []
        data = request(method, path, [*headers, *shown], body)
        lines = cast.lines(Who.AGENT)
        lines.ask(name, data, method=method)  # the connection stands, and is not measured
        for _ in range(at_once):
            began = time.perf_counter()
            heard = lines.ask(name, data, method=method)
            if heard.status == httpx.codes.OK:
                yield (time.perf_counter() - began) * 1000
                found += 1
        cast.close()
        if found >= SAMPLES:
            return


def _sampled(ask: Callable[[], Heard]) -> list[float]:
    found = []
    for number in range(SAMPLES + WARM):
        began = time.perf_counter()
        if ask().status == httpx.codes.OK and number >= WARM:
            found.append((time.perf_counter() - began) * 1000)
    return found


def _straight(port: int, name: str, trust: ssl.SSLContext) -> ssl.SSLSocket:
    return trust.wrap_socket(socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_S), server_hostname=name)


def _stages(stage: Stage) -> dict[str, tuple[float, int]]:
    """Seconds and times of each stage so far. A gateway that serves others meanwhile counts an evaluation nowhere."""
    if stage.live:
        return {}
    text = httpx.get(stage.settings.metrics_url, timeout=TIMEOUT_S, trust_env=False).text
    sums, counts = (dict(_SAMPLE[part].findall(text)) for part in ("sum", "count"))
    return {name: (float(seconds), int(float(counts[name]))) for name, seconds in sums.items()}


def _means(before: dict[str, tuple[float, int]], after: dict[str, tuple[float, int]]) -> dict[str, float]:
    """Milliseconds of each stage for a decision in between."""
    none = (0.0, 0)
    decided = after.get(WHOLE, none)[1] - before.get(WHOLE, none)[1]
    return {
        name: (seconds - before.get(name, none)[0]) * 1000 / decided
        for name, (seconds, _) in after.items()
        if decided and seconds > before.get(name, none)[0]
    }


def _p95(values: list[float]) -> float:
    return sorted(values)[int(len(values) * 0.95)]
