"""How far each piece of a model's input is trusted: by what the gateway itself saw come in, never by what is claimed.

Text known to have come through the gateway keeps its origin wherever it stands. What is not known again counts as the
operator's in the system slot, as the user's in theirs, and as unknown content where a tool's answer should be
(contract 10).
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from aisecops.model.envelope import LabelledSegment, Stretch
from aisecops.model.provenance import Span, Traced, TrustTier, joined

INSTRUCTING = frozenset({"system", "developer"})
UNTRUSTED = frozenset({TrustTier.EXTERNAL, TrustTier.HOSTILE})
_TOOL = "tool"
_USER = "user"
_MODEL = "assistant"


def label(
    *, position: str, role: str, kind: str, length: int, known: Sequence[Traced], unknown: TrustTier, so_far: TrustTier
) -> LabelledSegment:
    """The label of one segment of `length` characters.

    `known` are the stretches that came through the gateway, `unknown` what a tool's answer is worth that did not, and
    `so_far` the tier of everything before it: what the model said itself is worth no more than what it had read.
    """
    if not known and role != _TOOL:
        tier = so_far if role == _MODEL else TrustTier.OPERATOR if role in INSTRUCTING else TrustTier.USER
        return LabelledSegment(position=position, role=role, kind=kind, tier=tier, stretches=(), wrapped=False)
    stretches = tuple(stretch_of(traced) for traced in _one_each(known))
    tiers = [stretch.tier for stretch in stretches]
    own = {_TOOL: unknown, _MODEL: so_far}.get(role, TrustTier.OPERATOR if role in INSTRUCTING else TrustTier.USER)
    if role == _TOOL and stretches:
        # the answer as the agent passes it on: what is around the known words is its own framing of them
        own = joined(*tiers)
    elif role == _TOOL:
        stretches = (Stretch(span=Span(start=0, end=length), tier=unknown),)
    tier = joined(own, *tiers)
    return LabelledSegment(
        position=position,
        role=role,
        kind=kind,
        tier=tier,
        stretches=stretches,
        wrapped=role not in INSTRUCTING and role != _MODEL and any(part.tier in UNTRUSTED for part in stretches),
    )


def told_bytes(texts: Sequence[str], segments: Sequence[LabelledSegment]) -> int:
    """Bytes of those of `texts` that the user said alone: where anything comes from elsewhere, nothing is theirs."""
    said = zip(texts, segments, strict=True)
    own = [text for text, by in said if by.role == _USER and by.tier is TrustTier.USER]
    return sum([len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass")) for text in own])


def stretch_of(traced: Traced) -> Stretch:
    """A traced stretch, without what only the index needs."""
    origin = traced.origin
    return Stretch(
        span=traced.span,
        tier=origin.tier,
        origin_id=origin.origin_id,
        source=origin.source,
        sha256=origin.sha256,
        label=origin.label,
    )


def _one_each(known: Sequence[Traced]) -> list[Traced]:
    """One origin for each stretch: of several, the least trusted, and of those the one that came first.

    INVARIANT: what is in any of `known` is in the result: what two pages share leaves the rest of neither to the user.
    """
    kept: list[Traced] = []
    worst_first = sorted(known, key=lambda one: (-one.origin.tier.rank, one.span.start, one.origin.at_ms))
    for traced in worst_first:
        taken = sorted((other.span for other in kept), key=lambda span: span.start)
        kept += [replace(traced, span=span) for span in _left_of(traced.span, taken)]
    return sorted(kept, key=lambda one: one.span.start)


def _left_of(span: Span, taken: Sequence[Span]) -> list[Span]:
    """What of `span` lies in none of `taken`, which stand in order and do not overlap."""
    left, at = [], span.start
    for other in taken:
        if at < min(other.start, span.end):
            left.append(Span(start=at, end=min(other.start, span.end)))
        at = max(at, other.end)
    return [*left, Span(start=at, end=span.end)] if at < span.end else left
