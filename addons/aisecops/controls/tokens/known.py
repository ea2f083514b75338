"""Tokens whose signature was seen to be good, so that the same text need not be read and verified again.

Only what depends on the text, the key, issuer and audience alone is kept: steps 1 to 4 of `verify.py`. Time,
presenter and possession are looked at each time; revocation is not known here. Belongs to one thread.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping

from aisecops.controls.tokens.chain import LINK, links, unproven_above, unproven_id
from aisecops.controls.tokens.codec import UnverifiedToken
from aisecops.controls.tokens.proof import ProofFacts
from aisecops.controls.tokens.verify import authentic, fits_presenter
from aisecops.model.facts import TokenFacts
from aisecops.model.grant import Above, Claims
from aisecops.model.ids import AgentId, RunId, TokenId

MOST_KNOWN = 1024
"""With tokens of at most 8 KiB, 8 MiB of text; usual are 900 bytes."""


class KnownTokens:
    """Verifies for one `issuer` and `audience`; remembers the `most` good tokens that were used last."""

    def __init__(self, *, issuer: str, audience: str, most: int = MOST_KNOWN) -> None:
        self._issuer = issuer
        self._audience = audience
        self._most = most
        self._good: OrderedDict[str, tuple[bytes, Claims]] = OrderedDict()

    def ids(self, text: str) -> tuple[TokenId | None, str]:
        """The token's id and its key's, unproven: for looking them up, for nothing else. None and "" if unreadable."""
        good = self._good.get(text)
        if good is not None:
            return good[1].jti, good[1].kid
        token = UnverifiedToken.parse(links(text)[0])
        if LINK in text:
            return unproven_id(text), token.kid if isinstance(token, UnverifiedToken) else ""
        return (token.jti, token.kid) if isinstance(token, UnverifiedToken) else (None, "")

    def above(self, text: str) -> tuple[Above, ...]:
        """What the tokens above the last of a chain say of themselves, unproven, like `ids`; nothing if unreadable."""
        good = self._good.get(text)
        if good is not None:
            return good[1].above
        return unproven_above(text)

    def is_counted(self, text: str) -> bool:
        """Has a good token, or one above it, a number of uses?"""
        good = self._good.get(text)
        return good is not None and bool(good[1].counted)

    def verify(
        self,
        text: str,
        *,
        keys: Mapping[str, bytes],
        now_s: int,
        agent_id: AgentId,
        run_id: RunId,
        proof: ProofFacts | None = None,
    ) -> TokenFacts:
        """Take `text`, presented by `agent_id` in `run_id` at `now_s`, through the steps of `verify.py`."""
        claims = self._claims(text, keys)
        if isinstance(claims, TokenFacts):
            return claims
        return fits_presenter(claims, now_s=now_s, agent_id=agent_id, run_id=run_id, proof=proof)

    def _claims(self, text: str, keys: Mapping[str, bytes]) -> Claims | TokenFacts:
        good = self._good.get(text)
        # INVARIANT: it counts only while the very key that signed it is in use; one removed or replaced ends it at once
        if good is not None and keys.get(good[1].kid) == good[0]:
            self._good.move_to_end(text)
            return good[1]
        claims = authentic(text, keys=keys, issuer=self._issuer, audience=self._audience)
        # a fault is never kept, so nobody without good tokens can push out those of others
        if isinstance(claims, Claims):
            self._good[text] = (keys[claims.kid], claims)
            self._good.move_to_end(text)
            if len(self._good) > self._most:
                self._good.popitem(last=False)
        return claims
