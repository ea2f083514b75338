"""Token keys in a folder: made once, rotated without a gap, refused when open to others."""

from __future__ import annotations

import json
import logging
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from aisecops.adapters.system.keys import FolderSigner, KeyFolder, PublicKeys
from aisecops.model.errors import ConfigError
from aisecops.model.refusals import Code
from support.tokens import KEY, NOW_S, SetClock, presented, token


@pytest.fixture
def clock():
    return SetClock()


@pytest.fixture
def folder(tmp_path, clock):
    made = KeyFolder(tmp_path / "certs", clock)
    made.create_if_missing()
    return made


def seeds(folder: KeyFolder) -> list[Path]:
    return sorted(folder.public_path.parent.glob("keys/token-*.key"))


def judged(text, keys, clock):
    return presented(text, keys=keys.verify_keys(), now_s=clock.now_ms() // 1000).fault


def test_what_the_folder_signs_its_public_half_verifies(folder, clock):
    assert judged(token(folder.signer()), PublicKeys(folder.public_path, clock), clock) is None


def test_the_private_half_is_for_its_owner_alone(folder):
    (seed,) = seeds(folder)

    assert seed.parent.stat().st_mode & 0o777 == 0o700
    assert seed.stat().st_mode & 0o777 == 0o600
    assert folder.public_path.stat().st_mode & 0o777 == 0o644


def test_nothing_private_is_published(folder):
    (seed,) = seeds(folder)
    (key,) = json.loads(folder.public_path.read_text())["keys"]

    assert set(key) == {"kty", "crv", "x", "kid", "use", "alg", "iat"}
    assert seed.read_bytes().hex() not in folder.public_path.read_bytes().hex()


def test_a_key_that_is_there_is_kept(folder):
    before = folder.public_path.read_bytes()

    folder.create_if_missing()

    assert folder.public_path.read_bytes() == before


def test_many_who_start_at_once_make_one_key(tmp_path, clock):
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: KeyFolder(tmp_path / "certs", clock).create_if_missing(), range(16)))

    assert len(KeyFolder(tmp_path / "certs", clock).published()) == 1
    assert len(list(tmp_path.glob("certs/keys/token-*.key"))) == 1


def test_after_a_rotation_tokens_of_both_keys_pass_until_the_old_one_ends(folder, clock):
    old_signer, keys = folder.signer(), PublicKeys(folder.public_path, clock)
    old = token(old_signer, exp=NOW_S + 900)

    folder.rotate(overlap_s=600)
    clock.ahead(5)
    new = token(folder.signer(), iat=NOW_S + 5, nbf=NOW_S + 5, exp=NOW_S + 900)

    assert (judged(old, keys, clock), judged(new, keys, clock)) == (None, None)
    clock.ahead(594)
    assert judged(old, keys, clock) is None
    clock.ahead(1)
    assert judged(old, keys, clock) is Code.TOKEN_SIGNATURE_INVALID
    assert judged(new, keys, clock) is None


def test_a_running_signer_takes_up_the_new_key_once_every_gateway_has_read_it(folder, clock):
    signer = folder.signer()
    before = signer.key_id
    new = folder.rotate()

    clock.ahead(4.9)
    assert signer.key_id == before
    clock.ahead(1)
    assert signer.key_id == new.kid


def test_no_token_is_refused_while_keys_rotate_under_load(folder, clock):
    signer, keys = folder.signer(), PublicKeys(folder.public_path, clock)
    faults = set()
    for step in range(120):
        if step % 40 == 20:
            folder.rotate()
        now_s = clock.now_ms() // 1000
        faults.add(judged(token(signer, iat=now_s, nbf=now_s, exp=now_s + 60), keys, clock))
        clock.ahead(0.1)

    assert faults == {None}
    assert len(keys.verify_keys()) == 4


def test_a_rotation_without_overlap_ends_the_old_key_at_once_for_signer_and_gateways(folder, clock):
    signer, keys = folder.signer(), PublicKeys(folder.public_path, clock)
    stolen = token(signer)

    new = folder.rotate(overlap_s=0)
    clock.ahead(1)

    assert signer.key_id == new.kid
    assert judged(stolen, keys, clock) is Code.TOKEN_SIGNATURE_INVALID
    assert list(keys.verify_keys()) == [new.kid]


def test_a_rotation_without_overlap_ends_keys_that_were_already_ending(folder, clock):
    folder.rotate(overlap_s=600)

    new = folder.rotate(overlap_s=0)

    assert [key.kid for key in folder.published()] == [new.kid]


def test_a_longer_overlap_does_not_revive_a_key_that_is_ending(folder, clock):
    folder.rotate(overlap_s=60)
    folder.rotate(overlap_s=6000)

    assert [key.exp for key in folder.published()] == [None, NOW_S + 6000, NOW_S + 60]


def test_the_private_half_of_an_old_key_is_removed(folder):
    before = seeds(folder)

    new = folder.rotate()

    assert [path.name for path in seeds(folder)] == [f"token-{new.kid}.key"]
    assert not before[0].exists()


