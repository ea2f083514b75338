"""`aisecops keys make`, `aisecops rules bundle` and what reads a bundle."""

from __future__ import annotations

import json

import pytest

from aisecops.adapters.system.clock import SystemClock
from aisecops.adapters.system.keys import KeyFolder
from aisecops.adapters.system.signing import RULES_KEY
from aisecops.controls.tokens.codec import to_base64url
from aisecops.ops.cli import main
from support.rules_text import text


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "a.yaml").write_bytes(text('agents: {one: {authenticate: {secret: "env:ONE"}}}'))
    return tmp_path


def signed_on(folder):
    (folder / "aisecops.yaml").write_text("paths: {rules: rules.bundle}\nrules: {signed_by: [rules.jwks.json]}\n")


def test_a_folder_is_signed_and_read_again(folder, capsys):
    assert main(["keys", "make", "rules.key"]) == 0
    assert main(["rules", "bundle", "--key", "rules.key", "-o", "rules.bundle", "--serial", "3"]) == 0
    out = capsys.readouterr().out
    assert "rules.bundle: 1 files, serial 3, signed by " in out
    signed_on(folder)

    assert main(["rules", "check", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["policy_version"] in out
    assert main(["rules", "explain", "--agent", "one", "--url", "https://x.test/"]) == 0


def test_a_bundle_by_another_key_is_a_problem_of_the_rules(folder, capsys):
    for name in ("rules", "other"):
        main(["keys", "make", f"{name}.key"])
    main(["rules", "bundle", "--key", "other.key", "-o", "rules.bundle"])
    signed_on(folder)

    assert main(["rules", "check"]) == 1
    assert "signed by a key that is not in rules.signed_by" in capsys.readouterr().err


def test_the_key_may_stand_in_a_variable(monkeypatch, capsys):
    assert main(["rules", "bundle", "-o", "rules.bundle"]) == 2
    assert RULES_KEY in capsys.readouterr().err
    monkeypatch.setenv(RULES_KEY, to_base64url(bytes(range(32))))

    assert main(["rules", "bundle", "-o", "rules.bundle"]) == 0


def test_no_key_of_tokens_signs_rules(folder, capsys):
    keys = KeyFolder(folder / "certs", SystemClock())
    keys.create_if_missing()
    path = folder / "certs" / "keys" / f"token-{keys.published()[0].kid}.key"

    assert main(["rules", "bundle", "--key", str(path), "-o", "rules.bundle"]) == 2
    assert "this key signs tokens" in capsys.readouterr().err
    assert not (folder / "rules.bundle").exists()


def test_bad_rules_are_not_signed(folder, capsys):
    main(["keys", "make", "rules.key"])
    (folder / "rules" / "a.yaml").write_bytes(text("agents: {one: {}}"))

    assert main(["rules", "bundle", "--key", "rules.key", "-o", "rules.bundle"]) == 1
    assert "a.yaml:2:" in capsys.readouterr().err


def test_what_a_bundle_would_give_is_compared_with_a_folder(folder, capsys):
    main(["keys", "make", "rules.key"])
    main(["rules", "bundle", "--key", "rules.key", "-o", "rules.bundle"])
    signed_on(folder)
    (folder / "rules" / "a.yaml").write_bytes(text(""))

    assert main(["rules", "diff", "rules"]) == 1
    assert "one" in capsys.readouterr().out
    assert main(["rules", "diff", "rules.bundle"]) == 0
