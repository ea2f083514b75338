"""Private keys in files and variables, behind the port `Signer`."""

from __future__ import annotations

import stat

import pytest

from aisecops.adapters.system.keys import read_key_set
from aisecops.adapters.system.signing import RULES_KEY, file_signer, held_signer, make_key, public_path
from aisecops.controls.tokens.codec import to_base64url
from aisecops.controls.tokens.ed25519 import signed_by
from aisecops.controls.tokens.jwks import thumbprint
from aisecops.model.errors import ConfigError


def test_a_key_that_was_made_signs_as_its_public_half_says(tmp_path):
    path = tmp_path / "rules.key"
    new = make_key(path, now_s=5)

    signer = file_signer(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert read_key_set(public_path(path)) == (new,)
    assert (signer.key_id, thumbprint(signer.public)) == (new.kid, new.kid)
    assert signed_by(new.x, b"m", signer.sign(b"m"))


def test_no_key_is_made_over_another(tmp_path):
    make_key(tmp_path / "rules.key", now_s=5)
    before = (tmp_path / "rules.key").read_bytes()

    with pytest.raises(ConfigError, match="there already"):
        make_key(tmp_path / "rules.key", now_s=6)
    assert (tmp_path / "rules.key").read_bytes() == before


def test_a_file_that_is_missing_open_to_others_or_no_key_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read"):
        file_signer(tmp_path / "none")
    path = tmp_path / "k"
    path.write_bytes(bytes(31))
    path.chmod(0o600)
    with pytest.raises(ConfigError, match="no Ed25519 key"):
        file_signer(path)
    path.chmod(0o644)
    with pytest.raises(ConfigError, match="open to others"):
        file_signer(path)


def test_a_variable_holds_the_same_key_in_text():
    seed = bytes(range(32))

    signer = held_signer(RULES_KEY, {RULES_KEY: to_base64url(seed) + "\n"})

    assert signer is not None
    assert signed_by(signer.public, b"m", signer.sign(b"m"))
    assert held_signer(RULES_KEY, {}) is None
    assert held_signer(RULES_KEY, {RULES_KEY: " "}) is None


@pytest.mark.parametrize("text", ["x", "AAAA", to_base64url(bytes(33)), to_base64url(bytes(32)) + "="])
def test_what_is_no_key_is_refused_and_not_repeated(text):
    with pytest.raises(ConfigError) as refused:
        held_signer(RULES_KEY, {RULES_KEY: f"{text}"})

    assert f"`{text}`" not in str(refused.value)
    assert "holds no Ed25519 key" in str(refused.value)
