"""Proofs that the gateway's own check finds good, and only for what they were made for."""

from __future__ import annotations

import time

from aisecops.client.key import Key
from aisecops.controls.tokens.proof import check_proof

URL = "https://crm.internal/v1/customers/42"


def checked(key, **other):
    made = key.proof(method="GET", url=f"{URL}?page=2", token="a.b.c")
    asked = {"method": "GET", "url": URL, "token": "a.b.c", "now_s": int(time.time())}
    return check_proof(made, **(asked | other))


def test_a_proof_is_good_for_its_request_and_token_alone():
    key = Key()
    assert checked(key).jkt == key.confirmation["jkt"]
    for other in ({"method": "POST"}, {"url": f"{URL}0"}, {"token": "a.b.d"}, {"now_s": 0}):
        assert checked(key, **other).fault is not None, other


def test_no_two_proofs_are_the_same_and_the_private_half_is_not_shown():
    key = Key()
    assert checked(key).jti != checked(key).jti
    assert repr(key) == f"Key({key.confirmation['jkt']!r})"
