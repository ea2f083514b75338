"""Text that is turned: backwards, or thirteen letters on. Looked at only where something telling shows in it.

Every text can be turned, and turned numbers are as good as any; so only kinds with a mark of their own are looked for
here, and only around that mark.
"""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Iterator, Sequence

from aisecops.controls.dlp.detector import Detector, PatternDetector
from aisecops.controls.dlp.detectors.private_key import PrivateKeyDetector
from aisecops.controls.dlp.exact import ExactDetector
from aisecops.controls.dlp.marks import any_stands_in
from aisecops.controls.dlp.triggers import has_run
from aisecops.model.encodings import MIN_RUN, TURNS
from aisecops.model.kinds import kinds, of_kind
from aisecops.model.provenance import Span
from aisecops.model.readings import Reading

BEFORE, BEHIND = 64, 4096
"""Characters before and behind a mark that are looked at."""
_RUN = re.compile(rf"[A-Za-z0-9+/_.:=-]{{{MIN_RUN},}}")
_MARK_LETTERS = 3

_TELLING: dict[str, re.Pattern[str]] = {
    "IBAN_CODE": re.compile(r"(?<![A-Za-z0-9])[A-Z]{2}[0-9]{2} ?(?:[A-Z0-9]{4} ?){2,7}[A-Z0-9]{1,4}(?![A-Za-z0-9])"),
    "EMAIL_ADDRESS": re.compile(
        r"(?<![\w.+-])[\w.+-]{1,64}@(?:[\w-]{1,63}\.){1,4}"
        r"(?:com|net|org|edu|gov|mil|io|ai|de|uk|fr|eu|co|us|ch|at|nl|dev|app|info|example|test|internal)(?!\w)"
    ),
}
_TELLING_BACKWARDS = {
    # the ranges that card companies give out, so that a turned serial number seldom is one
    "CREDIT_CARD": re.compile(
        r"(?<![0-9A-Za-z])(?:4[0-9]{3}|5[1-5][0-9]{2}|2[2-7][0-9]{2}|3[47][0-9]{2}|6011|65[0-9]{2})"
        r"(?:[ -]?[0-9]{4}){2}[ -]?[0-9]{3,4}(?![0-9A-Za-z])"
        r"|(?<![0-9A-Za-z])3[47][0-9]{2}[ -]?[0-9]{6}[ -]?[0-9]{5}(?![0-9A-Za-z])"
    ),
    "US_SSN": re.compile(r"(?<![0-9A-Za-z-])[0-9]{3}-[0-9]{2}-[0-9]{4}(?![0-9A-Za-z-])"),
}
_BY_DIGIT = kinds(("d", string.digits))
_BY_CAPITAL = kinds(("X", string.ascii_uppercase + string.digits))
_MAY_TELL: dict[str, Callable[[str], bool]] = {
    "IBAN_CODE": of_kind(_BY_CAPITAL, b"X" * 12, b"XXXX.XXXX.XXXX"),
    "EMAIL_ADDRESS": lambda text: "@" in text,
    "CREDIT_CARD": of_kind(_BY_DIGIT, b"d" * 12, b"dddd.dddd.dddd", b"ddddd.dddddd.dddd"),
    "US_SSN": of_kind(_BY_DIGIT, b"dddd.dd.ddd"),
}
"""Of a text as it stands, whether it may tell something when it is turned: turned, each character keeps its kind."""
_URL, _KEY = "://", "PRIVATE KEY"


class Turner:
    """Looks at texts turned, for some detectors."""

    def __init__(self, detectors: Sequence[Detector]) -> None:
        self._detectors = detectors
        self._exact = [one for one in detectors if isinstance(one, ExactDetector)]
        marks = {mark for one in detectors if isinstance(one, PatternDetector) for mark in _telling(one)} - {_URL}
        self._turned_marks = frozenset(turn(mark) for mark in marks for turn in TURNS.values())

    def __call__(self, reading: Reading) -> Iterator[tuple[Reading, Sequence[Detector]]]:
        """What of `reading` tells something when it is turned, and the detectors that it tells."""
        may_tell = frozenset(entity for entity, tells in _MAY_TELL.items() if tells(reading.text))
        marked = bool(self._turned_marks) and any_stands_in(reading.text, self._turned_marks)
        runs = " ".join(_RUN.findall(reading.text)) if marked and has_run(reading.text) else ""
        for name, turn in TURNS.items():
            text, turned_runs = turn(reading.text), turn(runs)
            telling = _TELLING | _TELLING_BACKWARDS if name == "backwards" else _TELLING
            told = may_tell & telling.keys()
            address = name == "backwards" and _URL in text
            if not (told or runs or address or _KEY in text or any(one.holds(text) for one in self._exact)):
                continue
            for detector in self._detectors:
                if _is_likely(detector, name, turned_runs, told) and (spans := list(_told(text, detector, telling))):
                    yield _reading(reading, text, name, spans), (detector,)


def _is_likely(detector: Detector, turn: str, turned_runs: str, told: frozenset[str]) -> bool:
    """Every pattern but a URL's looks for a run with its mark in it; few texts have any when they are turned.

    `told` are the other kinds that the turned text may hold.
    """
    if not isinstance(detector, PatternDetector):
        return detector.entity in told or isinstance(detector, ExactDetector | PrivateKeyDetector)
    if detector.entity == "DATABASE_URL":
        return turn == "backwards"  # thirteen letters on it is a URL still, and seen as it stands
    return bool(turned_runs) and any(mark in turned_runs for mark in _telling(detector))


def _telling(detector: PatternDetector) -> Sequence[str]:
    """The marks of `detector` that are looked for in a turned text."""
    return [mark for mark in detector.trigger if len(mark) >= _MARK_LETTERS]


def _told(text: str, detector: Detector, telling: dict[str, re.Pattern[str]]) -> Iterator[tuple[int, int]]:
    """The stretches of a turned text in which `detector` may find something, in order and apart."""
    if isinstance(detector, ExactDetector):
        if detector.holds(text):
            yield 0, len(text)
    elif isinstance(detector, PatternDetector):
        yield from _around(text, _telling(detector))
    elif isinstance(detector, PrivateKeyDetector):
        yield from _around(text, [_KEY])
    elif detector.entity in telling:
        for match in telling[detector.entity].finditer(text):
            yield match.start(), match.end()


def _around(text: str, marks: Sequence[str]) -> Iterator[tuple[int, int]]:
    places: list[int] = []
    for mark in marks:
        at = text.find(mark)
        while at >= 0:  # one in so many characters, so seldom more than a few
            places.append(at)
            at = text.find(mark, at + BEHIND)
    reach = 0
    for at in sorted(places):
        if at >= reach:
            start, reach = max(at - BEFORE, reach), at + BEHIND
            yield start, min(reach, len(text))


def _reading(outer: Reading, text: str, name: str, spans: Sequence[tuple[int, int]]) -> Reading:
    texts, starts, origins, length = [], [], [], 0
    for start, end in spans:
        texts.append(text[start:end])
        starts.append(length)
        back = Span(start=len(text) - end, end=len(text) - start)
        origins.append(outer.place(back if name == "backwards" else Span(start=start, end=end)))
        length += end - start + 1
    return Reading("\n".join(texts), name, tuple(starts), tuple(origins))
