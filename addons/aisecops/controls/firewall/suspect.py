"""Which texts of a model's input detectors look at, and what a piece is worth in which they saw an injection.

Knows labels and spans; seeing is `assess.py`, deciding `judge.py`.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from aisecops.controls.firewall.label import UNTRUSTED
from aisecops.model.envelope import LabelledSegment, Stretch, Suspected, Suspicion
from aisecops.model.provenance import Span, TrustTier

MAX_SUSPECTED = 50
"""Texts of one request that are told as suspect."""


def untrusted_spans(segment: LabelledSegment, length: int) -> Iterator[Span]:
    """The untrusted stretches of a segment of `length` characters; of a tool's answer that has one, the whole."""
    spans = [part.span for part in segment.stretches if part.tier in UNTRUSTED]
    if spans and segment.role == "tool":
        yield Span(start=0, end=length)
    else:
        yield from spans


def suspected(segment: LabelledSegment, span: Span, signs: tuple[Suspicion, ...], score: float) -> Suspected:
    """What detectors saw in the text at `span` of a segment, as places in the whole segment."""
    whose = _stretch_at(segment, span, signs[0].span)
    found = tuple(replace(one, span=_moved(one.span, span.start)) for one in signs)
    return Suspected(
        position=segment.position,
        tier=whose.tier,
        score=score,
        found=found,
        origin_id=whose.origin_id,
        source=whose.source,
    )


def hostile(segment: LabelledSegment) -> LabelledSegment:
    """The segment with what is untrusted in it taken as an attacker's."""
    stretches = tuple(
        replace(part, tier=TrustTier.HOSTILE) if part.tier in UNTRUSTED else part for part in segment.stretches
    )
    return replace(segment, tier=TrustTier.HOSTILE, stretches=stretches)


def _stretch_at(segment: LabelledSegment, span: Span, seen: Span) -> Stretch:
    """The untrusted stretch that a sign stands in, else the first one in `span`."""
    at = span.start + seen.start
    inside = [
        part
        for part in segment.stretches
        if part.tier in UNTRUSTED and part.span.start < span.end and span.start < part.span.end
    ]
    return next((part for part in inside if part.span.start <= at < part.span.end), inside[0])


def _moved(span: Span, by: int) -> Span:
    return Span(start=span.start + by, end=span.end + by)
