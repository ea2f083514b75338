"""A real Prometheus that scrapes a gateway, asked as Grafana asks it."""

from __future__ import annotations

import contextlib
import math
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx

PROGRAM = shutil.which("prometheus")
READY_S = 60.0
ALERTS = Path(__file__).parents[2] / "docker/observability/alerts.yaml"
SERIES = """
global: {{scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}}
rule_files: ["{alerts}"]
scrape_configs:
  - job_name: aisecops
    metrics_path: {path}
    static_configs: [{{targets: ["{target}"]}}]
"""


class Prometheus:
    """Its API."""

    def __init__(self, url: str) -> None:
        self.url = url

    def values(self, expr: str) -> list[float]:
        """What `expr` comes to now, a number for each series; those that are not a number are left out."""
        answer = httpx.post(f"{self.url}/api/v1/query", data={"query": expr}, timeout=60).json()
        assert answer["status"] == "success", (expr, answer)
        found = [float(one["value"][1]) for one in answer["data"]["result"]]
        return [value for value in found if not math.isnan(value)]

    def alerts(self) -> dict[str, str]:
        """Every alert that it has loaded, and how it is with it: `unknown` until it is first evaluated."""
        groups = httpx.get(f"{self.url}/api/v1/rules", timeout=60).json()["data"]["groups"]
        return {rule["name"]: rule["health"] for group in groups for rule in group["rules"]}

    def is_up(self) -> bool:
        """True once it has scraped."""
        with contextlib.suppress(httpx.HTTPError, ValueError):
            return self.values("up") == [1.0]
        return False


@contextlib.contextmanager
def prometheus(folder: Path, metrics_url: str) -> Iterator[Prometheus]:
    """One that scrapes `metrics_url` every second with our alerts, and keeps what it knows in `folder`."""
    assert PROGRAM is not None
    url = httpx.URL(metrics_url)
    folder.mkdir(parents=True)
    (folder / "prometheus.yaml").write_text(SERIES.format(path=url.path, target=url.netloc.decode(), alerts=ALERTS))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    command = [PROGRAM, "--config.file=prometheus.yaml", "--storage.tsdb.path=data", f"--web.listen-address={address}"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
        try:
            running = Prometheus(f"http://{address}")
            until = time.monotonic() + READY_S
            while not running.is_up():
                assert process.poll() is None, (folder / "log").read_text()
                assert time.monotonic() < until, (folder / "log").read_text()
                time.sleep(0.1)
            yield running
        finally:
            process.terminate()
            process.wait(READY_S)
