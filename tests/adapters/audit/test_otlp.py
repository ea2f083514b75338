"""What a collector's answer means, as it stands on the wire."""

from __future__ import annotations

import pytest
from prometheus_client import CollectorRegistry, Gauge, Histogram

from aisecops.adapters.audit.otel import LogLine, TraceSpan
from aisecops.adapters.audit.otlp import Collector, Sent
from support.collector import behind, sequences, span_names

LINE = LogLine(
    event_name="aisecops.x", at_ms=1, severity="warn", body={"a": [1, {"b": None}]}, attributes={"aisecops.seq": 7}
)
SPAN = TraceSpan(name="chat m", trace_id=1, span_id=2, start_ms=1, end_ms=2)


@pytest.fixture
def far():
    with behind() as taking:
        yield taking


@pytest.fixture
def sending(far):
    collector = Collector(far.url)
    yield collector
    collector.close()


def test_logs_and_spans_arrive_as_they_were(far, sending):
    seen = []
    far.answer = lambda path, body: seen.append((path, body)) or 200

    assert (sending.logs([LINE]), sending.spans([SPAN])) == (Sent.TAKEN, Sent.TAKEN)

    (logs, log_body), (traces, span_body) = seen
    assert (logs, sequences(log_body)) == ("/v1/logs", [7])
    assert (traces, span_names(span_body)) == ("/v1/traces", ["chat m"])


@pytest.mark.parametrize(
    ("status", "sent"),
    [
        (202, Sent.TAKEN),
        (302, Sent.LATER),
        (401, Sent.LATER),
        (404, Sent.LATER),
        (500, Sent.LATER),
        (400, Sent.NEVER),
        (413, Sent.NEVER),
    ],
)
def test_only_what_is_taken_counts_as_sent(far, sending, status, sent):
    far.answer = lambda _path, _body: status

    assert sending.logs([LINE]) is sent
    assert str(status) in sending.why


def test_where_nobody_listens_it_is_to_be_sent_later(far, sending, monkeypatch):
    monkeypatch.setattr("aisecops.adapters.audit.otlp.TIMEOUT_S", 0.2)
    far.close()
    collector = Collector(far.url)

    assert collector.spans([SPAN]) is Sent.LATER
    assert collector.why == "ConnectionError"
    far.close = lambda: None


def test_a_proxy_of_the_surroundings_is_not_asked_and_headers_of_the_environment_go_along(far, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-scope=tenant-1")
    collector = Collector(far.url)

    assert collector.logs([LINE]) is Sent.TAKEN
    assert far.headers[0]["x-scope"] == "tenant-1"
    collector.close()


def test_a_histogram_keeps_its_counts_and_a_gauge_its_labels(far, sending):
    from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

    registry = CollectorRegistry()
    waits = Histogram("aisecops_wait_seconds", "w", ["stage"], registry=registry, buckets=(1, 2))
    for seconds in (0.5, 1.5, 1.6, 9):
        waits.labels("a").observe(seconds)
    Gauge("aisecops_open", "o", ["state"], registry=registry).labels("held").set(3)
    seen = []
    far.answer = lambda _path, body: seen.append(body) or 200

    assert sending.metrics(registry.collect()) is Sent.TAKEN

    (resource,) = ExportMetricsServiceRequest.FromString(seen[0]).resource_metrics
    found = {metric.name: metric for metric in resource.scope_metrics[0].metrics}
    (point,) = found["aisecops_wait_seconds"].histogram.data_points
    assert (list(point.bucket_counts), list(point.explicit_bounds), point.count, point.sum) == (
        [1, 2, 1],
        [1, 2],
        4,
        12.6,
    )
    (open_now,) = found["aisecops_open"].gauge.data_points
    assert (open_now.attributes[0].value.string_value, open_now.as_double) == ("held", 3)
