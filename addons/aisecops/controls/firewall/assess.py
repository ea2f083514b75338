"""How likely a retrieved text is an injection: the signs of all detectors, weighed against what frames them.

A signal, never the last word (spec 3.1): it explains and raises; what untrusted text may steer is decided without it.
Scores are 0 to 1. Text that talks about injections is told by its frame and stays below what blocks.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

from aisecops.controls.firewall.detectors import DETECTORS
from aisecops.controls.firewall.sign import Detector, Passage, Sign
from aisecops.model.envelope import Suspicion
from aisecops.model.provenance import Span

PIECE = 100_000
"""Characters that are looked at together."""
OVERLAP = 500
"""Characters that a piece shares with the next, so that nothing hides on the border."""
MAX_EACH = 20
"""Suspicions of one detector that are told; more of the same say nothing new."""
_ABOUT = (
    *("prompt injection", "prompt-injection", "jailbreak", "red team", "red-team", "adversarial", "attacker"),
    *("owasp", "cve-", "vulnerabilit", "mitigat", "sanitiz", "untrusted", "threat model", "exploit", "guardrail"),
    *("llm security", "ai security", "injection attack", "malicious", "phishing", "defens", "payload", "researcher"),
)
_MANY_ABOUT = 4
_FACTOR_ABOUT = {0: 1.0, 1: 1.0, 2: 0.9, 3: 0.75}
_FACTOR_MANY = 0.5
_MOST_ABOUT = 0.85
"""A text about injections is flagged at most, never blocked."""
_QUOTES = "\"'`\u201c\u2018\u00ab\u300c"
_QUOTED_FACTOR = 0.8
_MENTIONS = (
    *_ABOUT,
    *("the phrase", "phrases", "the sentence", "sentences", "strings", "for example", "such as", "detect"),
    *("the words", "the string"),
)
_NEAR = 200
"""So close to a quoted sign and to a word about attacks or phrases, what is seen is a saying that is talked about."""
_REPORTED = re.compile(
    r"\b(?:documents?|pages?|texts?|mails?|e-?mails?|messages?|comments?|prompts?|payloads?|attackers?|attacks?|injections?"
    r"|web ?sites?|sites?|strings?|articles?|tickets?|tools?|contents?|files?|results?)\b[^.!?\n:]{0,60}"
    r"\b(?:tells?|told|asks?|asked|instructs?|instructed|orders?|ordered|wants?|makes?|made|gets?|tries to make)"
    r" (?:you|it|them|(?:the|an?|your) \w+|models|agents|assistants)(?: to)? $"
)
"""Before a sign: it is told that somebody gives such an order, which is not to give it."""
_JSON_VALUE = re.compile(
    r"\"\s{0,4}:\s{0,4}\"$"
)  # what such a quote opens is content, not a saying that is talked about
_INVISIBLE = dict.fromkeys((0xAD, 0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF))


def assess(text: str, detectors: Sequence[Detector] = DETECTORS) -> tuple[Suspicion, ...]:
    """What is suspicious in `text`, by place in it; empty when nothing is."""
    found: list[Suspicion] = []
    for start in range(0, max(len(text), 1), PIECE):
        found += _of_piece(text[start : start + PIECE + OVERLAP], start, detectors)
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


def _of_piece(text: str, offset: int, detectors: Sequence[Detector]) -> list[Suspicion]:
    plain, places = _plain(text)
    passage = Passage(plain)
    signs = [(detector.name, sign) for detector in detectors for sign in detector.find(passage)]
    if places is not None:  # what cannot be seen was taken out for the phrases, and is a sign itself
        hidden = next(detector for detector in DETECTORS if detector.name == "hidden_text")
        found = [_suspicion("hidden_text", sign, sign.span, sign.weight, offset) for sign in hidden.find(Passage(text))]
    else:
        found = []
    if not signs:
        return found
    factor = _about(passage.lowered)
    mentioned = [sign.span for _, sign in signs if _is_mentioned(plain, sign.span)]
    talked_about: list[Suspicion] = []
    for name, sign in signs:
        score = sign.weight * factor * _quoted(plain, sign.span)
        span = sign.span
        if places is not None:
            span = Span(start=places[span.start], end=places[span.end - 1] + 1)
        kept = talked_about if any(_beside(sign.span, one) for one in mentioned) else found
        kept.append(_suspicion(name, sign, span, score, offset))
    found += _below(talked_about, _MOST_ABOUT)
    return _below(found, _MOST_ABOUT) if factor < _FACTOR_ABOUT[2] else found


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
    if len(normal) == len(text):
        return normal
    return "".join(
        one if len(one := unicodedata.normalize("NFKC", character)) == 1 else character for character in text
    )


def _about(lowered: str) -> float:
    """Less than 1 for a text that speaks of attacks: two words of it may be chance, four are the subject."""
    words = sum(word in lowered for word in _ABOUT)
    return _FACTOR_MANY if words >= _MANY_ABOUT else _FACTOR_ABOUT[words]


def _is_mentioned(text: str, span: Span) -> bool:
    """Does a sign open a quote, with a word about attacks or phrases near it, or is it told that somebody says so?"""
    if _is_reported(text, span):
        return True
    if _quoted(text, span) == 1.0:
        return False
    near = text[max(0, span.start - _NEAR) : span.end + _NEAR].lower()
    return any(word in near for word in _MENTIONS)


def _beside(one: Span, other: Span) -> bool:
    return one.start - _NEAR < other.end and other.start - _NEAR < one.end


def _quoted(text: str, span: Span) -> float:
    """Less than 1 for a sign that opens a quote, or that somebody is told to give."""
    if _is_reported(text, span):
        return _QUOTED_FACTOR
    before = text[max(0, span.start - 2) : span.start]
    if not any(mark in before for mark in _QUOTES) or _JSON_VALUE.search(text[max(0, span.start - 12) : span.start]):
        return 1.0
    return _QUOTED_FACTOR


def _is_reported(text: str, span: Span) -> bool:
    return _REPORTED.search(text[max(0, span.start - _NEAR) : span.start].lower()) is not None
