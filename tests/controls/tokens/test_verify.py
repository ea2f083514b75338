"""Verification: each step refuses with its own code, and the clock counts to the second."""

from __future__ import annotations

import pytest

from aisecops.controls.tokens.claims import rfc3339
from aisecops.controls.tokens.proof import ProofFacts
from aisecops.model.facts import TokenFacts
from aisecops.model.refusals import Code
from support.tokens import HOLDER, KEY, NOW_S, OTHER_KEY, claims, forged, parts, presented, resaid, token


def test_a_good_token_gives_its_claims():
    facts = presented(token())

    assert facts == TokenFacts(claims=facts.claims)
    assert (facts.claims.jti, facts.claims.kid) == (claims().jti, KEY.key_id)


@pytest.mark.parametrize(
    ("after_s", "fault"),
    [
        (-6, Code.TOKEN_NOT_YET_VALID),
        (-5, None),
        (0, None),
        (299, None),
        (300, Code.TOKEN_EXPIRED),
        (301, Code.TOKEN_EXPIRED),
        (10**9, Code.TOKEN_EXPIRED),
        (-(10**9), Code.TOKEN_NOT_YET_VALID),
    ],
)
def test_a_token_is_good_from_five_seconds_early_to_the_second_it_ends(after_s, fault):
    assert presented(token(), now_s=NOW_S + after_s).fault is fault


@pytest.mark.parametrize("claim", ["iat", "nbf"])
def test_both_beginnings_must_have_come(claim):
    later = token(exp=NOW_S + 500, **{claim: NOW_S + 100})

    assert presented(later, now_s=NOW_S + 94).fault is Code.TOKEN_NOT_YET_VALID
    assert presented(later, now_s=NOW_S + 95).fault is None


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"exp": NOW_S + 900}, None),
        ({"exp": NOW_S + 901}, Code.TOKEN_MALFORMED),
        ({"exp": NOW_S + 900, "iat": NOW_S - 1}, Code.TOKEN_MALFORMED),
        ({"exp": NOW_S + 900, "nbf": NOW_S - 1}, Code.TOKEN_MALFORMED),
        ({"exp": NOW_S}, Code.TOKEN_MALFORMED),
    ],
)
def test_a_signed_lifetime_over_the_ceiling_counts_for_nothing(changes, fault):
    assert presented(resaid(**changes, constraints={"expiry": rfc3339(changes["exp"])})).fault is fault


@pytest.mark.parametrize("asked", [{"issuer": "https://other.test"}, {"audience": "other.test"}])
def test_a_token_for_others_is_not_signed_for_us(asked):
    assert presented(token(), **asked).fault is Code.TOKEN_SIGNATURE_INVALID


def test_a_token_in_another_agents_hand_is_refused():
    facts = presented(token(), agent_id="other-bot")

    assert facts.fault is Code.TOKEN_WRONG_AGENT
    assert facts.detail == "`cap_01KJQ8` was not issued to `other-bot`"


def test_a_token_in_another_run_is_refused():
    assert presented(token(), run_id="run_other").fault is Code.TOKEN_WRONG_RUN


def test_a_token_from_a_removed_key_is_refused():
    assert presented(token(), keys={}).fault is Code.TOKEN_SIGNATURE_INVALID
    assert presented(token(), keys={OTHER_KEY.key_id: OTHER_KEY.public}).fault is Code.TOKEN_SIGNATURE_INVALID


def test_a_token_from_either_key_counts_during_a_rotation():
    both = {KEY.key_id: KEY.public, OTHER_KEY.key_id: OTHER_KEY.public}

    assert presented(token(KEY), keys=both).fault is None
    assert presented(token(OTHER_KEY), keys=both).fault is None


@pytest.mark.parametrize(
    ("proof", "words"),
    [
        (None, "send a DPoP proof"),
        (ProofFacts(fault=Code.TOKEN_PROOF_INVALID, detail="the proof is old"), "the proof is old"),
        (ProofFacts(jkt=OTHER_KEY.key_id, jti="p1"), "bound to another key"),
        (ProofFacts(), "bound to another key"),
        (ProofFacts(jkt=HOLDER.key_id, jti="p1", fault=Code.TOKEN_PROOF_INVALID, detail="no"), "no"),
    ],
)
def test_a_bound_token_without_a_good_proof_by_its_key_is_refused(proof, words):
    facts = presented(token(cnf={"jkt": HOLDER.key_id}), proof=proof)

    assert facts.fault is Code.TOKEN_PROOF_INVALID
    assert words in facts.detail


def test_a_bound_token_with_a_good_proof_is_accepted():
    bound = token(cnf={"jkt": HOLDER.key_id})

    assert presented(bound, proof=ProofFacts(jkt=HOLDER.key_id, jti="p1")).fault is None


def test_an_unbound_token_needs_no_proof_and_no_bad_one_spoils_it():
    assert presented(token(), proof=ProofFacts(fault=Code.TOKEN_PROOF_INVALID)).fault is None


def test_the_first_step_that_fails_is_the_one_told():
    header, payload, _ = parts(token())
    strange = forged(header, payload | {"extra": 1}, OTHER_KEY)

    assert presented(strange).fault is Code.TOKEN_SIGNATURE_INVALID
    assert presented(token(), now_s=NOW_S + 300, agent_id="other-bot").fault is Code.TOKEN_EXPIRED
    assert presented(token(), agent_id="other-bot", run_id="run_other").fault is Code.TOKEN_WRONG_AGENT


def test_a_fault_never_carries_claims_that_somebody_could_use():
    for facts in (
        presented(token(), now_s=0),
        presented(token(), agent_id="x"),
        presented("x"),
        presented(token(), keys={}),
    ):
        assert facts.claims is None
        assert facts.detail
