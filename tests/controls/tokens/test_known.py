"""A token seen before is told as if it were new: whatever may have changed since still counts."""

from __future__ import annotations

import pytest

from aisecops.controls.tokens.known import KnownTokens
from aisecops.controls.tokens.proof import ProofFacts
from aisecops.model.ids import AgentId, RunId
from aisecops.model.refusals import Code
from support.tokens import AGENT, AUDIENCE, HOLDER, ISSUER, KEY, KEYS, NOW_S, OTHER_KEY, RUN, presented, token


def known(most: int = 4) -> KnownTokens:
    return KnownTokens(issuer=ISSUER, audience=AUDIENCE, most=most)


def shown(tokens: KnownTokens, text: str, **changes):
    asked = {"keys": KEYS, "now_s": NOW_S, "agent_id": AGENT, "run_id": RUN}
    return tokens.verify(text, **(asked | changes))


def test_the_second_time_gives_the_same_claims_without_reading_again():
    tokens, text = known(), token()

    first = shown(tokens, text)

    assert first == presented(text)
    assert shown(tokens, text).claims is first.claims


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"now_s": NOW_S + 300}, Code.TOKEN_EXPIRED),
        ({"now_s": NOW_S - 6}, Code.TOKEN_NOT_YET_VALID),
        ({"agent_id": AgentId("another")}, Code.TOKEN_WRONG_AGENT),
        ({"run_id": RunId("run_another")}, Code.TOKEN_WRONG_RUN),
        ({"keys": {}}, Code.TOKEN_SIGNATURE_INVALID),
        ({"keys": {KEY.key_id: OTHER_KEY.public}}, Code.TOKEN_SIGNATURE_INVALID),
    ],
)
def test_time_presenter_and_keys_are_looked_at_each_time(changes, fault):
    tokens, text = known(), token()
    shown(tokens, text)

    assert shown(tokens, text, **changes).fault is fault


def test_a_token_bound_to_a_key_needs_its_proof_each_time():
    tokens, text = known(), token(cnf={"jkt": HOLDER.key_id})
    assert shown(tokens, text, proof=ProofFacts(jkt=HOLDER.key_id, jti="one")).fault is None

    assert shown(tokens, text).fault is Code.TOKEN_PROOF_INVALID


def test_a_key_that_comes_back_counts_again():
    tokens, text = known(), token()
    shown(tokens, text)
    shown(tokens, text, keys={})

    assert shown(tokens, text).fault is None


def test_the_ids_are_the_same_before_and_after():
    tokens, text = known(), token()
    before = tokens.ids(text)
    shown(tokens, text)

    assert tokens.ids(text) == before == (presented(text).claims.jti, KEY.key_id)


def test_what_is_no_token_has_no_ids():
    assert known().ids("no token") == (None, "")


def test_only_the_last_good_ones_are_kept():
    tokens, texts = known(most=2), [token(jti=f"cap_{number}") for number in range(3)]
    first = [shown(tokens, text).claims for text in texts]

    assert shown(tokens, texts[2]).claims is first[2]
    assert shown(tokens, texts[0]).claims is not first[0]


def test_bad_tokens_push_out_nobody():
    tokens, text = known(most=1), token()
    first = shown(tokens, text).claims
    for number in range(3):
        shown(tokens, token(OTHER_KEY, jti=f"cap_{number}"))

    assert shown(tokens, text).claims is first
