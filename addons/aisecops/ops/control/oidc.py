"""People whom an OpenID provider vouches for: by a token in `Authorization`, or by signing in with a browser.

A sign-in is an authorization code with PKCE (RFC 7636): `begin` says where to send the browser and what to keep of it,
`finish` takes what came back. Who keeps the browser's cookie meanwhile and afterwards is not known here.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from aisecops.adapters.oidc.provider import Provider, Providers
from aisecops.adapters.oidc.tokens import Unverified, key_id, verified
from aisecops.controls.policy.logins import known_by
from aisecops.gateway.ports import Clock, RuleSource
from aisecops.model.errors import PolicyError
from aisecops.model.outcome import Refuse
from aisecops.model.people import OidcRules
from aisecops.model.refusals import Code
from aisecops.model.value import Value
from aisecops.ops.control.who import Asker, as_person

RANDOM_BYTES = 32
SCOPES = "openid profile email"


class Begun(Value):
    """A sign-in under way. All but `url` stays with us, bound to the browser, and serves once."""

    url: str
    state: str
    nonce: str
    verifier: str
    redirect_uri: str
    issuer: str


class SignedIn(Value):
    """What the provider has said of somebody. Who that is, is for the rules as they are whenever it is asked."""

    issuer: str
    claims: dict[str, Any]


class SignIn:
    """Knows people by the provider that the rules name. `secret` looks up where the client's secret is."""

    def __init__(
        self, *, rules: RuleSource, clock: Clock, providers: Providers, secret: Callable[[str], bytes | None]
    ) -> None:
        self._rules = rules
        self._clock = clock
        self._providers = providers
        self._secret = secret

    @property
    def offered(self) -> bool:
        """True when the rules name a provider."""
        return self._rules.current().oidc is not None

    async def bearer(self, token: str) -> Asker | Refuse:
        """Whom a token in `Authorization` is of. Raises `PolicyError` when the provider cannot be asked."""
        oidc = self._rules.current().oidc
        if oidc is None:
            return _nobody("the bearer secret is wrong")
        found = await self._verified(oidc, token, audience=oidc.audience or oidc.client_id)
        return found if isinstance(found, Refuse) else self.whose(found)

    def whose(self, signed_in: SignedIn) -> Asker | Refuse:
        """Who has signed in, by the rules in force: whom they let in no longer is nobody at once."""
        rules = self._rules.current()
        if rules.oidc is None or rules.oidc.issuer != signed_in.issuer:
            return _nobody("the rules name another provider by now; sign in again")
        known = known_by(rules, signed_in.claims)
        return _nobody(known) if isinstance(known, str) else as_person(known.name, known.role)

    async def begin(self, redirect_uri: str) -> Begun | Refuse:
        """Where a browser signs in, to come back to `redirect_uri`. Raises `PolicyError`."""
        oidc = self._rules.current().oidc
        if oidc is None:
            return _nobody("nobody can sign in here: the rules name no `oidc`")
        provider = await self._providers.of(oidc.issuer)
        state, nonce, verifier = (secrets.token_urlsafe(RANDOM_BYTES) for _ in range(3))
        asked = {
            "response_type": "code",
            "client_id": oidc.client_id,
            "redirect_uri": redirect_uri,
            "scope": SCOPES,
            "state": state,
            "nonce": nonce,
            "code_challenge": _challenge(verifier),
            "code_challenge_method": "S256",
        }
        joined = "&" if "?" in provider.authorization_endpoint else "?"
        return Begun(
            url=f"{provider.authorization_endpoint}{joined}{urlencode(asked)}",
            state=state,
            nonce=nonce,
            verifier=verifier,
            redirect_uri=redirect_uri,
            issuer=oidc.issuer,
        )

    async def finish(self, begun: Begun, *, state: str, code: str, iss: str | None = None) -> SignedIn | Refuse:
        """Somebody whom the rules let in, from what the browser brought back. Raises `PolicyError`.

        1. the sign-in that was begun in this browser, at the provider that the rules still name (RFC 9207)
        2. the code for tokens, which only whoever began it can change
        3. the ID token, with the nonce that was given out
        """
        # 1
        oidc = self._rules.current().oidc
        mixed_up = oidc is None or oidc.issuer != begun.issuer or iss not in {None, begun.issuer}
        if oidc is None or mixed_up or not hmac.compare_digest(state.encode(), begun.state.encode()):
            return _nobody("this is no answer to a sign-in that was begun here; begin again")
        # 2
        provider = await self._providers.of(oidc.issuer)
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": begun.redirect_uri,
            "code_verifier": begun.verifier,
        }
        said = await self._providers.exchanged(
            provider, form, client_id=oidc.client_id, secret=self._client_secret(oidc)
        )
        token = said.get("id_token")
        if not isinstance(token, str):
            return _nobody("the provider gave no ID token")
        # 3
        found = await self._verified(oidc, token, audience=oidc.client_id, nonce=begun.nonce)
        nobody = found if isinstance(found, Refuse) else self.whose(found)
        return nobody if isinstance(nobody, Refuse) else found

    async def _verified(
        self, oidc: OidcRules, token: str, *, audience: str, nonce: str | None = None
    ) -> SignedIn | Refuse:
        try:
            provider: Provider = await self._providers.of(oidc.issuer, key=key_id(token))
            now_s = self._clock.now_ms() // 1000
            claims = verified(
                token, provider.keys, issuer=oidc.issuer, audience=audience, now_s=now_s, nonce=nonce
            )  # fmt: skip
        except Unverified as why:
            return _nobody(f"the provider's token is not taken: {why}")
        return SignedIn(issuer=oidc.issuer, claims=claims)

    def _client_secret(self, oidc: OidcRules) -> str | None:
        if not oidc.client_secret:
            return None
        if (found := self._secret(oidc.client_secret)) is None:
            raise PolicyError(f"`{oidc.client_secret}`, the OpenID client's secret, is not set")
        return found.decode("utf-8", "replace")


def _challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def _nobody(detail: str) -> Refuse:
    return Refuse(code=Code.IDENTITY_REQUIRED, detail=detail)
