"""The process that sends telemetry: follows the record, sends metrics now and then, and stops on a signal."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import logging
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from nacl.signing import SigningKey

from aisecops.adapters.audit.otlp import Collector, Sent
from aisecops.adapters.system.certificates import CertificateAuthority
from aisecops.adapters.system.clock import SystemClock
from aisecops.adapters.system.files import made_folder
from aisecops.adapters.system.secrets import secret_key
from aisecops.model.errors import ConfigError, RecordError
from aisecops.ops.metrics import process_metrics
from aisecops.ops.numbers import together
from aisecops.ops.settings import Settings
from aisecops.ops.telemetry.follower import Follower

LOOK_EVERY_S = 0.5
METRICS_EVERY_S = 15.0
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 15.0
"""Between two attempts at a collector that takes nothing: at first; at most."""

_log = logging.getLogger("aisecops.telemetry")


def run_telemetry(
    settings: Settings, ready: Callable[[str], None], *, numbers: Path | None, from_now: bool = False
) -> int:
    """Send until SIGINT or SIGTERM, then once more what is new; return 0.

    `numbers` is the folder with the metrics of all processes; without it none are sent. `from_now` leaves out what is
    recorded already. Raises `ConfigError` when another one does it already.
    """
    url = settings.telemetry.otlp
    if url is None:
        raise ConfigError("there is nowhere to send telemetry to", "set telemetry.otlp to the URL of a collector")
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with _alone(settings.paths.state) as folder:
        collector = Collector(url, trust=_trust(settings, url), installation=installation_id(settings.paths.state))
        try:
            follower = Follower(
                settings.record_folder,
                folder / "sent.json",
                collector,
                idle_ms=int(settings.idle_run_seconds * 1000),
                lag=process_metrics().record_lag,
            )
            if from_now:
                follower.start_at_end()
            ready(url)
            _follow(follower, collector, numbers, stop)
        finally:
            collector.close()
    return 0


def _follow(follower: Follower, collector: Collector, numbers: Path | None, stop: threading.Event) -> None:
    pause, next_metrics = FIRST_PAUSE_S, time.monotonic()
    while not stop.is_set():
        if numbers is not None and time.monotonic() >= next_metrics:
            _send_metrics(collector, numbers)
            next_metrics = time.monotonic() + METRICS_EVERY_S
        before = follower.seq
        if _step(follower):
            continue
        waiting = follower.waits
        pause = min(pause * 2, LONGEST_PAUSE_S) if waiting and follower.seq == before else FIRST_PAUSE_S
        stop.wait(pause if waiting else LOOK_EVERY_S)
    while _step(follower):
        pass
    if numbers is not None and not follower.waits:
        _send_metrics(collector, numbers)


def _step(follower: Follower) -> bool:
    try:
        return follower.step(time.time_ns() // 1_000_000)
    except (RecordError, OSError) as error:  # read again: the record's own keeper says what is wrong with it
        _log.error("the record cannot be followed: %s", error)
        return False


def _send_metrics(collector: Collector, numbers: Path) -> None:
    if collector.metrics(together(numbers).collect()) is not Sent.TAKEN:
        _log.debug("the collector did not take the metrics (%s); the next ones hold their sums", collector.why)


def installation_id(state: Path) -> str:
    """What tells this installation from others: the fingerprint of the key that its record is signed with."""
    key = SigningKey(secret_key(state, "record")).verify_key
    return hashlib.sha256(bytes(key)).hexdigest()[:16]


def _trust(settings: Settings, url: str) -> Path | None:
    if not url.startswith("https://"):
        return None
    return CertificateAuthority(settings.paths.certs, SystemClock()).upstream_bundle(settings.upstream.ca)


@contextlib.contextmanager
def _alone(state: Path) -> Iterator[Path]:
    """The folder for what was sent; two that send the same would send it twice."""
    folder = made_folder(state / "telemetry", mode=0o700)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ConfigError(
                f"the record of `{state}` is followed by another process", "under `aisecops up` one is started for you"
            ) from None
        yield folder
