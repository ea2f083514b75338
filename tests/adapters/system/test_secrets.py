"""Secrets of the installation: one for everybody who asks, private, made once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from aisecops.adapters.system.secrets import operator_secret, secret_key
from aisecops.model.errors import ConfigError


def test_a_key_is_made_once_and_stays(tmp_path):
    made = secret_key(tmp_path / "state", "fingerprint")

    assert len(made) == 32
    assert secret_key(tmp_path / "state", "fingerprint") == made
    assert secret_key(tmp_path / "state", "record") != made


def test_the_operators_secret_is_text_for_a_header(tmp_path):
    secret = operator_secret(tmp_path)

    assert secret.isascii()
    assert len(secret) == 43
    assert operator_secret(tmp_path) == secret


def test_they_are_for_their_owner_alone(tmp_path):
    state = tmp_path / "state"
    secret_key(state, "record")
    operator_secret(state)

    assert state.stat().st_mode & 0o777 == 0o700
    assert {path.name: path.stat().st_mode & 0o777 for path in state.iterdir()} == {
        "record.key": 0o600,
        "operator.secret": 0o600,
        ".lock": 0o600,
    }


def test_many_who_ask_at_once_get_the_same(tmp_path):
    with ThreadPoolExecutor(16) as pool:
        got = set(pool.map(lambda _: operator_secret(tmp_path / "state"), range(64)))

    assert len(got) == 1


@pytest.mark.parametrize("content", [b"", b"short", b"x" * 33])
def test_a_key_of_another_size_is_not_used(tmp_path, content):
    secret_key(tmp_path, "record")
    (tmp_path / "record.key").write_bytes(content)

    with pytest.raises(ConfigError, match="32 bytes"):
        secret_key(tmp_path, "record")


@pytest.mark.parametrize("content", [b"", b"\n", b"guess", b"\xff" * 40, b"a" * 20 + b"\n" + b"b" * 20])
def test_an_operators_secret_that_could_be_guessed_or_sent_wrongly_is_not_used(tmp_path, content):
    operator_secret(tmp_path)
    (tmp_path / "operator.secret").write_bytes(content)

    with pytest.raises(ConfigError, match="no usable secret"):
        operator_secret(tmp_path)


def test_a_secret_open_to_others_is_not_used(tmp_path):
    operator_secret(tmp_path)
    (tmp_path / "operator.secret").chmod(0o644)

    with pytest.raises(ConfigError, match="open to others"):
        operator_secret(tmp_path)
