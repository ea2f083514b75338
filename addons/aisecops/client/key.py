"""A key that capability tokens are bound to: proofs that its holder shows one (RFC 9449)."""

from __future__ import annotations

import hashlib
import time
import uuid

import orjson
from nacl.signing import SigningKey

from aisecops.controls.tokens.codec import ALGORITHM, signing_input, to_base64url
from aisecops.controls.tokens.jwks import thumbprint, to_jwk
from aisecops.controls.tokens.proof import PROOF_TYPE


class Key:
    """An Ed25519 key pair of the agent's own. The private half never leaves the process."""

    def __init__(self, private: SigningKey | None = None) -> None:
        self._private = private or SigningKey.generate()

    @property
    def public(self) -> bytes:
        """The raw public key."""
        return bytes(self._private.verify_key)

    @property
    def confirmation(self) -> dict[str, str]:
        """What a token request says in `cnf` to be bound to this key."""
        return {"jkt": thumbprint(self.public)}

    def sign(self, message: bytes) -> bytes:
        """The 64-byte Ed25519 signature of `message`."""
        return self._private.sign(message).signature

    def proof(self, *, method: str, url: str, token: str) -> str:
        """A DPoP proof for one request that shows `token`."""
        header = {"typ": PROOF_TYPE, "alg": ALGORITHM, "jwk": to_jwk(self.public)}
        said = {
            "jti": uuid.uuid4().hex,
            "htm": method,
            "htu": url.partition("?")[0].partition("#")[0],
            "iat": int(time.time()),  # noqa: TID251 - this is the agent's own process
            "ath": to_base64url(hashlib.sha256(token.encode()).digest()),
        }
        signed = signing_input(orjson.dumps(header), orjson.dumps(said))
        return f"{signed.decode()}.{to_base64url(self.sign(signed))}"

    def __repr__(self) -> str:
        """Without the private half."""
        return f"Key({thumbprint(self.public)!r})"
