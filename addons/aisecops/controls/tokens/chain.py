"""A capability token that its holder made narrower, offline, for somebody else (spec 5.2; contract 5).

A chain is the token that was issued and up to four children, each after a `~`:

    ISSUED~CHILD~CHILD

A child is signed by the key that its parent is bound to (`cnf`), names that key in its header, and says the same kind
of claims. It may only shrink: what is wider than the parent in any way is `scope_violation`. It is bound to a key
itself: one that anybody may show would be wider than its parent.

Knows one text, the public keys and our own issuer's names. Who may present the last child, and whether anything in the
chain is revoked or used up, is asked by those who know.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import msgspec

from aisecops.controls.tokens.claims import read_claims
from aisecops.controls.tokens.codec import ALGORITHM, Jws, malformed, read_object, split
from aisecops.controls.tokens.ed25519 import signed_by
from aisecops.controls.tokens.jwks import read_jwk, thumbprint
from aisecops.model.errors import WireError
from aisecops.model.facts import TokenFacts
from aisecops.model.grant import Above, Claims
from aisecops.model.ids import TokenId
from aisecops.model.refusals import Code
from aisecops.model.scope import covers
from aisecops.model.value import Value

CHILD_TYPE = "aisecops-cap-child+jwt"
LINK = "~"
MOST_CHILDREN = 4
MAX_ID_CHARACTERS = 512
MAX_CHARACTERS = 16 * 1024
"""Of a whole chain."""

_HEAD = "eyJ"  # what a JSON object that begins with a name is in base64url
_PIECE_OF_ISSUED = re.compile("cap_(?:0[0-9A-HJKMNP-TV-Z]{0,24})?")  # a ULID of ours, or less of it


class _Header(Value):
    alg: str
    typ: str
    jwk: dict[str, str]


def links(text: str) -> list[str]:
    """The tokens of a chain, the issued one first; of a token alone, that."""
    return text.split(LINK)


def authentic_chain(text: str, issued: Callable[[str], Claims | TokenFacts]) -> Claims | TokenFacts:
    """The claims of the last child, which remember all that stand above it; or the first fault from the top.

    `issued` says whether the first token is authentic.
    """
    if len(text) > MAX_CHARACTERS:
        return malformed(f"the chain has over {MAX_CHARACTERS} characters")
    first, *children = links(text)
    if len(children) > MOST_CHILDREN:
        return malformed(f"a token is narrowed at most {MOST_CHILDREN} times")
    claims = issued(first)
    for child in children:
        if isinstance(claims, TokenFacts):
            return claims
        claims = _child(child, claims)
    return claims


def unproven_id(text: str) -> TokenId | None:
    """The id that the last child gives itself: good for looking it up, for nothing else. None if unreadable."""
    try:
        said = read_object(split(links(text)[-1]).payload).get("jti")
    except WireError:
        return None
    return TokenId(said) if isinstance(said, str) else None


def no_id(text: str) -> str:
    """Why `text` is no `jti` that a token could have; empty when it is one. Never says `text` again.

    A child's may be anything, for its holder makes it up.
    """
    inside = unproven_id(text)
    if inside is not None and no_id(inside) == "":
        return f"that is a token; what it goes by is its `jti`, `{inside}`"
    if inside is not None or _HEAD in text:
        return "that is a token or a part of one; give its `jti`"
    if not 1 <= len(text) <= MAX_ID_CHARACTERS or not text.isprintable():
        return f"a `jti` has 1 to {MAX_ID_CHARACTERS} characters that can be printed"
    if _PIECE_OF_ISSUED.fullmatch(text):
        return "that is not the whole of a `jti`: `cap_` and 26 letters and digits"
    return ""


def unproven_grant(text: str) -> tuple[str, str] | None:
    """Tool and scope that the last child says it is for: to choose it by, for nothing else. None if unreadable."""
    try:
        grant = read_claims(split(links(text)[-1]).payload, "").grant
    except WireError:
        return None
    return grant.tool, grant.scope


def unproven_above(text: str) -> tuple[Above, ...]:
    """What the tokens above the last child say of themselves: as good as `unproven_id`. Empty if unreadable."""
    try:
        above = [read_claims(split(link).payload, "") for link in links(text)[:-1][: MOST_CHILDREN + 1]]
    except WireError:
        return ()
    return tuple(_above(claims) for claims in above)


def wider(child: Claims, parent: Claims) -> Iterator[str]:
    """Every way in which `child` is wider than `parent`."""
    if not covers(parent.grant.tool, child.grant.tool):
        yield f"the tool `{child.grant.tool}`; its parent's is `{parent.grant.tool}`"
    if not covers(parent.grant.scope, child.grant.scope):
        yield f"the scope `{child.grant.scope}`; its parent's is `{parent.grant.scope}`"
    mine, outer = child.grant.constraints, parent.grant.constraints
    for name in ("max_rows", "max_cost_micros", "uses"):
        limit, own = getattr(outer, name), getattr(mine, name)
        if limit is not None and (own is None or own > limit):
            yield f"`{name.removesuffix('_micros')}`"
    if child.exp > parent.exp:
        yield "a later end"
    if min(child.nbf, child.iat) < min(parent.nbf, parent.iat):
        yield "an earlier beginning"


def _child(text: str, parent: Claims) -> Claims | TokenFacts:
    try:
        jws = split(text)
        if why := _not_signed(jws, _public(jws), parent):
            return _fault(Code.TOKEN_SIGNATURE_INVALID, why)
        return _joined(read_claims(jws.payload, parent.kid), parent)
    except WireError as error:
        return malformed(error.detail)


def _public(jws: Jws) -> bytes:
    """The key that a child's header names. Raises `WireError` for any other header."""
    try:
        header = msgspec.convert(jws.header, _Header)
    except msgspec.ValidationError:
        raise WireError("a child's header must have alg, typ and jwk, and nothing else") from None
    if (header.alg, header.typ) != (ALGORITHM, CHILD_TYPE):
        raise WireError(f"a child's algorithm and type must be {ALGORITHM} and {CHILD_TYPE}")
    return read_jwk(header.jwk)


def _not_signed(jws: Jws, public: bytes, parent: Claims) -> str:
    """Why this is not the word of whoever holds `parent`; empty when it is."""
    if parent.cnf is None:
        return f"`{parent.jti}` is bound to no key, so nobody can narrow it"
    if thumbprint(public) != parent.cnf["jkt"]:
        return f"`{parent.jti}` is bound to another key than the child's"
    return "" if signed_by(public, jws.signed, jws.signature) else "the child is not signed by the key it names"


def _joined(child: Claims, parent: Claims) -> Claims | TokenFacts:
    above = (*parent.above, _above(parent))
    if child.parent != parent.jti or child.jti in {one.jti for one in above}:
        return malformed("a child names its parent, and has an id of its own")
    same = ("iss", "aud", "policy_version", "risk_score")
    if any(getattr(child, name) != getattr(parent, name) for name in same):
        return malformed(f"a child says its parent's {', '.join(same)}")
    if child.cnf is None:
        return malformed("a child is bound to a key (`cnf`), as its parent is")
    if too_wide := list(wider(child, parent)):
        return _fault(Code.SCOPE_VIOLATION, f"`{child.jti}` is wider than its parent: {'; '.join(too_wide)}")
    return msgspec.structs.replace(child, above=above)


def _above(claims: Claims) -> Above:
    return Above(jti=claims.jti, agent_id=claims.agent_id, run_id=claims.run_id, exp=claims.exp, uses=claims.uses)


def _fault(code: Code, detail: str) -> TokenFacts:
    return TokenFacts(fault=code, detail=detail)
