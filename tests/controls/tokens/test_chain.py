"""Tokens narrowed by their holders: what shrinks is accepted, what an attacker makes of it is not."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aisecops.controls.tokens.attenuate import attenuate
from aisecops.controls.tokens.chain import LINK, MAX_CHARACTERS, MOST_CHILDREN, no_id, unproven_above, unproven_id
from aisecops.controls.tokens.proof import ProofFacts
from aisecops.model.grant import Constraints
from aisecops.model.ids import AgentId, RunId, TokenId
from aisecops.model.refusals import Code
from support.tokens import (
    AGENT,
    HOLDER,
    KEY,
    NOW_S,
    OTHER_KEY,
    RUN,
    TestKey,
    forged,
    grant,
    parts,
    presented,
    token,
)

NEXT = [TestKey(number) for number in range(10, 16)]


def bound(**changes):
    said = {"cnf": {"jkt": HOLDER.key_id}, "grant": grant(max_rows=100, max_cost_micros=500_000)}
    return token(**(said | changes))


def child(parent=None, holder=HOLDER, to=NEXT[0], **narrower):
    name = TokenId(f"cap_child_{to.key_id[:6]}")
    return attenuate(parent or bound(), holder, to=to.public, **({"jti": name} | narrower))


def shown(text, by=NEXT[0], **who):
    return presented(text, **({"proof": ProofFacts(jkt=by.key_id, jti="p")} | who))


def fault(text, **who):
    return shown(text, **who).fault


def resigned(text, key, **changes):
    """The last child with other claims, signed by `key`: what somebody with that key can do by hand."""
    above, _, last = text.rpartition(LINK)
    header, payload, _ = parts(last)
    for name, value in changes.items():
        payload = payload | {name: value} if value is not None else {k: v for k, v in payload.items() if k != name}
    return f"{above}{LINK}{forged(header, payload, key)}"


def test_a_narrower_child_is_accepted_and_remembers_what_it_was_made_of():
    claims = shown(child(scope="crm.customers.42", constraints=Constraints(max_rows=5))).claims
    assert (claims.grant.scope, claims.grant.constraints.max_rows) == ("crm.customers.42", 5)
    assert claims.grant.constraints.max_cost_micros == 500_000
    assert [(one.jti, one.agent_id, one.run_id) for one in claims.above] == [("cap_01KJQ8", AGENT, RUN)]
    assert (claims.kid, claims.granted_to) == (KEY.key_id, AGENT)


def test_it_is_narrowed_four_times_and_not_five():
    text, holder = bound(), HOLDER
    for at, to in enumerate(NEXT[:MOST_CHILDREN]):
        text, holder = child(text, holder, to, constraints=Constraints(max_rows=50 - at)), to
    assert shown(text, by=holder).claims.grant.constraints.max_rows == 47
    with pytest.raises(ValueError, match="at most 4 times"):
        child(text, holder, NEXT[4])
    _, payload, _ = parts(text.rpartition(LINK)[2])
    fifth = forged({"alg": "EdDSA", "typ": "aisecops-cap-child+jwt", "jwk": holder.jwk},
                   payload | {"jti": "cap_5", "parent": payload["jti"], "cnf": {"jkt": NEXT[4].key_id}}, holder)  # fmt: skip
    assert fault(f"{text}{LINK}{fifth}", by=NEXT[4]) is Code.TOKEN_MALFORMED


WIDER = {
    "tool": {"tool": "crm.*"},
    "another tool": {"tool": "mail.send"},
    "scope": {"scope": "crm.**"},
    "another scope": {"scope": "hr.people.*"},
    "rows": {"constraints": {"max_rows": 101, "max_cost": 0.5}},
    "no rows": {"constraints": {"max_cost": 0.5}},
    "cost": {"constraints": {"max_rows": 100, "max_cost": 0.51}},
    "no cost": {"constraints": {"max_rows": 100}},
    "a later end": {"exp": NOW_S + 301},
    "an earlier beginning": {"nbf": NOW_S - 1},
    "uses": {"uses": 3},
    "no uses": {"uses": None},
}


@pytest.mark.parametrize("how", WIDER)
def test_a_child_wider_than_its_parent_in_anything_is_a_scope_violation(how):
    parent = bound(uses=2) if "uses" in how else bound()
    changes = dict(WIDER[how])
    honest = child(parent)
    _, payload, _ = parts(honest.rpartition(LINK)[2])
    if "constraints" in changes:
        changes["constraints"] = {"expiry": payload["constraints"]["expiry"], **changes["constraints"]}
    if "uses" in changes:
        changes["constraints"] = {k: v for k, v in payload["constraints"].items() if k != "uses"}
    if "exp" in changes:
        changes["constraints"] = payload["constraints"] | {"expiry": "2026-03-02T17:05:01Z"}
    assert fault(honest) is None
    assert fault(resigned(honest, HOLDER, **changes)) is Code.SCOPE_VIOLATION, how


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"iss": "https://evil.test"}, Code.TOKEN_MALFORMED),
        ({"aud": "other"}, Code.TOKEN_MALFORMED),
        ({"policy_version": "newer"}, Code.TOKEN_MALFORMED),
        ({"risk_score": 0.0}, Code.TOKEN_MALFORMED),
        ({"parent": "cap_other"}, Code.TOKEN_MALFORMED),
        ({"parent": None}, Code.TOKEN_MALFORMED),
        ({"cnf": None}, Code.TOKEN_MALFORMED),
        ({"jti": "cap_01KJQ8"}, Code.TOKEN_MALFORMED),
        ({"more": 1}, Code.TOKEN_MALFORMED),
    ],
)
def test_a_child_says_what_its_parent_says_and_is_bound_itself(changes, code):
    assert fault(resigned(child(), HOLDER, **changes)) is code


def test_nobody_narrows_a_token_but_its_holder():
    header, payload, _ = parts(child().rpartition(LINK)[2])
    stranger = forged(header | {"jwk": OTHER_KEY.jwk}, payload, OTHER_KEY)
    pretender = forged(header, payload, OTHER_KEY)
    for last in (stranger, pretender):
        assert fault(f"{bound()}{LINK}{last}") is Code.TOKEN_SIGNATURE_INVALID
    with pytest.raises(ValueError, match="not bound to this key"):
        child(bound(), OTHER_KEY)


def test_a_token_bound_to_no_key_has_no_children():
    last = child().rpartition(LINK)[2]
    assert fault(f"{token()}{LINK}{last}") is Code.TOKEN_SIGNATURE_INVALID
    with pytest.raises(ValueError, match="not bound"):
        child(token())


def test_a_child_put_under_another_parent_is_refused():
    other = bound(jti=TokenId("cap_other"), grant=grant(tool="mail.send", scope="mail.contacts.*"))
    assert fault(f"{other}{LINK}{child().rpartition(LINK)[2]}") is Code.TOKEN_MALFORMED


def test_the_issued_token_of_a_chain_is_verified_like_any_other():
    last = child().rpartition(LINK)[2]
    forged_parent = token(OTHER_KEY, cnf={"jkt": HOLDER.key_id}, grant=grant(max_rows=100, max_cost_micros=500_000))
    assert fault(f"{forged_parent}{LINK}{last}") is Code.TOKEN_SIGNATURE_INVALID
    assert fault(child(), now_s=NOW_S + 300) is Code.TOKEN_EXPIRED


def test_an_issued_token_is_no_child_and_a_child_no_issued_token():
    last = child().rpartition(LINK)[2]
    assert fault(last) is Code.TOKEN_MALFORMED
    assert fault(f"{bound()}{LINK}{bound()}") is Code.TOKEN_MALFORMED


def test_a_child_needs_a_proof_by_its_own_key_not_its_parents():
    assert presented(child()).fault is Code.TOKEN_PROOF_INVALID
    assert fault(child(), by=HOLDER) is Code.TOKEN_PROOF_INVALID


def test_a_child_is_for_the_agent_and_run_it_names():
    text = child(agent_id=AgentId("helper"), run_id=RunId("run_below"))
    assert fault(text) is Code.TOKEN_WRONG_AGENT
    assert fault(text, agent_id=AgentId("helper")) is Code.TOKEN_WRONG_RUN
    assert shown(text, agent_id=AgentId("helper"), run_id=RunId("run_below")).claims.granted_to == AGENT


def test_a_chain_without_end_is_refused_before_it_is_read():
    assert fault(bound() + LINK + "x" * MAX_CHARACTERS) is Code.TOKEN_MALFORMED
    assert fault(LINK.join([bound()] * 9)) is Code.TOKEN_MALFORMED


def test_what_a_chain_says_of_itself_is_there_for_looking_up():
    text = child(child(), NEXT[0], NEXT[1])
    assert [one.jti for one in unproven_above(text)] == ["cap_01KJQ8", f"cap_child_{NEXT[0].key_id[:6]}"]
    assert unproven_id(text) == f"cap_child_{NEXT[1].key_id[:6]}"
    assert (unproven_above(f"x{LINK}y"), unproven_id(f"x{LINK}y")) == ((), None)


@settings(max_examples=60)
@given(st.text(alphabet="~.abcXYZ019_-é\x00", max_size=200), st.integers(0, 3))
def test_any_text_gives_claims_or_a_fault(text, where):
    pieces = child().split(LINK)
    pieces.insert(where % 3, text)
    assert shown(LINK.join(pieces)).claims is None


def test_a_token_or_a_part_of_one_is_no_id_and_is_not_said_again():
    text = child()
    for wrong in (text, text.split(LINK)[0], text[:-90], text[1:]):
        assert no_id(wrong)
        assert wrong not in no_id(wrong)
    assert f"cap_child_{NEXT[0].key_id[:6]}" in no_id(text)


@pytest.mark.parametrize("text", ["", "x" * 513, "a\nb", "cap_", "cap_01M8GJNFJTYJGMBH8AAMXP5G7"])
def test_what_no_token_goes_by_is_no_id(text):
    assert no_id(text)


@pytest.mark.parametrize("text", ["cap_01M8GJNFJTYJGMBH8AAMXP5G7Z", "cap_child_1", "0f3c", "urn:of:another:library"])
def test_an_issued_token_and_a_child_of_any_maker_have_ids(text):
    assert no_id(text) == ""
