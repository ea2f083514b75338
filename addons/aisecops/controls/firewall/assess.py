"""How likely a retrieved text is an injection: the signs of all detectors, weighed against what frames them.

A signal, never the last word (spec 3.1): it explains and raises; what untrusted text may steer is decided without it.
Scores are 0 to 1. Text that talks about injections is told by its frame and stays below what blocks.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from aisecops.controls.firewall.detectors import DETECTORS
from aisecops.controls.firewall.detectors.stray_order import DETECTOR as STRAY_ORDER
from aisecops.controls.firewall.framing import NEAR, SAYING, Framing
from aisecops.controls.firewall.sign import Detector, Passage, Sign
from aisecops.model.envelope import Suspicion
from aisecops.model.provenance import Span

PIECE = 100_000
"""Characters that are looked at together."""
OVERLAP = 500
"""Characters that a piece shares with the next, so that nothing hides on the border."""
MAX_EACH = 20
"""Suspicions of one detector that are told; more of the same say nothing new."""
_MOST_ABOUT = 0.85
"""A text about injections is flagged at most, never blocked."""
_HINT = 0.36
"""Below this a sign beside what is shown, in a text about injections, says no more: it adds to sayings alone."""
_MOST_SAYINGS = 0.49
"""What sayings that are shown come to together, with nothing in them that could be acted on."""
_OLDEST, _MANY_WAYS = "instruction_override", 6
"""In so many different words an order to forget what was said is a list of attacks, not an attack."""
_MANY_ITEMS, _MANY_KINDS = 8, 3
"""So many items of a list or values of a record with a strong sign each, of so many kinds, are a collection."""
_ITEM = re.compile(r"[ \t]{0,40}(?:[-*\u2022] |\d{1,4}[.)] |[\"'{\[]|[\w-]{1,40}: ?[\"'|>])")
_STRONG = 0.5
_LOOKS_LIKE = str.maketrans(
    "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0458\u0455\u04bb\u0501\u051b\u0410\u0412\u0415\u041a\u041c\u041d\u041e\u0420"
    "\u0421\u0422\u0423\u0425\u0406\u0408\u0405\u03bf\u03b1\u03b5\u03b9\u03bd\u03c1\u0391\u0392\u0395\u0397\u0399\u039a\u039c\u039d\u039f"
    "\u03a1\u03a4\u03a5\u03a7",
    "aeopcyxijshdqABEKMHOPCTYXIJSoaeivpABEHIKMNOPTYX",
)
"""Letters of the Cyrillic and the Greek script that look like Latin ones."""
_MIXED = re.compile(r"\b(?=[^\W\d_]{0,40}[A-Za-z])(?=[^\W\d_]{0,40}[\u0370-\u03ff\u0400-\u052f])[^\W\d_]{2,40}\b")
"""A word of both scripts: only in such a one a letter is taken for what it looks like."""
_INVISIBLE = dict.fromkeys((0xAD, 0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF))


@dataclass(slots=True)
class _Seen:
    """What is seen in a text: said, shown, or shown and short; and whether it is about injections."""

    said: list[Suspicion] = field(default_factory=list)
    shown: list[Suspicion] = field(default_factory=list)
    sayings: list[Suspicion] = field(default_factory=list)
    about: bool = False


def assess(text: str, detectors: Sequence[Detector] = DETECTORS) -> tuple[Suspicion, ...]:
    """What is suspicious in `text`, by place in it; empty when nothing is."""
    seen = _Seen()
    for start in range(0, max(len(text), 1), PIECE):
        _of_piece(text[start : start + PIECE + OVERLAP], start, detectors, seen)
    found = [*seen.said, *_below([*seen.shown, *_below(seen.sayings, _MOST_SAYINGS)], _MOST_ABOUT)]
    if seen.about or _is_a_list(text, found):
        found = _below(found, _MOST_ABOUT)
    return tuple(sorted(_apart(found), key=lambda one: (one.span.start, one.span.end, one.detector)))


def total(suspicions: Iterable[Suspicion]) -> float:
    """All suspicions of one text as one score: each detector counts once, by its strongest sign."""
    strongest: dict[str, float] = {}
    for one in suspicions:
        strongest[one.detector] = max(strongest.get(one.detector, 0.0), one.score)
    innocent = 1.0
    for score in strongest.values():
        innocent *= 1.0 - score
    return round(1.0 - innocent, 3)


def _of_piece(text: str, offset: int, detectors: Sequence[Detector], seen: _Seen) -> None:
    """Put what is seen in one piece of the text, which begins at `offset`, into `seen`."""
    plain, places = _plain(text)
    passage = Passage(plain)
    signs = [(detector.name, sign) for detector in detectors for sign in detector.find(passage)]
    if places is not None:  # what cannot be seen was taken out for the phrases, and is a sign itself
        hidden = next(detector for detector in DETECTORS if detector.name == "hidden_text")
        seen.said += [
            _suspicion("hidden_text", sign, sign.span, sign.weight, offset) for sign in hidden.find(Passage(text))
        ]
    if not signs:
        return
    framing = Framing(plain, passage.lowered)
    frames = [framing.of(sign.span) for _, sign in signs]
    sayings_at = [sign.span for (_, sign), frame in zip(signs, frames, strict=True) if frame.saying]
    frames = [
        frame if frame.acts or not any(_holds(sign.span, one) for one in sayings_at) else SAYING
        for (_, sign), frame in zip(signs, frames, strict=True)
    ]
    mentioned = [sign.span for (_, sign), frame in zip(signs, frames, strict=True) if frame.shown]
    for (name, sign), frame in zip(signs, frames, strict=True):
        span = sign.span
        if places is not None:
            span = Span(start=places[span.start], end=places[span.end - 1] + 1)
        beside, score = any(_beside(sign.span, one) for one in mentioned), frame.score(sign.weight)
        hint = beside and framing.capped and not frame.acts and score < _HINT
        kept = seen.sayings if frame.saying or hint else seen.shown if beside else seen.said
        kept.append(_suspicion(name, sign, span, score, offset))
    seen.about = seen.about or framing.capped


def _is_a_list(text: str, found: Iterable[Suspicion]) -> bool:
    """True when the oldest phrase stands there in many words, or many signs in a list: who means it says it once."""
    signs = _apart([one for one in found if one.detector != STRAY_ORDER.name])
    oldest = [one for one in signs if one.detector == _OLDEST]
    if len({_said(text, one) for one in oldest}) >= _MANY_WAYS:
        return True
    strong = [one for one in signs if one.score >= _STRONG]
    if len(strong) < _MANY_ITEMS or len({one.detector for one in strong}) < _MANY_KINDS:
        return False
    lines = {text.rfind("\n", 0, one.span.start) + 1: _said(text, one) for one in strong}
    return len({said for line, said in lines.items() if _ITEM.match(text, line) is not None}) >= _MANY_ITEMS


def _said(text: str, one: Suspicion) -> str:
    return " ".join(text[one.span.start : one.span.end].casefold().split())


def _suspicion(name: str, sign: Sign, span: Span, score: float, offset: int) -> Suspicion:
    place = Span(start=span.start + offset, end=span.end + offset)
    return Suspicion(detector=name, span=place, score=round(score, 3), traits=sign.traits)


def _apart(found: list[Suspicion]) -> list[Suspicion]:
    """Of what one detector saw in one place, the strongest."""
    kept: dict[str, list[Suspicion]] = {}
    for one in sorted(found, key=lambda one: (-one.score, one.span.start)):
        others = kept.setdefault(one.detector, [])
        if len(others) < MAX_EACH and not any(
            one.span.start < other.span.end and other.span.start < one.span.end for other in others
        ):
            others.append(one)
    return [one for others in kept.values() for one in others]


def _below(found: list[Suspicion], most: float) -> list[Suspicion]:
    """The strongest of them as they are, as long as together they stay under `most`."""
    kept: list[Suspicion] = []
    for one in sorted(found, key=lambda one: -one.score):
        if total([*kept, one]) <= most:
            kept.append(one)
    return kept


def _plain(text: str) -> tuple[str, list[int] | None]:
    """The text without what cannot be seen and with look-alike forms made plain; where each character stood.

    None for the places when nothing moved.
    """
    if text.isascii():
        return text, None
    if not any(chr(code) in text for code in _INVISIBLE):
        return _same_length(text), None
    places = [place for place, character in enumerate(text) if ord(character) not in _INVISIBLE]
    return _same_length(text.translate(_INVISIBLE)), places


def _same_length(text: str) -> str:
    normal = unicodedata.normalize("NFKC", text)
    if len(normal) != len(text):
        normal = "".join(
            one if len(one := unicodedata.normalize("NFKC", character)) == 1 else character for character in text
        )
    return _MIXED.sub(lambda found: found[0].translate(_LOOKS_LIKE), normal)


def _holds(one: Span, other: Span) -> bool:
    return one.start <= other.start and other.end <= one.end


def _beside(one: Span, other: Span) -> bool:
    return one.start - NEAR < other.end and other.start - NEAR < one.end
