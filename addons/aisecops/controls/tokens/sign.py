"""Turn claims into a signed capability token (spec 5.2).

Knows the form and the ceiling on lifetime. Whether the claims should be granted at all was decided
before (`gateway/runs/issue.py`); where the key lives is the signer's business.
"""

from __future__ import annotations

from typing import Protocol

import orjson

from aisecops.controls.tokens.claims import as_carried, read_claims, write_claims
from aisecops.controls.tokens.codec import ALGORITHM, MAX_CHARACTERS, TOKEN_TYPE, signing_input, to_base64url
from aisecops.model.errors import WireError
from aisecops.model.grant import Claims
from aisecops.model.scope import segments


class Signer(Protocol):
    """The private half of the key in use. `key_id` is asked first, then `sign` with that same key."""

    @property
    def key_id(self) -> str:
        """The `kid` of the key in use."""
        ...

    def sign(self, message: bytes) -> bytes:
        """The 64-byte Ed25519 signature of `message`."""
        ...


def issue(claims: Claims, signer: Signer) -> str:
    """The compact token that says `claims`; its `kid` is the signer's, whatever `claims` has there.

    Raises ValueError for what `verify` would not read back as the same claims: a lifetime over 900 s or
    over the grant's own limit, an unreadable scope, a value out of bounds, a token too large.
    """
    lifetime_s, limit_s = claims.exp - claims.iat, claims.grant.constraints.max_ttl_s
    if limit_s is not None and lifetime_s > limit_s:
        raise ValueError(f"a lifetime of {lifetime_s} s is over the grant's limit of {limit_s} s")
    segments(claims.grant.tool)
    segments(claims.grant.scope)
    kid = signer.key_id
    payload = write_claims(claims)
    try:
        carried = read_claims(payload, kid)
    except WireError as error:
        raise ValueError(error.detail) from error
    # INVARIANT: nothing is signed that would be read back as anything else
    if carried != as_carried(claims, kid):
        raise ValueError("the claims cannot be written without a change")
    return compact({"alg": ALGORITHM, "typ": TOKEN_TYPE, "kid": kid}, payload, signer)


def compact(header: dict[str, str], payload: bytes, signer: Signer) -> str:
    """The compact JWS of `header` and `payload`; raises ValueError when it is too large to be read back."""
    signed = signing_input(orjson.dumps(header), payload)
    text = f"{signed.decode()}.{to_base64url(signer.sign(signed))}"
    if len(text) > MAX_CHARACTERS:
        raise ValueError(f"the token would have over {MAX_CHARACTERS} characters")
    return text
