"""`aisecops token request` and `revoke`, answered by a real token service."""

from __future__ import annotations

import json

import pytest

from aisecops.ops.agents import chosen
from aisecops.ops.cli import main
from aisecops.ops.opened import open_run
from aisecops.ops.settings_read import load
from support.control import SECRET


@pytest.fixture
def run(control):
    settings = load()
    return open_run(settings, chosen(settings, None), parent=None).run_id


def request(run, *more):
    return main(["token", "request", "--run", run, "--tool", "crm.read", "--scope", "crm.customers.17", *more])


def test_a_token_is_printed_alone_so_that_it_can_be_used(run, capsys):
    assert request(run, "--ttl", "90s", "--uses", "1") == 0

    assert capsys.readouterr().out.strip().count(".") == 2


def test_an_agent_asks_as_itself_when_its_secret_is_here(run, capsys, monkeypatch):
    assert request(run, "--agent", "bot") == 2
    assert "cannot be read here" in capsys.readouterr().err

    monkeypatch.setenv("BOT_SECRET", SECRET)
    assert request(run, "--agent", "bot") == 0


def test_a_token_outside_the_grant_is_refused_with_its_code(run, capsys):
    assert main(["token", "request", "--run", run, "--tool", "crm.read", "--scope", "other.thing"]) == 1

    assert "(policy_denied)" in capsys.readouterr().err


def test_a_token_is_taken_back_by_its_name(run, capsys):
    request(run, "--json")
    jti = json.loads(capsys.readouterr().out)["jti"]

    assert main(["token", "revoke", jti, "--reason", "lost"]) == 0

    assert capsys.readouterr().out == f"{jti} revoked\n"


@pytest.mark.parametrize(("of", "name"), [("--run", ""), ("--key", "a-key")])
def test_all_tokens_of_a_run_or_a_key_are_taken_back(run, of, name, capsys):
    assert main(["token", "revoke", of, name or run, "--reason", "lost"]) == 0
    assert capsys.readouterr().out == f"{name or run} revoked\n"

    assert request(run) == (1 if of == "--run" else 0)
    assert ("(token_revoked)" in capsys.readouterr().err) == (of == "--run")


@pytest.mark.parametrize("of", ["--run", "--agent"])
def test_what_is_mistyped_is_not_said_to_be_revoked(run, of, capsys):
    assert main(["token", "revoke", of, "nobody"]) == 1
    assert "nobody" in capsys.readouterr().err


def test_a_whole_token_is_taken_back_by_its_name(run, capsys):
    request(run, "--json")
    issued = json.loads(capsys.readouterr().out)

    assert main(["token", "revoke", issued["token"]]) == 0

    assert capsys.readouterr().out == f"{issued['jti']} revoked\n"


@pytest.mark.parametrize("words", [[], ["cap_1", "--agent", "bot"], ["--run", "run_1", "--key", "k"]])
def test_it_must_be_clear_what_is_taken_back(run, words, capsys):
    assert main(["token", "revoke", *words]) == 2

    assert "not clear" in capsys.readouterr().err
