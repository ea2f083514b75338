from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from aisecops.controls.firewall.label import label
from aisecops.model.envelope import LabelledSegment
from aisecops.model.provenance import Span, Traced, TrustTier
from support.origins import origin


def labelled(
    role: str, *known: Traced, unknown: TrustTier = TrustTier.EXTERNAL, so_far: TrustTier = TrustTier.USER
) -> LabelledSegment:
    return label(
        position="/messages/0/content", role=role, kind="text", length=100, known=known, unknown=unknown, so_far=so_far
    )


def known(tier: TrustTier, start: int = 10, end: int = 60, name: str = "prv_1") -> Traced:
    return Traced(span=Span(start=start, end=end), origin=origin(name, tier))


def test_what_nobody_has_seen_come_in_is_the_speakers_own() -> None:
    assert labelled("system").tier is TrustTier.OPERATOR
    assert labelled("developer").tier is TrustTier.OPERATOR
    assert labelled("user").tier is TrustTier.USER


def test_a_tools_answer_that_nobody_has_seen_is_unknown_content() -> None:
    found = labelled("tool", unknown=TrustTier.HOSTILE)
    assert (found.tier, found.wrapped) == (TrustTier.HOSTILE, True)
    assert found.stretches[0].span == Span(start=0, end=100)


def test_a_tools_answer_that_came_in_keeps_its_origin() -> None:
    found = labelled("tool", known(TrustTier.INTERNAL), unknown=TrustTier.HOSTILE)
    assert (found.tier, found.wrapped, found.stretches[0].origin_id) == (TrustTier.INTERNAL, False, "prv_1")


def test_text_that_came_in_keeps_its_tier_in_the_users_own_words() -> None:
    found = labelled("user", known(TrustTier.EXTERNAL))
    assert (found.tier, found.wrapped) == (TrustTier.EXTERNAL, True)


def test_a_system_slot_is_never_wrapped_because_it_is_refused() -> None:
    found = labelled("system", known(TrustTier.EXTERNAL))
    assert (found.tier, found.wrapped) == (TrustTier.EXTERNAL, False)


def test_what_the_model_said_is_worth_no_more_than_what_it_had_read() -> None:
    assert labelled("assistant", so_far=TrustTier.EXTERNAL).tier is TrustTier.EXTERNAL
    assert not labelled("assistant", so_far=TrustTier.EXTERNAL).wrapped


def test_of_two_origins_of_one_stretch_the_less_trusted_counts() -> None:
    found = labelled("user", known(TrustTier.INTERNAL, 10, 60, "a"), known(TrustTier.HOSTILE, 20, 50, "b"))
    assert [(part.origin_id, part.span.start, part.span.end) for part in found.stretches] == [
        ("a", 10, 20), ("b", 20, 50), ("a", 50, 60),
    ]  # fmt: skip


def test_what_two_pages_share_leaves_the_rest_of_neither_to_the_user() -> None:
    first, second = known(TrustTier.EXTERNAL, 10, 60, "a"), known(TrustTier.EXTERNAL, 10, 90, "b")
    for several in ((first, second), (second, first)):
        stretches = labelled("user", *several).stretches
        assert (stretches[0].span.start, stretches[-1].span.end) == (10, 90)
        assert all(one.span.end == other.span.start for one, other in itertools.pairwise(stretches))


@given(st.lists(st.tuples(st.sampled_from(TrustTier), st.integers(0, 30), st.integers(1, 30)), max_size=6))
def test_every_known_character_has_one_origin(places: list[tuple[TrustTier, int, int]]) -> None:
    several = [known(tier, start, start + size, str(n)) for n, (tier, start, size) in enumerate(places)]
    covered = [at for part in labelled("user", *several).stretches for at in range(part.span.start, part.span.end)]
    assert sorted(covered) == sorted({at for one in several for at in range(one.span.start, one.span.end)})


def test_stretches_stand_in_the_order_of_the_text() -> None:
    found = labelled("user", known(TrustTier.EXTERNAL, 60, 90, "late"), known(TrustTier.EXTERNAL, 5, 50, "early"))
    assert [part.origin_id for part in found.stretches] == ["early", "late"]
