"""Verify a presented capability token: text in, claims or one fault out (spec 5.2, 18; AIS-CAP-02).

Knows the token, the public keys, the time, and who presents it. Does not know revocations, uses left or
the rules in force: those are looked up by the claims that come out of here. What the grant covers is
`cover.py`'s business.

A token presented by an agent in a run goes through these steps (`known.py`); the first that fails is told.

1. Form: one compact JWS of at most 8 KiB, EdDSA, our type.                  token_malformed
2. Signature, by one of the keys (raw Ed25519 by `kid`) over exactly this.   token_signature_invalid
3. Claims: all there, in bounds, agreeing, at most 900 s from iat to exp.    token_malformed
4. Issuer and audience: a signature made for others is none for us.          token_signature_invalid
5. Time: over from the second `exp` on, without leeway.                      token_expired
   Not begun before nbf and iat; here alone the issuer's clock may be
   `LEEWAY_S` ahead of ours.                                                 token_not_yet_valid
6. Agent, then run: both exactly the presenter's.                            token_wrong_agent, token_wrong_run
7. Possession: a token with `cnf` needs a good proof by that very key.       token_proof_invalid
"""

from __future__ import annotations

from collections.abc import Mapping

from aisecops.controls.tokens.chain import LINK, authentic_chain
from aisecops.controls.tokens.claims import read_claims
from aisecops.controls.tokens.codec import UnverifiedToken, malformed
from aisecops.controls.tokens.ed25519 import signed_by
from aisecops.controls.tokens.proof import LEEWAY_S, ProofFacts
from aisecops.model.errors import WireError
from aisecops.model.facts import TokenFacts
from aisecops.model.grant import Claims
from aisecops.model.ids import AgentId, RunId
from aisecops.model.refusals import Code


def authentic(text: str, *, keys: Mapping[str, bytes], issuer: str, audience: str) -> Claims | TokenFacts:
    """Steps 1 to 4, which depend on nothing but these arguments: the claims, or the fault.

    Of a chain (`chain.py`) the claims are the last child's.
    """
    if LINK in text:
        return authentic_chain(text, lambda first: authentic(first, keys=keys, issuer=issuer, audience=audience))
    # 1
    token = UnverifiedToken.parse(text)
    if isinstance(token, TokenFacts):
        return token
    # 2
    if not signature_holds(token, keys):
        return _fault(Code.TOKEN_SIGNATURE_INVALID, "no key in use has signed it")
    # 3
    try:
        claims = read_claims(token.payload, token.kid)
    except WireError as error:
        return malformed(error.detail)
    # 4
    if (claims.iss, claims.aud) != (issuer, audience):
        return _fault(Code.TOKEN_SIGNATURE_INVALID, "it was signed for another issuer or audience")
    return claims


def fits_presenter(
    claims: Claims,
    *,
    now_s: int,
    agent_id: AgentId,
    run_id: RunId,
    proof: ProofFacts | None = None,
) -> TokenFacts:
    """Steps 5 to 7, of claims that are authentic; to be asked anew each time the token is shown."""
    return (
        timely(claims, now_s=now_s)
        or _presenter_fault(claims, agent_id, run_id)
        or _possession_fault(claims, proof)
        or TokenFacts(claims=claims)
    )


def signature_holds(token: UnverifiedToken, keys: Mapping[str, bytes]) -> bool:
    """True when the key that `token` names is one of `keys` and has signed it. An unknown key has signed nothing."""
    public = keys.get(token.kid)
    return public is not None and signed_by(public, token.signed, token.signature)


def timely(claims: Claims, *, now_s: int) -> TokenFacts | None:
    """The fault of claims whose time is over or has not come; None within it."""
    if now_s >= claims.exp:
        return _fault(Code.TOKEN_EXPIRED, f"`{claims.jti}` ended {now_s - claims.exp} s ago")
    begins = max(claims.nbf, claims.iat)
    if now_s + LEEWAY_S < begins:
        return _fault(Code.TOKEN_NOT_YET_VALID, f"`{claims.jti}` begins in {begins - now_s} s")
    return None


def _presenter_fault(claims: Claims, agent_id: AgentId, run_id: RunId) -> TokenFacts | None:
    if claims.agent_id != agent_id:
        return _fault(Code.TOKEN_WRONG_AGENT, f"`{claims.jti}` was not issued to `{agent_id}`")
    if claims.run_id != run_id:
        return _fault(Code.TOKEN_WRONG_RUN, f"`{claims.jti}` was not issued for `{run_id}`")
    return None


def _possession_fault(claims: Claims, proof: ProofFacts | None) -> TokenFacts | None:
    if claims.cnf is None:
        return None
    if proof is None:
        return _fault(Code.TOKEN_PROOF_INVALID, f"`{claims.jti}` is bound to a key; send a DPoP proof by it")
    if proof.fault is not None:
        return _fault(Code.TOKEN_PROOF_INVALID, proof.detail)
    if proof.jkt != claims.cnf["jkt"]:
        return _fault(Code.TOKEN_PROOF_INVALID, f"`{claims.jti}` is bound to another key than the proof's")
    return None


def _fault(code: Code, detail: str) -> TokenFacts:
    return TokenFacts(fault=code, detail=detail)
