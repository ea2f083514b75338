"""Which texts detectors look at, and what a piece is worth in which they saw something."""

from __future__ import annotations

from aisecops.controls.firewall.judge import judge_suspected
from aisecops.controls.firewall.suspect import hostile, suspected, untrusted_spans
from aisecops.model.decision import Verdict
from aisecops.model.envelope import Descent, LabelledSegment, Stretch, Suspicion
from aisecops.model.provenance import Span, TrustTier
from aisecops.model.rules import FirewallRules

MAIL = Stretch(span=Span(start=10, end=20), tier=TrustTier.EXTERNAL, origin_id="prv_1", source="https://mail.test")
WIKI = Stretch(span=Span(start=30, end=40), tier=TrustTier.EXTERNAL, origin_id="prv_2", source="https://wiki.test")
OWN = Stretch(span=Span(start=0, end=5), tier=TrustTier.INTERNAL, source="https://crm.test")
SIGN = Suspicion(detector="concealment", span=Span(start=2, end=6), score=0.95)


def segment(role: str, *stretches: Stretch) -> LabelledSegment:
    return LabelledSegment(position="/x", role=role, kind="text", tier=TrustTier.EXTERNAL, stretches=stretches)


def test_of_a_tools_answer_the_whole_is_looked_at_and_of_others_what_is_untrusted() -> None:
    assert list(untrusted_spans(segment("user", OWN, MAIL, WIKI), 50)) == [MAIL.span, WIKI.span]
    assert list(untrusted_spans(segment("tool", OWN, MAIL), 50)) == [Span(start=0, end=50)]
    assert list(untrusted_spans(segment("tool", OWN), 50)) == []


def test_a_sign_is_placed_in_the_piece_and_named_after_whose_words_it_stands_in() -> None:
    one = suspected(segment("user", MAIL, WIKI), WIKI.span, (SIGN,), 0.95)
    assert (one.source, one.origin_id, one.found[0].span) == ("https://wiki.test", "prv_2", Span(start=32, end=36))
    in_tool = suspected(segment("tool", MAIL, WIKI), Span(start=0, end=50), (SIGN,), 0.95)
    assert in_tool.source == "https://mail.test"


def test_only_what_is_untrusted_becomes_hostile() -> None:
    changed = hostile(segment("user", OWN, MAIL))
    assert [part.tier for part in changed.stretches] == [TrustTier.INTERNAL, TrustTier.HOSTILE]
    assert changed.tier is TrustTier.HOSTILE


def test_what_reaches_the_line_is_refused() -> None:
    line = FirewallRules().block_at
    found = suspected(segment("user", MAIL), MAIL.span, (SIGN,), float(line))
    assert judge_suspected(line, Descent(suspected=(found,))).verdict is Verdict.DENY
    below = suspected(segment("user", MAIL), MAIL.span, (SIGN,), float(line) - 0.01)
    assert judge_suspected(line, Descent(suspected=(below,))).verdict is Verdict.ALLOW
    assert judge_suspected(line, Descent()).verdict is Verdict.ALLOW
