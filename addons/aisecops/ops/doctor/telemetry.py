"""Whether the collector answers, and how far telemetry has come. Enforcement needs neither, so it is never bad."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import orjson

from aisecops.adapters.audit.reader import last_seq
from aisecops.model.errors import RecordError
from aisecops.ops.doctor.diagnosis import Diagnosis, warning, well
from aisecops.ops.settings import Settings

TIMEOUT_S = 2.0
_PORTS = {"http": 80, "https": 443}


def _collector(settings: Settings) -> Iterator[Diagnosis]:
    """Its port answers. It is sent nothing."""
    url = settings.telemetry.otlp
    if url is None:
        return
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or _PORTS[parts.scheme]
    waits = _waiting(settings)
    try:
        with socket.create_connection((host, port), TIMEOUT_S):
            yield well("collector", f"`{host}:{port}` answers{waits}")
    except OSError as failed:
        words = f"`{host}:{port}` does not answer: {failed.strerror or failed}{waits}"
        yield warning("collector", words, "start it, or mend telemetry.otlp; nothing is lost meanwhile")


def _waiting(settings: Settings) -> str:
    place = settings.paths.state / "telemetry" / "sent.json"
    try:
        waiting = last_seq(settings.record_folder) - int(orjson.loads(place.read_bytes())["seq"])
    except (OSError, RecordError, ValueError, KeyError, TypeError):
        return ""
    return f"; {waiting} events wait to be sent" if waiting > 0 else ""


CHECKS = (_collector,)
