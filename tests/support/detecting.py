"""Run detectors over a text, and look at what they saw and how long they took."""

from __future__ import annotations

import time
from collections.abc import Iterable

from aisecops.controls.dlp.detector import Detector

SLOW = (
    "eyJ", "sk-", "AKIA", "-----BEGIN " + "PRIVATE KEY-----", "://", "a://b:", "ghp_", "xoxb-", "secret_key=", "glpat-",
    "A", "a.", "-", "_", "1:AA", "SG.a.", "secret key is ", "a@", "eyJaaaaaaaaaaaaa.", "AccountKey=", "ya29.", "key-",
)  # fmt: skip
SIZE = 200_000


def seen(detectors: Iterable[Detector], text: str) -> list[tuple[str, str]]:
    """Each sighting as `(detector, value)`."""
    return [(one.id, text[s.span.start : s.span.end]) for one in detectors for s in one.find(text)]


def assert_linear(detectors: Iterable[Detector]) -> None:
    """A quadratic pattern takes minutes here; a linear one, milliseconds."""
    for unit in SLOW:
        text = unit * (SIZE // len(unit))
        for detector in detectors:
            before = time.process_time()
            for _ in detector.find(text):
                pass
            assert time.process_time() - before < 2.0, (detector.id, unit)
