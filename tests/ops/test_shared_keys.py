"""The file of keys: what another machine needs, and nothing that would take over one that has begun by itself."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from aisecops.adapters.system.clock import SystemClock
from aisecops.adapters.system.keys import KeyFolder
from aisecops.adapters.system.secrets import operator_secret, secret_key
from aisecops.model.errors import ConfigError
from aisecops.ops.cli import main
from aisecops.ops.settings import PathSettings
from aisecops.ops.shared_keys import packed, unpacked
from aisecops.ops.wiring.stores import SHARED_KEYS


def machine(folder: Path) -> PathSettings:
    return PathSettings(state=folder / "state", certs=folder / "certs", rules=folder / "rules")


@pytest.fixture
def first(tmp_path: Path) -> PathSettings:
    return machine(tmp_path / "first")


@pytest.fixture
def second(tmp_path: Path) -> PathSettings:
    return machine(tmp_path / "second")


def archive(**files: bytes) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as tar:
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
    return made.getvalue()


def test_the_second_machine_has_the_same_keys(first, second):
    assert unpacked(second, packed(first, SystemClock()))
    assert [secret_key(second.state, name) for name in SHARED_KEYS] == [
        secret_key(first.state, name) for name in SHARED_KEYS
    ]
    assert operator_secret(second.state) == operator_secret(first.state)
    keys = [KeyFolder(paths.certs, SystemClock()) for paths in (first, second)]
    assert keys[0].published() == keys[1].published()
    keys[1].load(keys[1].published()[0])
    assert (second.certs / "mitmproxy-ca.pem").read_bytes() == (first.certs / "mitmproxy-ca.pem").read_bytes()


def test_a_machine_of_gateways_gets_nothing_that_signs_or_commands(first, second):
    unpacked(second, packed(first, SystemClock(), signs=False))
    assert [secret_key(second.state, name) for name in SHARED_KEYS] == [
        secret_key(first.state, name) for name in SHARED_KEYS
    ]
    keys = [KeyFolder(paths.certs, SystemClock()) for paths in (first, second)]
    assert keys[0].published() == keys[1].published()
    assert (second.certs / "mitmproxy-ca.pem").is_file()
    assert list(second.certs.rglob("*token*")) == []
    assert not (second.state / "operator.secret").exists()


def test_what_is_secret_is_for_its_owner_alone(first, second):
    unpacked(second, packed(first, SystemClock()))
    private = [*second.state.rglob("*.key"), *second.certs.rglob("*.key"), second.certs / "mitmproxy-ca.pem"]
    assert {path.stat().st_mode & 0o077 for path in private} == {0}


def test_each_machine_signs_its_own_record(first, second):
    secret_key(first.state, "record")
    unpacked(second, packed(first, SystemClock()))
    assert not (second.state / "record.key").exists()


def test_taking_it_twice_changes_nothing(first, second):
    data = packed(first, SystemClock())
    unpacked(second, data)
    assert unpacked(second, data) == []


def test_a_machine_that_has_begun_with_keys_of_its_own_keeps_them(first, second):
    own = secret_key(second.state, "provenance")
    with pytest.raises(ConfigError, match="says something else"):
        unpacked(second, packed(first, SystemClock()))
    assert secret_key(second.state, "provenance") == own
    assert not (second.certs / "mitmproxy-ca.pem").exists()


@pytest.mark.parametrize(
    "name",
    ["../outside", "/etc/passwd", "state/../../x.key", "certs/keys/../../x.key", "state/record.key", "rules/a.yaml"],
)
def test_a_name_that_does_not_belong_is_refused_and_nothing_is_written(second, name):
    with pytest.raises(ConfigError, match="does not belong"):
        unpacked(second, archive(**{"state/operator.secret": b"x" * 40, name: b"x"}))
    assert not second.state.exists()


def test_a_link_is_refused(second):
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as tar:
        entry = tarfile.TarInfo("state/operator.secret")
        entry.type, entry.linkname = tarfile.SYMTYPE, "/etc/shadow"
        tar.addfile(entry)
    with pytest.raises(ConfigError, match="does not belong"):
        unpacked(second, made.getvalue())


@pytest.mark.parametrize("data", [b"", b"no archive", b"\0" * 2048])
def test_what_is_no_archive_is_refused(second, data):
    with pytest.raises(ConfigError, match="no file of keys"):
        unpacked(second, data)


def test_the_commands_carry_it(tmp_path, monkeypatch, capsys):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path / "one")
    assert main(["keys", "export", "--output", "../keys.tar"]) == 0
    assert (tmp_path / "keys.tar").stat().st_mode & 0o077 == 0
    monkeypatch.chdir(tmp_path / "two")
    assert main(["keys", "import", "../keys.tar"]) == 0
    assert main(["keys", "import", "../keys.tar"]) == 0
    assert "all of it is here already" in capsys.readouterr().out
    (tmp_path / "two" / ".aisecops" / "operator.secret").write_text("y" * 40)
    assert main(["keys", "import", "../keys.tar"]) == 2
