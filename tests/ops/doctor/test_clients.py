"""Which clients are here, and what doctor says of each: nothing of a kind is a failure."""

from __future__ import annotations

import json
import sys

import pytest

from aisecops.ops.clients import CLIENTS
from aisecops.ops.doctor.clients import CHECKS
from aisecops.ops.settings_read import load


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A PATH with nothing on it but what a test puts there."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bin").mkdir()

    def put(name, says):
        program = tmp_path / "bin" / name
        program.write_text(f"#!/bin/sh\necho '{says}'\n")
        program.chmod(0o755)

    return put


def told():
    return {each.check: each for check in CHECKS for each in check(load(environ={}))}


def test_on_an_empty_machine_nothing_is_said(machine):
    assert told() == {}


def test_what_comes_by_the_variables_is_listed_with_its_version(machine):
    machine("curl", "curl 8.9.1 (somewhere)")
    machine("git", "git version 2.39.5")

    assert told()["clients here"].words == "come by the variables alone: curl 8.9.1, git 2.39.5"


def test_what_goes_round_is_a_warning_with_its_mend_and_no_fault(machine):
    machine("python", json.dumps({"aiohttp": "3.14.5"}))

    said = told()["client aiohttp"]

    assert (said.well, said.warns) == (True, True)
    assert "3.14.5 goes round the gateway" in said.words
    assert "trust_env=True" in said.mend
    assert "--sandbox" in said.mend


@pytest.mark.parametrize(("version", "round_it"), [("v20.20.2", True), ("v24.19.0", False), ("v26.1.0", False)])
def test_node_goes_round_until_it_reads_the_variables(machine, version, round_it):
    machine("node", version)

    assert any(check.startswith("client fetch of Node.js") for check in told()) == round_it


def test_packages_of_npm_are_looked_for_in_this_folder(machine, tmp_path):
    machine("node", "v20.20.2")
    for name in ("openai", "axios"):
        (tmp_path / "node_modules" / name).mkdir(parents=True)
        (tmp_path / "node_modules" / name / "package.json").write_text('{"version": "7.57.0"}')

    said = told()

    assert "7.57.0 goes round" in said["client openai of npm, Node.js 20"].words
    assert "axios 7.57.0" in said["clients here"].words


def test_a_client_without_credentials_is_told_apart_from_one_that_goes_round(machine):
    machine("java", 'openjdk version "17.0.15"')

    assert "17.0.15 comes without credentials" in told()["client Java HttpClient"].words


def test_a_program_that_says_nothing_is_still_there(machine):
    machine("uv", "")

    assert "uv of an unknown version" in told()["clients here"].words


def test_the_python_here_is_asked_for_its_packages(machine, monkeypatch):
    monkeypatch.setattr("shutil.which", lambda name: sys.executable if name == "python" else None)

    assert "httpx" in told()["clients here"].words


def test_every_client_that_is_not_governed_alone_has_a_mend():
    assert [client.name for client in CLIENTS if not client.governed and not client.mend] == []
    assert [client.name for client in CLIENTS if client.governed and client.mend] == []
