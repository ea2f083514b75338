"""Rules as one signed file: what is taken up, and every way of not being it."""

from __future__ import annotations

import json

import pytest

from aisecops.adapters.policies.bundle import BUNDLE_TYPE, BundleFile, opened, packed
from aisecops.adapters.policies.files import FileRules, Rejected, Reloaded, Unreadable
from aisecops.controls.policy.parse import policy_version
from aisecops.controls.tokens.codec import signing_input, to_base64url
from aisecops.model.errors import ConfigError
from aisecops.model.taken import Taken
from support.rules_text import text
from support.tokens import KEY, KEYS, OTHER_KEY

ONE = {"agents.yaml": text('agents: {one: {authenticate: {secret: "env:ONE"}}}')}
TWO = {"agents.yaml": text('agents: {two: {authenticate: {secret: "env:TWO"}}}')}
BAD = {"agents.yaml": text("agents: {two: {}}")}


class InMemory:
    """A memory as the state folder is one."""

    def __init__(self) -> None:
        self.kept: Taken | None = None

    def last(self) -> Taken | None:
        return self.kept

    def take(self, new: Taken) -> Taken:
        if self.kept is None or self.kept.serial < new.serial:
            self.kept = new
        return self.kept


def bundle(files=ONE, serial=7, signer=KEY):
    return packed(files, signer, serial=serial, issued_at=1_772_470_800)


def signed(header=None, signer=KEY, **changes):
    """What whoever has the key could sign."""
    said = {"policy_version": policy_version(ONE), "serial": 7, "issued_at": 1, "files": decoded(ONE)} | changes
    header = {"alg": "EdDSA", "typ": BUNDLE_TYPE, "kid": signer.key_id} | (header or {})
    data = signing_input(json.dumps(header).encode(), json.dumps(said).encode())
    return data + b"." + to_base64url(signer.sign(data)).encode()


def decoded(files):
    return {name: data.decode() for name, data in files.items()}


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "rules.bundle"
    path.write_bytes(bundle())
    return path


@pytest.fixture
def memory():
    return InMemory()


@pytest.fixture
def source(path, memory, tmp_path):
    source = FileRules(BundleFile(path, lambda: KEYS, memory), tmp_path / "archive")
    source.load()
    return source


def test_what_was_signed_is_what_is_read():
    found = opened(bundle(), KEYS, name="b")

    assert (found.content, found.policy_version, found.taken.serial) == (ONE, policy_version(ONE), 7)


def test_the_same_rules_and_serial_make_the_same_file_whatever_their_order():
    two = ONE | {"a.yaml": text("")}

    assert bundle(two) == bundle(dict(reversed(two.items())))


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"", "not a signed bundle"),
        (b"\xff", "not a signed bundle"),
        (text("agents: {}"), "not a signed bundle"),
        (bundle().replace(b".", b"", 1), "not a signed bundle"),
        (bundle(signer=OTHER_KEY), "a key that is not in rules.signed_by"),
        (signed({"kid": KEY.key_id}, OTHER_KEY), "signature is wrong"),
        (bundle(TWO).rsplit(b".", 1)[0] + b"." + bundle().rsplit(b".", 1)[1], "signature is wrong"),
        (signed({"alg": "none"}), "not a bundle of rules"),
        (signed({"typ": "aisecops-cap+jwt"}), "not a bundle of rules"),
        (signed({"crit": ["x"]}), "not a signed bundle"),
        (signed(more=1), "does not say what a bundle says"),
        (signed(serial="7"), "does not say what a bundle says"),
        (signed(serial=-1), "does not hold what it says"),
        (signed(serial=2**60), "does not hold what it says"),
        (signed(files=decoded(TWO)), "does not hold what it says"),
        *[
            (signed(files={name: "version: 1"}, policy_version=policy_version({name: b"version: 1"})), "does not hold")
            for name in ("../a.yaml", "/a.yaml", ".a.yaml", "a//b.yaml", "a.txt", "a.cases.yaml", "a\\b.yaml")
        ],
    ],
)
def test_anything_else_is_refused_with_its_reason(data, what):
    with pytest.raises(Unreadable, match=what):
        opened(data, KEYS, name="rules.bundle")


@pytest.mark.parametrize("data", [bundle(signer=OTHER_KEY), b"version: 1", bundle(BAD)])
def test_an_installation_does_not_start_with_what_is_not_signed_or_not_good(path, memory, tmp_path, data):
    path.write_bytes(data)

    with pytest.raises(ConfigError, match="the rules cannot be used"):
        FileRules(BundleFile(path, lambda: KEYS, memory), tmp_path / "archive").load()

    assert memory.kept is None


def test_with_signing_on_a_folder_is_refused(tmp_path, memory):
    with pytest.raises(ConfigError, match="an unsigned folder"):
        FileRules(BundleFile(tmp_path, lambda: KEYS, memory), tmp_path / "archive").load()


def test_a_bundle_that_is_not_there_refuses_to_start(tmp_path, memory):
    with pytest.raises(ConfigError, match="cannot be read"):
        FileRules(BundleFile(tmp_path / "none", lambda: KEYS, memory), tmp_path / "archive").load()


def test_a_newer_bundle_is_swapped_in_whole_and_remembered(source, path, memory):
    path.write_bytes(bundle(TWO, 8))

    assert isinstance(source.refresh(), Reloaded)
    assert set(source.current().agents) == {"two"}
    assert memory.kept == Taken(serial=8, policy_version=policy_version(TWO))


def test_the_same_rules_signed_again_are_remembered_and_told_to_nobody(source, path, memory):
    path.write_bytes(bundle(ONE, 9))

    assert source.refresh() is None
    assert memory.kept.serial == 9


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (bundle(TWO, 6), "older"),
        (bundle(TWO, 7), "another bundle with serial 7"),
        (bundle(ONE, 6), "older"),
        (bundle(TWO, 8, OTHER_KEY), "not in rules.signed_by"),
    ],
)
def test_while_running_the_old_set_stays_and_the_refusal_is_told_once(source, path, memory, data, what):
    path.write_bytes(data)

    told = source.refresh()

    assert isinstance(told, Rejected)
    assert what in told.problems[0].what
    assert source.refresh() is None
    assert (set(source.current().agents), memory.kept.serial) == ({"one"}, 7)


def test_a_signed_bundle_of_bad_rules_does_not_make_the_old_ones_old(source, path, memory):
    path.write_bytes(bundle(BAD, 8))
    assert isinstance(source.refresh(), Rejected)

    path.write_bytes(bundle())

    assert isinstance(source.refresh(), Reloaded)
    assert memory.kept.serial == 7


def test_what_others_have_gone_on_from_does_not_start(source, memory):
    source.still_in_force()
    memory.kept = Taken(serial=8, policy_version="sha256:x")

    with pytest.raises(ConfigError, match="older"):
        source.still_in_force()


def test_a_key_that_cannot_be_read_leaves_the_rules_in_force(path, memory, tmp_path):
    keys = [KEYS]

    def asked():
        if keys[0] is None:
            raise ConfigError("the key set `x` cannot be read", "restore it")
        return keys[0]

    source = FileRules(BundleFile(path, asked, memory), tmp_path / "archive")
    source.load()
    keys[0] = None
    path.write_bytes(bundle(TWO, 8))

    assert isinstance(source.refresh(), Rejected)
    assert set(source.current().agents) == {"one"}
