"""Every forgery is another token than the good one, or none; and none of them verifies."""

import pytest
from nacl.signing import SigningKey

from aisecops.controls.tokens.jwks import public_key, to_jwks
from aisecops.ops.evaluation.forgeries import FORGED, TOKENS, joined, parts

KEY = SigningKey(b"g" * 32)
CLAIMS = {"sub": "bot", "agent_id": "bot", "run_id": "run_1", "tool": "t", "scope": "s", "exp": 1, "risk_score": 0.1}


def good():
    header = {"alg": "EdDSA", "kid": "k", "typ": "aisecops-cap+jwt"}
    said = joined(header, CLAIMS, b"").rpartition(".")[0]
    return joined(header, CLAIMS, KEY.sign(said.encode()).signature)


def verifies(token):
    said, _, _ = token.rpartition(".")
    try:
        header, claims, signature = parts(token)
        KEY.verify_key.verify(said.encode(), signature)
    except Exception:  # noqa: BLE001 - whatever cannot be read or verified does not verify
        return False
    return (header["typ"], claims) == ("aisecops-cap+jwt", CLAIMS)


def test_the_good_token_verifies():
    assert verifies(good())


@pytest.mark.parametrize("how", FORGED)
def test_no_forgery_does(how):
    forged = FORGED[how](good(), to_jwks([public_key(bytes(KEY.verify_key))]))

    assert forged != good()
    assert not verifies(forged) or forged.strip("=") == good()


def test_every_way_has_one_name():
    assert len(TOKENS) == len(set(TOKENS))
