"""`aisecops env`: shells and files read back exactly what was meant."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from aisecops.ops.cli import main
from support.control import laid_out


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(laid_out(tmp_path))
    return tmp_path


def test_a_shell_that_evaluates_it_has_the_agents_credentials(folder, capsys, monkeypatch):
    monkeypatch.setenv("BOT_SECRET", "it's $HOME `id` @:/ä")

    assert main(["env", "--agent", "bot"]) == 0

    exported = capsys.readouterr().out + '\nprintf "%s" "$https_proxy"'
    got = subprocess.run(["sh", "-c", exported], capture_output=True, text=True, check=True).stdout
    assert got == "http://bot:it%27s%20%24HOME%20%60id%60%20%40%3A%2F%C3%A4@127.0.0.1:8080"


def test_json_has_every_variable_and_the_bundle_has_our_authority(folder, capsys):
    assert main(["env", "--format", "json"]) == 0

    got = json.loads(capsys.readouterr().out)
    bundle = Path(got["SSL_CERT_FILE"]).read_text()
    assert (folder / "certs" / "mitmproxy-ca-cert.pem").read_text() in bundle
    assert got["HTTPS_PROXY"] == got["http_proxy"] == "http://127.0.0.1:8080"
    assert len({got[name] for name in got if name.endswith(("BUNDLE", "CERT", "CAINFO", "cafile"))}) == 1


def test_without_a_secret_a_run_is_opened_for_the_agent(control, capsys):
    assert main(["env", "--agent", "bot", "--format", "json"]) == 0

    assert json.loads(capsys.readouterr().out)["HTTPS_PROXY"].startswith("http://run_")


def test_an_unknown_format_is_wrong_use(folder, capsys):
    assert main(["env", "--format", "csh"]) == 2