def test_a_rotation_makes_the_first_key_too(tmp_path, clock):
    folder = KeyFolder(tmp_path / "certs", clock)

    new = folder.rotate()

    assert folder.signer().key_id == new.kid


@pytest.mark.parametrize("mode", [0o640, 0o644])
def test_a_private_half_open_to_others_is_not_used(folder, mode):
    seeds(folder)[0].chmod(mode)

    with pytest.raises(ConfigError, match="open to others"):
        folder.signer()
    with pytest.raises(ConfigError, match="open to others"):
        folder.create_if_missing()


def test_a_folder_of_private_halves_open_to_others_is_not_used(folder):
    seeds(folder)[0].parent.chmod(0o755)

    with pytest.raises(ConfigError, match="open to others"):
        folder.create_if_missing()


@pytest.mark.parametrize("content", [b"", b"short", b"x" * 32, b"x" * 33])
def test_a_private_half_that_is_not_the_published_one_is_not_used(folder, content):
    seeds(folder)[0].write_bytes(content)

    with pytest.raises(ConfigError, match="does not hold the key it is named for"):
        folder.signer()


def test_a_private_half_that_is_gone_is_told_with_the_mend(folder):
    seeds(folder)[0].unlink()

    with pytest.raises(ConfigError, match="cannot be read") as raised:
        folder.create_if_missing()

    assert raised.value.mend == "aisecops keys rotate"


def test_a_running_signer_whose_key_set_vanishes_signs_nothing(folder, clock):
    signer = folder.signer()
    folder.public_path.unlink()
    clock.ahead(1)

    for _ in range(2):
        with pytest.raises(ConfigError):
            _ = signer.key_id


def test_a_signer_prints_no_key(folder):
    signer = folder.signer()

    assert isinstance(signer, FolderSigner)
    assert seeds(folder)[0].read_bytes().hex() not in repr(signer).encode().hex() + repr(vars(signer))


def test_public_keys_that_cannot_be_read_at_the_start_are_told(tmp_path, clock):
    with pytest.raises(ConfigError, match="cannot be read") as raised:
        PublicKeys(tmp_path / "jwks.json", clock)

    assert "aisecops keys rotate" in raised.value.mend


@pytest.mark.parametrize("content", ["", "{}", '{"keys":[]}', '{"keys":[{}]}', "[" * 9000])
def test_a_broken_key_set_is_told_at_the_start(folder, clock, content):
    folder.public_path.write_text(content)

    with pytest.raises(ConfigError):
        PublicKeys(folder.public_path, clock)


def test_the_file_is_looked_at_once_a_second(folder, clock, monkeypatch):
    keys = PublicKeys(folder.public_path, clock)
    looks = []
    stat = Path.stat
    monkeypatch.setattr(Path, "stat", lambda self, **how: looks.append(self) or stat(self, **how))

    for _ in range(30):
        clock.ahead(0.1)
        keys.verify_keys()

    assert len(looks) == 3


def test_a_key_taken_out_of_the_file_counts_for_nothing_from_the_next_look_on(folder, clock):
    keys, text = PublicKeys(folder.public_path, clock), token(folder.signer())
    other = KeyFolder(folder.public_path.parent / "other", clock)
    other.create_if_missing()
    other.public_path.replace(folder.public_path)

    assert judged(text, keys, clock) is None
    clock.ahead(1)
    assert judged(text, keys, clock) is Code.TOKEN_SIGNATURE_INVALID


@pytest.mark.parametrize("spoil", [Path.unlink, lambda path: path.write_text("{")])
def test_a_file_that_breaks_leaves_the_last_good_keys_for_fifteen_minutes(folder, clock, caplog, spoil):
    keys, good = PublicKeys(folder.public_path, clock), folder.public_path.read_bytes()
    spoil(folder.public_path)

    with caplog.at_level(logging.WARNING):
        for _ in range(900):
            clock.ahead(1)
            assert keys.verify_keys()
        clock.ahead(1)
        assert not keys.verify_keys()
        clock.ahead(60)
        assert not keys.verify_keys()
        folder.public_path.write_bytes(good)
        clock.ahead(1)
        assert keys.verify_keys()

    assert [record.levelname for record in caplog.records] == ["ERROR", "ERROR", "WARNING"]


def test_verify_keys_cannot_be_changed_by_who_gets_them(folder, clock):
    with pytest.raises(TypeError):
        PublicKeys(folder.public_path, clock).verify_keys()["mine"] = b"x" * 32


def test_a_key_that_somebody_else_holds_is_published_and_rotates_like_any_other(tmp_path):
    clock = SetClock()
    folder = KeyFolder(tmp_path, clock)
    folder.create_if_missing()
    (made,) = folder.published()

    held = folder.adopt(KEY.public)
    clock.ms += 5000
    assert folder.adopt(KEY.public) == held

    assert [(key.kid, key.exp is None) for key in folder.published()] == [(KEY.key_id, True), (made.kid, False)]
    assert folder.published()[1].exp == held.iat + 900
    assert not list(tmp_path.glob("keys/token-*.key")), "what no longer signs cannot leak"
    assert [key.kid for key in folder.published() if key.accepted(held.iat + 900)] == [KEY.key_id]
