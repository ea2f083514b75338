"""Look for what must not leave, in every part and every dress.

Knows how detectors, dresses and fingerprints come together. Does not know rules: what a finding means is
`judge.py`. A finding never holds the text it stands for.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

from aisecops.controls.dlp.detector import Detector
from aisecops.controls.dlp.dress import layers
from aisecops.model.entities import expanded
from aisecops.model.finding import Finding

FLOOR = 0.4
"""Confidence below which a sighting is no finding."""

FINGERPRINT_BYTES = 8


def fingerprint(value: str, *, key: bytes) -> str:
    """A keyed digest of `value`: the same value is known again, and a short one cannot be guessed without the key."""
    data = value.encode("utf-8", "surrogatepass")
    return hashlib.blake2b(data, key=key, digest_size=FINGERPRINT_BYTES).hexdigest()


def scan(
    parts: Iterable[tuple[str, str]],
    entities: frozenset[str],
    detectors: Sequence[Detector],
    key: bytes,
) -> tuple[Finding, ...]:
    """Findings of the kinds `entities` in `parts`, each `(where, text)`, in the parts' order, then by place.

    `key` is at most 64 bytes. Raises ValueError for a kind nobody knows.
    """
    wanted = expanded(entities)
    chosen = [detector for detector in detectors if detector.entity in wanted]
    return tuple(finding for where, text in parts for finding in _scan_text(where, text, chosen, key))


def _scan_text(where: str, text: str, detectors: Sequence[Detector], key: bytes) -> list[Finding]:
    found = [
        Finding(
            entity=detector.entity,
            where=where,
            span=layer.place(sighting.span),
            confidence=sighting.confidence,
            fingerprint=fingerprint(layer.text[sighting.span.start : sighting.span.end], key=key),
            detector=f"{layer.dress}/{detector.id}" if layer.dress else detector.id,
        )
        for layer in layers(text)
        for detector in detectors
        for sighting in detector.find(layer.text)
        if sighting.confidence >= FLOOR
    ]
    return _without_repeats(found)


def _without_repeats(found: list[Finding]) -> list[Finding]:
    """Of findings of one kind where one covers the other, the wider one; of equal ones the surer."""
    told = [finding for finding in found if not _seen_plainly(finding, found)]
    told.sort(key=lambda f: (f.span.start, -f.span.end, -f.confidence, f.entity))
    kept: list[Finding] = []
    reach: dict[str, int] = {}
    for finding in told:
        if finding.span.end > reach.get(finding.entity, -1):
            kept.append(finding)
            reach[finding.entity] = finding.span.end
    return kept


def _seen_plainly(dressed: Finding, found: list[Finding]) -> bool:
    """True when a dressed reading only repeats what stands plainly inside the same stretch, as often.

    A stretch that says a value twice, once plainly and once in a dress, keeps its dressed finding.
    """
    if "/" not in dressed.detector:
        return False
    same = [f for f in found if f.entity == dressed.entity and f.fingerprint == dressed.fingerprint]
    inside = [f for f in same if dressed.span.start <= f.span.start and f.span.end <= dressed.span.end]
    in_dress = sum("/" in finding.detector for finding in inside)
    return len(inside) - in_dress >= in_dress
