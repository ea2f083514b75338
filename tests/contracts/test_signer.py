"""What every `Signer` promises: whoever holds the token key, in a folder, in a variable or elsewhere."""

from __future__ import annotations

import pytest
from nacl.signing import SigningKey

from aisecops.adapters.system.keys import KeyFolder, PublicKeys
from aisecops.adapters.system.signing import TOKEN_KEY, held_signer
from aisecops.controls.tokens.codec import to_base64url
from aisecops.controls.tokens.jwks import thumbprint
from aisecops.controls.tokens.sign import issue
from support.tokens import AGENT, SetClock, claims, presented

SEED = bytes(range(32))


class Kms:
    """A key that never leaves where it is; this side knows its public half, and asks for signatures."""

    def __init__(self) -> None:
        self._inside = SigningKey(bytes([9]) * 32)
        self.public = bytes(self._inside.verify_key)
        self.key_id = thumbprint(self.public)

    def sign(self, message: bytes) -> bytes:
        return self._inside.sign(message).signature


@pytest.fixture
def clock():
    return SetClock()


@pytest.fixture(params=["folder", "environment", "kms"])
def signer(request, tmp_path, clock):
    folder = KeyFolder(tmp_path, clock)
    if request.param == "folder":
        folder.create_if_missing()
        return folder.signer()
    held = Kms() if request.param == "kms" else held_signer(TOKEN_KEY, {TOKEN_KEY: to_base64url(SEED)})
    folder.adopt(held.public)
    return held


def test_what_it_signs_counts_by_the_published_keys(signer, tmp_path, clock):
    published = PublicKeys(tmp_path / "jwks.json", clock).verify_keys()

    found = presented(issue(claims(kid=signer.key_id), signer), keys=published)

    assert (found.fault, found.claims.agent_id, found.claims.kid) == (None, AGENT, signer.key_id)


def test_its_name_is_the_thumbprint_of_its_key_and_its_signature_has_64_bytes(signer, tmp_path, clock):
    (kid,) = PublicKeys(tmp_path / "jwks.json", clock).verify_keys()

    assert signer.key_id == kid
    assert len(signer.sign(b"message")) == 64
