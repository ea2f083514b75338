"""Sends logs, spans and metrics to a collector, through OpenTelemetry's own exporters (OTLP over HTTP).

Knows the SDK, and what an answer of the collector means: taken, come again, or never to be taken. Blocking: it is
called in a process of its own, which nothing waits for.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any

import requests
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    Gauge,
    Histogram,
    HistogramDataPoint,
    Metric,
    MetricsData,
    NumberDataPoint,
    ResourceMetrics,
    ScopeMetrics,
    Sum,
)
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    set_span_in_context,
)
from prometheus_client import Metric as Family

from aisecops import __version__
from aisecops.adapters.audit.otel import LogLine, TraceSpan

TIMEOUT_S = 5.0
"""How long one attempt may take, the exporter's own retries included."""

_SCOPE = InstrumentationScope("aisecops", __version__)
_SAMPLED = TraceFlags(TraceFlags.SAMPLED)
_NS = 1_000_000
_SEVERITIES = {"info": SeverityNumber.INFO, "warn": SeverityNumber.WARN, "error": SeverityNumber.ERROR}
_TAKEN = range(200, 300)
_NEVER = frozenset({400, 413, 415, 422})
"""What a collector says of data that it will not take however often it is sent."""


class Sent(StrEnum):
    """What became of a batch."""

    TAKEN = "taken"
    LATER = "later"
    NEVER = "never"


class _Heard(requests.Session):
    """A session that keeps what the collector said last; it takes no proxy and no credentials from its surroundings."""

    def __init__(self) -> None:
        super().__init__()
        self.trust_env = False
        self.status: int | None = None
        self.why = ""

    def request(self, *given: Any, **named: Any) -> requests.Response:
        self.status = None
        try:
            response = super().request(*given, **named)
        except requests.RequestException as error:
            self.why = type(error).__name__
            raise
        self.status, self.why = response.status_code, f"{response.status_code} {response.reason}"
        return response


class Collector:
    """A collector at `url`, under which it takes `v1/logs`, `v1/traces` and `v1/metrics`.

    `trust` is a PEM file, for one that speaks TLS. `OTEL_EXPORTER_OTLP_HEADERS` of the environment goes along.
    `installation` tells several of them apart, as `service.instance.id`.
    """

    def __init__(self, url: str, *, trust: Path | None = None, installation: str = "") -> None:
        # what it says of each attempt is said once by whoever calls
        logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
        self._heard = _Heard()
        self._resource = Resource(
            {"service.name": "aisecops", "service.version": __version__, "service.instance.id": installation}
        )
        place = url.rstrip("/")
        given: dict[str, Any] = {
            "certificate_file": str(trust) if trust else None,
            "timeout": TIMEOUT_S,
            "compression": Compression.Gzip,
            "session": self._heard,
        }
        self._logs = OTLPLogExporter(endpoint=f"{place}/v1/logs", **given)
        self._spans = OTLPSpanExporter(endpoint=f"{place}/v1/traces", **given)
        self._metrics = OTLPMetricExporter(endpoint=f"{place}/v1/metrics", **given)
        self._since_ns = time.time_ns()

    @property
    def why(self) -> str:
        """What it said last, or how it did not answer."""
        return self._heard.why

    def logs(self, lines: Sequence[LogLine]) -> Sent:
        """Send log records."""
        return self._sent(lambda: self._logs.export([self._log(line) for line in lines]))

    def spans(self, spans: Sequence[TraceSpan]) -> Sent:
        """Send spans."""
        return self._sent(lambda: self._spans.export([self._span(span) for span in spans]))

    def metrics(self, families: Iterable[Family]) -> Sent:
        """Send what a Prometheus registry has, as it is now."""
        now_ns = time.time_ns()
        made = [metric for family in families if (metric := _metric(family, self._since_ns, now_ns)) is not None]
        scope = ScopeMetrics(_SCOPE, made, "")
        return self._sent(lambda: self._metrics.export(MetricsData([ResourceMetrics(self._resource, [scope], "")])))

    def close(self) -> None:
        """Let go of the connections; an attempt under way is given up."""
        for exporter in (self._logs, self._spans, self._metrics):
            exporter.shutdown()

    def _sent(self, export: Callable[[], Any]) -> Sent:
        self._heard.status = None
        export()
        # what the exporter returns is not asked: it takes a redirect for a success
        status = self._heard.status
        if status in _TAKEN:
            return Sent.TAKEN
        return Sent.NEVER if status in _NEVER else Sent.LATER

    def _log(self, line: LogLine) -> ReadableLogRecord:
        about = SpanContext(line.trace_id, line.span_id, is_remote=False, trace_flags=_SAMPLED)
        record = LogRecord(
            timestamp=line.at_ms * _NS,
            observed_timestamp=line.at_ms * _NS,
            context=set_span_in_context(NonRecordingSpan(about)) if line.trace_id else None,
            severity_number=_SEVERITIES[line.severity],
            severity_text=line.severity.upper(),
            body=line.body,
            attributes=line.attributes,
            event_name=line.event_name,
        )
        return ReadableLogRecord(record, self._resource, _SCOPE)

    def _span(self, span: TraceSpan) -> ReadableSpan:
        def of(trace_id: int, span_id: int) -> SpanContext:
            return SpanContext(trace_id, span_id, is_remote=trace_id != span.trace_id, trace_flags=_SAMPLED)

        return ReadableSpan(
            name=span.name,
            context=of(span.trace_id, span.span_id),
            parent=of(span.trace_id, span.parent_id) if span.parent_id else None,
            resource=self._resource,
            attributes=span.attributes,
            links=[Link(of(*ids)) for ids in span.links],
            kind=SpanKind.CLIENT if span.outgoing else SpanKind.INTERNAL,
            status=Status(StatusCode.ERROR, span.error) if span.error else Status(StatusCode.UNSET),
            start_time=span.start_ms * _NS,
            end_time=span.end_ms * _NS,
            instrumentation_scope=_SCOPE,
        )


