"""Rules of a bundle as an installation takes them up, and what machines on one store tell each other."""

from __future__ import annotations

import pytest

from aisecops.adapters.policies.bundle import packed
from aisecops.adapters.policies.files import Unreadable
from aisecops.adapters.store.memory import MemoryStore
from aisecops.adapters.system.keys import KeyFolder
from aisecops.adapters.system.signing import file_signer, make_key
from aisecops.adapters.system.taken import TakenFile
from aisecops.model.errors import ConfigError, StoreError
from aisecops.ops.settings_read import load
from aisecops.ops.wiring.rules import Agreement, file_rules, rules_files, trusted_keys
from support.rules_text import text
from support.tokens import SetClock

FILES = {"agents.yaml": text('agents: {one: {authenticate: {secret: "env:ONE"}}}')}


@pytest.fixture
def signer(tmp_path):
    make_key(tmp_path / "rules.key", now_s=5)
    return file_signer(tmp_path / "rules.key")


@pytest.fixture
def machine(tmp_path, signer):
    def made(name="one", serial=5, files=FILES):
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        (folder / "rules.bundle").write_bytes(packed(files, signer, serial=serial, issued_at=1))
        flags = {"paths.rules": "rules.bundle", "rules.signed_by": (str(tmp_path / "rules.jwks.json"),)}
        return load(flags, environ={}, folder=folder)

    return made


def test_a_bundle_that_is_signed_as_the_settings_say_is_in_force(machine):
    settings = machine()

    assert set(file_rules(settings).load().agents) == {"one"}
    assert rules_files(settings) == FILES
    assert settings.rules_folder == settings.paths.rules.parent


def test_without_signing_a_bundle_is_believed_by_nobody(machine, tmp_path):
    bundle = machine().paths.rules
    settings = load({"paths.rules": str(bundle)}, environ={}, folder=tmp_path)

    with pytest.raises(ConfigError):
        file_rules(settings).load()
    with pytest.raises(Unreadable, match="nobody is named"):
        rules_files(settings)


def test_a_key_that_signs_tokens_signs_no_rules(machine):
    settings = machine()
    tokens = KeyFolder(settings.paths.certs, SetClock())
    tokens.create_if_missing()
    assert trusted_keys(settings)
    settings.rules.signed_by[0].write_bytes(tokens.public_path.read_bytes())

    with pytest.raises(ConfigError, match="a key that signs tokens"):
        trusted_keys(settings)


async def test_what_one_machine_has_taken_up_is_too_old_for_no_other(machine):
    store, new, old = MemoryStore(), machine("new", 6), machine("old", 5)
    file_rules(new).load()
    await Agreement(new, store, SetClock()).begin()
    rules = file_rules(old)
    rules.load()
    await Agreement(old, store, SetClock()).begin()

    with pytest.raises(ConfigError, match=r"older \(serial 5\)"):
        rules.still_in_force()
    with pytest.raises(ConfigError, match=r"older \(serial 5\)"):
        file_rules(old).load()


async def test_a_store_that_has_forgotten_is_told_again(machine):
    settings, store = machine(), MemoryStore()
    file_rules(settings).load()

    assert (await Agreement(settings, store, SetClock()).reach()).serial == 5


async def test_two_bundles_of_one_serial_are_not_in_force_on_one_store(machine):
    store, one, other = MemoryStore(), machine("one"), machine("other", files={})
    file_rules(one).load()
    await Agreement(one, store, SetClock()).begin()
    file_rules(other).load()

    with pytest.raises(ConfigError, match="another bundle of rules with serial 5"):
        await Agreement(other, store, SetClock()).begin()


async def test_while_the_store_is_down_nothing_new_is_taken_up(machine, caplog):
    class Down(MemoryStore):
        async def find_entries(self, kind, names):
            raise StoreError("the store cannot be asked")

    agreement = Agreement(machine(), Down(), SetClock())

    assert [await agreement.reached(), await agreement.reached()] == [False, False]
    assert caplog.text.count("no new rules are taken up") == 1


async def test_rules_of_a_folder_ask_nothing_of_the_store(tmp_path):
    settings = load({}, environ={}, folder=tmp_path)
    store = MemoryStore()

    await Agreement(settings, store, SetClock()).begin()
    assert await Agreement(settings, store, SetClock()).reached()
    assert TakenFile(settings.rules_taken).last() is None
