"""Every Prometheus metric of the contract (section 9), and the one scrape that shows all processes together.

Under `aisecops up` each process writes its numbers to files in a folder that the supervisor names in
`PROMETHEUS_MULTIPROC_DIR`; the supervisor adds them up when scraped. A worker that dies leaves its counts
behind, so restarting one never makes a counter fall; only restarting `up` starts them from zero. A process
that runs alone keeps its numbers in memory. The variable is read when `prometheus_client` is imported.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server

from aisecops.controls.firewall.detectors import DETECTORS
from aisecops.model.errors import ConfigError
from aisecops.model.provenance import TrustTier
from aisecops.model.refusals import Code
from aisecops.ops.numbers import Room
from aisecops.ops.settings import MetricsSettings
from aisecops.ops.settings_read import environment

FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
MOST_LABELS = 10_000
"""Label sets per metric; what comes after them is counted under `other`. Rules bound labels; this bounds mistakes."""

_QUICK = (0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0)
_SLOW = (0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600)
_RISK = (0.1, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0, 3.0)


class Metrics:
    """The numbers of this process; it is the gateway's port `Meter` too. No method raises or blocks."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry or CollectorRegistry()
        self._room = Room(Path(folder) if (folder := environment().get(FOLDER_VARIABLE)) else None)
        counter, gauge, histogram = self._counter, self._gauge, self._histogram
        self._requests = counter("requests", "requests decided", "agent", "tool", "effect", "decision", "code")
        self._stages = histogram("decision_seconds", "time spent deciding", _QUICK, "stage")
        self._runs = counter("runs", "runs ended", "agent", "outcome")
        self._runs_active = gauge("runs_active", "runs that can act", "livemostrecent")
        self._run_risk = histogram("run_risk", "cumulative risk of a run when it ended", _RISK)
        self._names = counter("dns_queries", "DNS queries of agents", "answer")
        self._budgets = counter("budget_exceeded", "steps refused by a budget", "agent", "budget")
        self._issued = counter("tokens_issued", "capability tokens issued")
        self._rejected = counter("tokens_rejected", "capability tokens that failed verification", "code")
        self._injections = counter("injection_findings", "injection findings", "detector", "tier")
        self._uninspected = counter("uninspected_bytes", "bytes that left unread, because a rule lets them", "reason")
        self._egress = counter("egress_findings", "findings in what leaves", "entity", "action")
        self._pending = gauge("approvals_pending", "held steps waiting for a person", "livemostrecent")
        self._approvals = counter("approvals", "held steps answered", "outcome")
        self._waits = histogram("approval_wait_seconds", "how long held steps waited", _SLOW)
        self._containment = histogram(
            "containment_seconds", "from the halt of a run to the cut of its last open exchange", _QUICK
        )
        self._valid = gauge("policy_valid", "1 when the rules on disk are those in force", "livemin")
        self._policy = gauge("policy_info", "the rule set in force", "livemax", "version")
        self._integrations = gauge("integrations", "integrations by state", "livemostrecent", "state")
        self._events = counter("events", "events recorded", "event")
        self._decisions = counter("decisions", "decisions recorded", "kind", "enforced", "mode")
        self._escalations = counter("chain_escalations", "steps that would take a chain over its line", "outcome")
        self._ended = gauge(
            "runs_ended", "runs of the record that have ended, by what is known of their acts", "mostrecent", "traced"
        )
        self._evals = gauge("eval_pass_ratio", "share of the adversarial suite that passed", "mostrecent", "suite")
        self._live = gauge("eval_live_at_seconds", "when the running gateway was last tried, Unix time", "mostrecent")
        self._maturity = gauge("maturity_level", "maturity level with evidence", "mostrecent")
        self._coverage = gauge("control_coverage_ratio", "share of mandatory controls in force", "mostrecent")
        self._lag = gauge(
            "record_lag_seconds", "age of the oldest event that is not durable, or was not sent", "livemax"
        )
        self._loop_lag = gauge("loop_lag_seconds", "how late the event loop was when last looked at", "livemax")
        self._turned_away = counter("connections_turned_away", "connections that found no place", "reason")
        self._version: str | None = None

    # The gateway

    def decided(self, *, agent: str, tool: str, effect: str, decision: str, code: str, seconds: float) -> None:
        self._requests[agent, tool, effect, decision, code].inc()
        self._stages["decide"].observe(seconds)

    def stage(self, name: str, seconds: float) -> None:
        """One stage of a decision took `seconds`."""
        self._stages[name].observe(seconds)

    def token_rejected(self, code: str) -> None:
        self._rejected[code].inc()

    def egress_found(self, entity: str, action: str) -> None:
        self._egress[entity, action].inc()

    def injection_found(self, detector: str, tier: str) -> None:
        """A detector saw an injection in text of `tier`."""
        self._injections[detector, tier].inc()

    def budget_exceeded(self, agent: str, budget: str) -> None:
        self._budgets[agent, budget].inc()

    def dns_answered(self, answer: str) -> None:
        """A DNS query of an agent came to this end."""
        self._names[answer].inc()

    def approval_ended(self, outcome: str, wait_seconds: float) -> None:
        self._approvals[outcome].inc()
        self._waits[()].observe(max(0.0, wait_seconds))

    def contained(self, seconds: float) -> None:
        self._containment[()].observe(max(0.0, seconds))

    def uninspected(self, reason: str, size_bytes: int) -> None:
        self._uninspected[reason].inc(size_bytes)

    def record_lag(self, seconds: float) -> None:
        """The oldest event that is not durable yet, or not taken by the collector, is this old."""
        self._lag[()].set(seconds)

    def loop_lag(self, seconds: float) -> None:
        """The event loop of this process was so late."""
        self._loop_lag[()].set(seconds)

    def turned_away(self, reason: str) -> None:
        """A connection found no place: its `source` has as many as it may, or `all` together."""
        self._turned_away[reason].inc()

    # The control plane, and whoever reads the rules

    def run_ended(self, agent: str, outcome: str, risk: float) -> None:
        """A run is over: `finished` or `halted`, with its cumulative risk (1.0 is 1.0)."""
        self._runs[agent, outcome].inc()
        self._run_risk[()].observe(risk)

    def runs_active(self, count: int) -> None:
        """So many runs can act now."""
        self._runs_active[()].set(count)

    def recorded(self, event: str) -> None:
        """An event was recorded."""
        self._events[event].inc()

    def decision_recorded(self, *, kind: str, enforced: str, mode: str) -> None:
        """A decision was recorded."""
        self._decisions[kind, enforced, mode].inc()

    def escalation_recorded(self, outcome: str) -> None:
        """A step would have taken its chain over the line: it was `stopped`, or has `passed` by itself."""
        self._escalations[outcome].inc()

    def runs_traced(self, traced: int, ended: int) -> None:
        """Of the runs that have ended, so many are fully traced."""
        self._ended["yes"].set(traced)
        self._ended["no"].set(ended - traced)

    def token_issued(self) -> None:
        """A capability token was issued."""
        self._issued[()].inc()

    def approvals_pending(self, count: int) -> None:
        """So many held steps wait now."""
        self._pending[()].set(count)

    def evaluated(self, suite: str, ratio: float) -> None:
        """This share of a suite's attacks is contained under the rules in force, from 0 to 1."""
        self._evals[suite].set(ratio)

    def tried_live(self, at_s: float) -> None:
        """The running gateway itself was last tried then; 0 for never."""
        self._live[()].set(at_s)

    def integrations(self, state: str, count: int) -> None:
        """So many integrations stand so now."""
        self._integrations[state].set(count)

    def assessed(self, level: int, coverage: float) -> None:
        """The maturity level, and the share of mandatory controls that are shown to be in force."""
        self._maturity[()].set(level)
        self._coverage[()].set(coverage)

    def rules_loaded(self, policy_version: str, agents: Iterable[str] = ()) -> None:
        """These rules are in force, and they are those on disk. What may happen to `agents` is 0 until it does."""
        if self._version not in (None, policy_version):
            self._policy[self._version or ""].set(0)
        self._version = policy_version
        self._policy[policy_version].set(1)
        self._valid[()].set(1)
        self._begin_at_zero(agents)

    def _begin_at_zero(self, agents: Iterable[str]) -> None:
        """A rate over a counter that appears with its first event never sees that event."""
        for agent in agents:
            for outcome in ("finished", "halted"):
                self._runs.made(agent, outcome)
        for outcome in ("approved", "denied", "expired"):
            self._approvals.made(outcome)
        for code in Code:
            if code.is_token_fault:
                self._rejected.made(code.value)
        for detector in DETECTORS:
            for tier in TrustTier:
                self._injections.made(detector.name, tier.value)

    def rules_rejected(self) -> None:
        """The rules on disk are bad; the old ones stay in force."""
        self._valid[()].set(0)

    def _counter(self, name: str, words: str, *labels: str) -> _Children[Counter]:
        self._room.begin(kind := "counter")
        made = Counter(f"aisecops_{name}", words, labels, registry=self.registry)
        return _Children(made, len(labels), lambda: self._room.is_there(kind))

    def _gauge(self, name: str, words: str, together: Any, *labels: str) -> _Children[Gauge]:
        self._room.begin(kind := f"gauge_{together}")
        made = Gauge(f"aisecops_{name}", words, labels, registry=self.registry, multiprocess_mode=together)
        return _Children(made, len(labels), lambda: self._room.is_there(kind))

    def _histogram(self, name: str, words: str, buckets: tuple[float, ...], *labels: str) -> _Children[Histogram]:
        self._room.begin(kind := "histogram")
        made = Histogram(f"aisecops_{name}", words, labels, registry=self.registry, buckets=buckets)
        return _Children(made, len(labels), lambda: self._room.is_there(kind))