def _metric(family: Family, since_ns: int, now_ns: int) -> Metric | None:
    """A family of the registry under its own name; None for what this knows no form of."""
    match family.type:
        case "counter":
            points = _numbers(family, "_total", since_ns, now_ns)
            data: Any = Sum(points, AggregationTemporality.CUMULATIVE, is_monotonic=True)
        case "gauge":
            data = Gauge(_numbers(family, "", since_ns, now_ns))
        case "histogram":
            data = Histogram(_histograms(family, since_ns, now_ns), AggregationTemporality.CUMULATIVE)
        case _:
            return None
    unit = "s" if family.name.endswith("_seconds") else "1"
    return Metric(family.name, family.documentation, unit, data)


def _numbers(family: Family, suffix: str, since_ns: int, now_ns: int) -> list[NumberDataPoint]:
    wanted = family.name + suffix
    return [
        NumberDataPoint(dict(sample.labels), since_ns, now_ns, sample.value)
        for sample in family.samples
        if sample.name == wanted
    ]


def _histograms(family: Family, since_ns: int, now_ns: int) -> list[HistogramDataPoint]:
    """Prometheus counts a value in every bucket above it, OTLP in one."""
    buckets: dict[tuple[tuple[str, str], ...], dict[float, float]] = {}
    sums: dict[tuple[tuple[str, str], ...], float] = {}
    for sample in family.samples:
        labels = tuple(sorted((key, value) for key, value in sample.labels.items() if key != "le"))
        if sample.name == f"{family.name}_bucket":
            buckets.setdefault(labels, {})[float(sample.labels["le"])] = sample.value
        elif sample.name == f"{family.name}_sum":
            sums[labels] = sample.value
    return [
        _histogram(dict(labels), sorted(found.items()), sums.get(labels, 0.0), since_ns, now_ns)
        for labels, found in buckets.items()
    ]


def _histogram(
    labels: Mapping[str, str], up_to: Sequence[tuple[float, float]], total: float, since_ns: int, now_ns: int
) -> HistogramDataPoint:
    counts = [round(count) for _, count in up_to]
    own = [count - before for count, before in zip(counts, [0, *counts], strict=False)]
    bounds = [bound for bound, _ in up_to[:-1]]  # the last one is endless
    return HistogramDataPoint(dict(labels), since_ns, now_ns, counts[-1], total, own, bounds, 0.0, 0.0)
