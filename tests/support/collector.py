"""A real OpenTelemetry Collector for tests, where there is one: `make engines` builds it. And what stands behind it.

The collector takes OTLP as a company's does, reads it, and passes on as JSON what it understood; that is what tests
look at. `Behind` is the far end: it may also be sent to directly, to refuse or to be away when a test wants it to.
"""

from __future__ import annotations

import contextlib
import gzip
import http.server
import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

BUILT = Path(__file__).parents[2] / ".venv-engines" / "otelcol"
STARTS_WITHIN_S = 20.0


def program() -> str:
    """The collector to run; skips the test, saying how to get it, where there is none."""
    found = str(BUILT) if BUILT.exists() else shutil.which("otelcol")
    if not found:
        pytest.skip("no OpenTelemetry Collector here: `make engines` builds it")
    return found


class Behind:
    """Takes what a collector passes on. `answer` is its status code for a request: path and body in, code out."""

    def __init__(self) -> None:
        self.spans: list[dict[str, Any]] = []
        self.logs: list[dict[str, Any]] = []
        self.metrics: dict[str, dict[str, Any]] = {}
        self.resources: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.answer: Callable[[str, bytes], int] = lambda _path, _body: 200
        behind = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                if self.headers.get("content-encoding") == "gzip":
                    body = gzip.decompress(body)
                behind.headers.append({name.lower(): value for name, value in self.headers.items()})
                code = behind.answer(self.path, body)
                if code == http.HTTPStatus.OK and self.headers["content-type"] == "application/json":
                    behind._take(orjson.loads(body))
                self.send_response(code)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _take(self, told: dict[str, Any]) -> None:
        for resource in told.get("resourceSpans", ()):
            self.resources.append(said(resource["resource"]["attributes"]))
            self.spans += [span for scope in resource["scopeSpans"] for span in scope["spans"]]
        for resource in told.get("resourceLogs", ()):
            self.logs += [line for scope in resource["scopeLogs"] for line in scope["logRecords"]]
        for resource in told.get("resourceMetrics", ()):
            found = [metric for scope in resource["scopeMetrics"] for metric in scope["metrics"]]
            self.metrics |= {metric["name"]: metric for metric in found}

    def named(self, name: str) -> list[dict[str, Any]]:
        """The spans of this name."""
        return [span for span in self.spans if span["name"] == name]


def said(attributes: list[dict[str, Any]]) -> dict[str, Any]:
    """OTLP's attributes as a mapping."""
    return {one["key"]: _value(one["value"]) for one in attributes}


def _value(told: dict[str, Any]) -> Any:
    ((kind, value),) = told.items() or [("stringValue", "")]
    match kind:
        case "intValue":
            return int(value)
        case "arrayValue":
            return [_value(one) for one in value.get("values", ())]
        case "kvlistValue":
            return said(value.get("values", []))
        case _:
            return value


def sequences(body: bytes) -> list[int]:
    """The `aisecops.seq` of every log record in an OTLP request, as it stands on the wire."""
    told = ExportLogsServiceRequest.FromString(body)
    lines = [line for one in told.resource_logs for scope in one.scope_logs for line in scope.log_records]
    return [next(a.value.int_value for a in line.attributes if a.key == "aisecops.seq") for line in lines]


def span_names(body: bytes) -> list[str]:
    """The names of the spans in an OTLP request."""
    told = ExportTraceServiceRequest.FromString(body)
    return [span.name for one in told.resource_spans for scope in one.scope_spans for span in scope.spans]


class Collector:
    """One collector that passes on to `behind`; it can be stopped and started again on its port."""

    def __init__(self, folder: Path, behind: Behind) -> None:
        with socket.socket() as held:
            held.bind(("127.0.0.1", 0))
            port = held.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self._settings = folder / "collector.yaml"
        passed_on = {
            "endpoint": behind.url,
            "encoding": "json",
            "compression": "none",
            "tls": {"insecure": True},
            "sending_queue": {"enabled": False},
        }
        pipelines = {
            name: {"receivers": ["otlp"], "exporters": ["otlp_http"]} for name in ("traces", "logs", "metrics")
        }
        settings = {
            "receivers": {"otlp": {"protocols": {"http": {"endpoint": f"127.0.0.1:{port}"}}}},
            "exporters": {"otlp_http": passed_on},
            "service": {"pipelines": pipelines, "telemetry": {"metrics": {"level": "none"}}},
        }
        self._settings.write_bytes(orjson.dumps(settings))  # JSON is YAML
        self._port = port
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self._settings.with_suffix(".log").open("w") as log:
            self._process = subprocess.Popen(
                [program(), "--config", str(self._settings)],
                env={"PATH": os.environ.get("PATH", "")}, stdout=log, stderr=log,
            )  # fmt: skip
        ends = time.monotonic() + STARTS_WITHIN_S
        while time.monotonic() < ends:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self._port), 1):
                return
            time.sleep(0.05)
        raise AssertionError(f"the collector did not start: {self._settings.with_suffix('.log').read_text()}")

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)
            self._process = None


@contextlib.contextmanager
def behind() -> Iterator[Behind]:
    """The far end, for as long as the block lasts."""
    taking = Behind()
    try:
        yield taking
    finally:
        taking.close()


@contextlib.contextmanager
def collector(folder: Path, passes_to: Behind) -> Iterator[Collector]:
    """A running collector."""
    running = Collector(folder, passes_to)
    running.start()
    try:
        yield running
    finally:
        running.stop()
