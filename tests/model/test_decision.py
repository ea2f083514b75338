import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisecops.model.decision import Verdict, strictest
from aisecops.model.provenance import TrustTier, joined

HARDNESS = [Verdict.ALLOW, Verdict.HOLD, Verdict.DENY]
verdicts = st.lists(st.sampled_from(HARDNESS))
tiers = st.lists(st.sampled_from(list(TrustTier)), min_size=1)


def test_silence_is_no():
    assert strictest([]) is Verdict.DENY


def test_a_verdict_has_no_truth_value():
    with pytest.raises(TypeError):
        bool(Verdict.ALLOW)


@given(verdicts, st.randoms(use_true_random=False))
def test_the_order_of_verdicts_does_not_matter(of, random):
    shuffled = list(of)
    random.shuffle(shuffled)
    assert strictest(shuffled) is strictest(of)


@given(st.lists(st.sampled_from(HARDNESS), min_size=1), st.sampled_from(HARDNESS))
def test_one_more_verdict_never_makes_it_milder(of, more):
    assert HARDNESS.index(strictest([*of, more])) == max(HARDNESS.index(strictest(of)), HARDNESS.index(more))


@given(tiers, st.sampled_from(list(TrustTier)))
def test_content_of_parts_is_trusted_as_its_least_trusted_part(of, more):
    assert joined(*of, more).rank == max(joined(*of).rank, more.rank)


def test_content_of_nothing_is_not_trusted():
    assert joined() is TrustTier.HOSTILE
