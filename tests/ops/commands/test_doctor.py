"""`aisecops doctor` finds each thing that is wrong, and says the mend."""

from __future__ import annotations

import json
import socket
import stat

import pytest

from aisecops.ops.cli import main
from aisecops.ops.doctor import installation
from aisecops.ops.doctor.diagnosis import Diagnosis
from aisecops.ops.doctor.installation import CHECKS as INSTALLATION
from aisecops.ops.doctor.network import CHECKS as NETWORK
from aisecops.ops.environment import made_trust, variables
from aisecops.ops.settings_read import environment, load
from support.control import SECRET, laid_out


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(laid_out(tmp_path))
    monkeypatch.setenv("BOT_SECRET", SECRET)
    for part in ("PROXY", "CONTROL", "METRICS"):
        monkeypatch.setenv(f"AISECOPS_{part}_LISTEN", "0")
    for name in environment():
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    return tmp_path


def examined(capsys):
    code = main(["doctor", "--json"])
    told = json.loads(capsys.readouterr().out)
    assert code == (0 if told["well"] else 1)
    return {each["check"]: each for each in told["checks"] if not each["well"]}


def test_a_fresh_folder_is_well_and_nothing_is_made(folder, capsys):
    assert examined(capsys) == {}
    assert sorted(path.name for path in folder.iterdir()) == ["rules"]


def test_what_a_control_plane_made_is_well(control, capsys, monkeypatch):
    monkeypatch.setenv("BOT_SECRET", SECRET)

    assert examined(capsys).keys() <= {"proxy port", "metrics port"}


def test_bad_rules_are_named_with_their_place(folder, capsys):
    (folder / "rules" / "rules.yaml").write_text("version: 1\nagnets: {}\n")

    found = examined(capsys)["rules"]

    assert "rules.yaml:2:1" in found["words"]
    assert "agents" in found["mend"]


def test_an_agent_without_its_secret_is_named(folder, capsys, monkeypatch):
    monkeypatch.delenv("BOT_SECRET")

    assert "`env:BOT_SECRET` is not set" in examined(capsys)["secret of bot"]["words"]


def test_a_value_to_look_for_that_is_nowhere_is_named(folder, capsys):
    (folder / "rules" / "known.yaml").write_text('version: 1\negress: {known: ["env:NO_SUCH_SECRET"]}\n')

    assert "`env:NO_SUCH_SECRET` is not set" in examined(capsys)["canaries and known secrets"]["words"]


def test_rules_about_names_where_no_model_tells_them_are_named_with_what_to_install(folder, capsys, monkeypatch):
    monkeypatch.setattr(installation, "names_model", lambda _wanted: "")
    (folder / "rules" / "people.yaml").write_text(
        "version: 1\negress: {detectors: [{entity: PERSON, to: any, action: mask}]}\n"
    )
    found = examined(capsys)["rules"]
    assert "no spaCy model is there" in found["words"]
    assert "docs/egress.md" in found["mend"]


def test_a_secret_that_others_may_read_is_named(folder, capsys):
    (folder / ".aisecops").mkdir()
    secret = folder / ".aisecops" / "operator.secret"
    secret.write_text("x")
    secret.chmod(stat.S_IRUSR | stat.S_IROTH)

    assert "chmod 600" in examined(capsys)["permissions"]["mend"]


def test_a_port_that_something_else_has_is_named(folder, capsys, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as other:
        monkeypatch.setenv("AISECOPS_PROXY_LISTEN", str(other.getsockname()[1]))
        other.close()
        with socket.create_server(other_address := ("127.0.0.1", load().proxy.listen.port)):
            assert f"`127.0.0.1:{other_address[1]}` cannot be had" in examined(capsys)["proxy port"]["words"]


def test_keys_and_authority_that_cannot_be_used_are_named(folder, capsys):
    (folder / "certs").mkdir()
    (folder / "certs" / "jwks.json").write_text("{}")
    (folder / "certs" / "mitmproxy-ca.pem").write_text("nothing")
    (folder / "certs" / "mitmproxy-ca.pem").chmod(0o600)

    assert {"signing keys", "certificate authority"} <= examined(capsys).keys()


def test_a_shell_that_uses_the_gateway_must_trust_it_in_every_client(folder, capsys, monkeypatch):
    settings = load()
    told = variables(settings, made_trust(settings))
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    assert examined(capsys) == {}

    monkeypatch.delenv("GIT_SSL_CAINFO")
    assert list(examined(capsys)) == ["trust of git"]


def test_people_read_a_line_per_check_and_the_mend_below(folder, capsys, monkeypatch):
    monkeypatch.delenv("BOT_SECRET")

    assert main(["doctor"]) == 1

    lines = capsys.readouterr().out.splitlines()
    at = next(number for number, line in enumerate(lines) if line.startswith("BAD  secret of bot"))
    assert lines[at + 1].strip() == "set it where the gateway and the control plane are started"


def test_each_check_says_something_about_an_empty_folder(tmp_path):
    settings = load(environ={}, folder=tmp_path)

    told = [said for check in (*INSTALLATION, *NETWORK) for said in check(settings)]

    assert all(isinstance(said, Diagnosis) and said.words for said in told)
