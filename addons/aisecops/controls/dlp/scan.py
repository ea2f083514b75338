"""Look for what must not leave, in every part and every dress.

Knows how detectors, dresses and fingerprints come together. Does not know rules: what a finding means is
`judge.py`. A finding never holds the text it stands for.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence

from msgspec.structs import replace

from aisecops.controls.dlp.detector import Detector
from aisecops.controls.dlp.exact import ExactDetector
from aisecops.controls.dlp.marks import any_stands_in, is_marked, marks_of
from aisecops.controls.dlp.place_words import named
from aisecops.controls.dlp.triggers import kinds_in
from aisecops.controls.dlp.turned import Turner
from aisecops.model.entities import expanded
from aisecops.model.finding import Finding
from aisecops.model.inside_bytes import Opener, Room, no_file
from aisecops.model.provenance import Span
from aisecops.model.readings import Reading, readings

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
    *,
    opener: Opener = no_file,
) -> tuple[Finding, ...]:
    """Findings of the kinds `entities` in `parts`, each `(where, text)`, in the parts' order, then by place.

    `key` is at most 64 bytes; `opener` reads files that are encoded in a text. Raises ValueError for a kind nobody
    knows, WireError for what is dressed beyond every bound or holds a file that cannot be read.
    """
    parts = tuple(parts)
    room = Room(sum(len(text) for _, text in parts))
    look = _Look(_asked(detectors, entities), key, room, opener)
    return tuple(
        finding for where, text in parts for finding in placed(look.at(named(where) + text), where, named(where))
    )


def placed(findings: Iterable[Finding], where: str, name: str) -> Iterator[Finding]:
    """`findings` in a value that was read behind `name`, at their places in the value alone, which is at `where`."""
    for finding in findings:
        start, end = finding.span.start - len(name), finding.span.end - len(name)
        if end > 0:
            yield replace(finding, where=where, span=Span(start=max(start, 0), end=end))


class _Asked:
    """What is looked for: the detectors of the kinds asked for, and which of them a text is worth."""

    def __init__(self, detectors: Sequence[Detector], entities: frozenset[str]) -> None:
        """Raises ValueError for a kind nobody knows."""
        self.asked_of = detectors
        self._kinds = expanded(entities, frozenset(detector.entity for detector in detectors))
        self.detectors = [detector for detector in detectors if detector.entity in self._kinds]
        self.turned = Turner(self.detectors)
        self._planted = [one for one in self.detectors if isinstance(one, ExactDetector)]
        self._marks = marks_of(self.detectors)
        self._unmarked = [one for one in self.detectors if not is_marked(one)]

    def worth_asking(self, text: str) -> list[Detector]:
        """The detectors of the kinds that may be in `text`; those with a mark where any such mark is in it."""
        kinds = kinds_in(text, self._kinds, self._planted)
        if not kinds:
            return []
        marked = self._marks and any_stands_in(text, self._marks)
        return [one for one in (self.detectors if marked else self._unmarked) if one.entity in kinds]


_asked_lately: dict[tuple[int, frozenset[str]], _Asked] = {}
_ASKED_KEPT = 32


def _asked(detectors: Sequence[Detector], entities: frozenset[str]) -> _Asked:
    """What is looked for, made once for the same `detectors` that nobody can change."""
    if not isinstance(detectors, tuple):
        return _Asked(detectors, entities)
    name = id(detectors), entities
    found = _asked_lately.get(name)
    if found is None or found.asked_of is not detectors:
        if len(_asked_lately) >= _ASKED_KEPT:
            _asked_lately.clear()
        found = _asked_lately[name] = _Asked(detectors, entities)
    return found


class _Look:
    """One look at the texts of one request: for what, and how much may be unfolded for it."""

    def __init__(self, asked: _Asked, key: bytes, room: Room, opener: Opener) -> None:
        self._asked = asked
        self._key = key
        self._room = room
        self._opener = opener

    def at(self, text: str) -> list[Finding]:
        """What is in one text, in whatever dress."""
        found: list[Finding] = []
        for reading in readings(text, self._room, self._opener):
            found += self._seen(reading, self._asked.worth_asking(reading.text))
            for inner, fitting in self._asked.turned(reading):
                found += self._seen(inner, fitting)
        return _without_repeats(found)

    def _seen(self, reading: Reading, detectors: Iterable[Detector]) -> Iterator[Finding]:
        for detector in detectors:
            for sighting in detector.find(reading.text):
                if sighting.confidence >= FLOOR:
                    seen = reading.text[sighting.span.start : sighting.span.end]
                    yield Finding(
                        entity=detector.entity,
                        where="",
                        span=reading.place(sighting.span),
                        confidence=sighting.confidence,
                        fingerprint=fingerprint(seen, key=self._key),
                        detector=f"{reading.dress}/{detector.id}" if reading.dress else detector.id,
                    )


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
