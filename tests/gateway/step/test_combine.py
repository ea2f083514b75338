from hypothesis import given
from hypothesis import strategies as st

from aisecops.gateway.step.combine import BINDING_IN_EVERY_MODE, combine
from aisecops.model.decision import Judgment, Mode, Reason, Verdict, strictest
from aisecops.model.refusals import Code

codes = st.sampled_from(list(Code))
judgments = st.lists(
    st.builds(
        Judgment,
        control=st.just("c"),
        verdict=st.sampled_from(list(Verdict)),
        reasons=st.lists(st.builds(Reason, code=codes, detail=st.just("d")), max_size=2).map(tuple),
        binding=st.booleans(),
    ),
    max_size=6,
)


def decision(of, *, mode=Mode.ENFORCE, approved=False):
    return combine(of, decision_id="dec_1", mode=mode, policy_version="v", approved=approved)


def test_no_judgment_at_all_is_no():
    assert decision([]).enforced is Verdict.DENY


@given(judgments, st.randoms(use_true_random=False))
def test_the_order_of_judgments_does_not_change_the_verdict(of, random):
    shuffled = list(of)
    random.shuffle(shuffled)
    assert decision(shuffled).verdict is decision(of).verdict


@given(judgments, judgments)
def test_one_more_judgment_never_makes_it_milder(of, more):
    assert strictest([decision(of + more).verdict, decision(of or more).verdict]) is decision(of + more).verdict


@given(judgments)
def test_an_approval_never_turns_a_no_into_a_yes(of):
    if decision(of).verdict is Verdict.DENY:
        assert decision(of, approved=True).verdict is Verdict.DENY


@given(judgments)
def test_every_reason_is_kept(of):
    kept = [reason for judgment in decision(of).judgments for reason in judgment.reasons]
    assert kept == [reason for judgment in of for reason in judgment.reasons]


@given(judgments)
def test_what_binds_in_every_mode_binds_an_observed_agent(of):
    observed = decision(of, mode=Mode.OBSERVE)
    denied = [judgment for judgment in of if judgment.verdict is Verdict.DENY]
    binds = any(j.binding or any(r.code in BINDING_IN_EVERY_MODE for r in j.reasons) for j in denied)
    assert observed.enforced is (Verdict.DENY if binds or not of else Verdict.ALLOW)


@given(judgments)
def test_what_is_refused_has_a_code(of):
    made = decision(of)
    assert (made.code is None) == (made.verdict is Verdict.ALLOW)