class _Children[M: (Counter, Gauge, Histogram)](dict[str | tuple[str, ...], M]):
    """The children of a metric by their label values, each made once: by one value, by several, or by `()` for none.

    There are at most `MOST_LABELS` of them, and no more where there `is_room` for none.
    """

    def __init__(self, metric: M, labels: int, is_room: Callable[[], bool]) -> None:
        super().__init__()
        self._metric: M = metric
        self._labels = labels
        self._is_room = is_room

    def made(self, *values: str) -> None:
        """From now on there is a child for `values`, which may be 0."""
        _ = self[values[0] if self._labels == 1 else values]

    def __missing__(self, values: str | tuple[str, ...]) -> M | _Uncounted:
        if not self._labels:
            return self._metric
        if not self._is_room():
            return _UNCOUNTED
        told = (values,) if isinstance(values, str) else values
        if len(self) >= MOST_LABELS:
            told = ("other",) * self._labels
            return self._metric.labels(*told)
        return self.setdefault(values, self._metric.labels(*told))


class _Uncounted:
    """Takes what there is no room to count; when there is some again, counting begins."""

    def inc(self, amount: float = 1) -> None:
        """Nothing."""

    set = observe = inc


_UNCOUNTED = _Uncounted()


@functools.cache
def process_metrics() -> Metrics:
    """The one `Metrics` of this process."""
    return Metrics()


class Scrape:
    """The open metrics port."""

    def __init__(self, settings: MetricsSettings, registry: CollectorRegistry) -> None:
        try:
            self._server, self._thread = start_http_server(
                settings.listen.port,
                settings.listen.host,
                registry,
                certfile=str(settings.tls_certificate) if settings.tls_certificate else None,
                keyfile=str(settings.tls_key) if settings.tls_key else None,
            )
        except OSError as failed:
            raise ConfigError(
                f"cannot listen on `{settings.listen}` for metrics: {failed.strerror or failed}",
                "free the port, or set metrics.listen",
            ) from None

    @property
    def port(self) -> int:
        """The port it is on, also when it was asked for port 0."""
        return int(self._server.server_port)

    def close(self) -> None:
        """Let go of the port."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
