"""The golden tokens: what was signed once is read the same for ever, and is signed the same again."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest

from aisecops.controls.tokens.jwks import from_jwks
from aisecops.controls.tokens.known import KnownTokens

HERE = Path(__file__).parent
GOLDEN = json.loads((HERE / "tokens.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("sample", GOLDEN["tokens"], ids=lambda sample: sample["name"])
def test_a_golden_token_is_judged_as_ever(sample):
    keys = {key.kid: key.x for key in from_jwks(json.dumps(GOLDEN["jwks"]).encode())}
    who = {name: GOLDEN[name] for name in ("now_s", "agent_id", "run_id")}
    tokens = KnownTokens(issuer=GOLDEN["issuer"], audience=GOLDEN["audience"])

    facts = tokens.verify(sample["token"], keys=keys, **who)

    assert (facts.fault, facts.claims is None) == (sample["fault"], sample["fault"] is not None)


def test_the_golden_tokens_are_signed_the_same_today():
    spec = importlib.util.spec_from_file_location("write_tokens", HERE / "write_tokens.py")
    writer = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(writer)

    assert json.loads(json.dumps(writer.samples())) == GOLDEN
