"""What a sandbox of these settings hides, keeps, lets be written, and tells its command."""

from __future__ import annotations

import stat
import sys
from pathlib import Path

import pytest

import aisecops
from aisecops.adapters.sandbox.plan import Door, Plan
from aisecops.ops.agents import rules_in
from aisecops.ops.environment import made_trust
from aisecops.ops.sandboxed import (
    CACHES,
    Surroundings,
    _occupy,
    doors,
    inherited_variables,
    names,
    peculiarities,
    plan_for,
    writable,
)
from aisecops.ops.session import CommandError
from aisecops.ops.settings_read import load
from support.control import laid_out


@pytest.fixture
def folder(tmp_path):
    return laid_out(tmp_path / "home" / "work")


def around(folder, **more):
    return Surroundings(**{"folder": folder, "home": folder.parent, **more})


def planned(folder, flags=None, **more):
    settings = load(flags or {}, environ={}, folder=folder)
    settings.paths.state.mkdir()
    (folder / "aisecops.yaml").touch()
    return plan_for(settings, made_trust(settings), rules_in(settings), around(folder, **more))


def test_what_is_the_gateways_own_is_out_of_reach(folder):
    plan = planned(folder)

    assert {str(folder / ".aisecops"), str(folder / "certs")} <= set(plan.hidden)
    assert {str(folder / "rules"), str(folder / "aisecops.yaml")} <= set(plan.kept)
    assert {str(folder / "certs" / "bundle.pem")} <= set(plan.shown)
    assert not any("mitmproxy-ca.pem" in path for path in plan.shown)


def test_the_code_that_runs_outside_is_kept(folder):
    assert {sys.prefix, str(Path(aisecops.__file__).parents[1])} <= set(planned(folder).kept)


def test_secret_files_that_rules_name_are_hidden(folder):
    (folder / "rules" / "rules.yaml").write_text(
        (folder / "rules" / "rules.yaml").read_text().replace("env:BOT_SECRET", "file:bot.secret")
    )
    (folder / "rules" / "bot.secret").write_text("x")

    assert str(folder / "rules" / "bot.secret") in planned(folder).hidden


def test_the_password_of_a_proxy_before_the_gateway_is_hidden(folder):
    (folder / "password").touch()

    assert str(folder / "password") in planned(folder, {"upstream.proxy": f"file:{folder}/password"}).hidden


def test_settings_with_such_a_password_are_hidden_too(folder):
    plan = planned(folder, {"upstream.proxy": "http://us:secret@proxy.example:3128"})

    assert str(folder / "aisecops.yaml") in plan.hidden


def test_the_settings_file_that_was_named_is_kept(folder, tmp_path):
    (tmp_path / "other.yaml").touch()

    assert str(tmp_path / "other.yaml") in planned(folder, settings_file=tmp_path / "other.yaml").kept


def test_the_folder_can_be_written_and_what_settings_name(folder, tmp_path):
    assert planned(folder, {"sandbox.writable": [str(tmp_path)]}).writable == (str(folder), str(tmp_path))


def test_a_folder_that_holds_the_home_cannot_be_written_and_that_is_said(folder):
    settings, here = load({}, environ={}, folder=folder), around(folder, home=folder / "me")

    assert writable(settings, here) == ()
    assert "your home is in it" in "".join(peculiarities(settings, here))


def test_a_private_folder_is_not_put_back_and_that_is_said(folder):
    settings, here = load({}, environ={}, folder=folder), around(Path("/tmp"), home=folder)

    assert writable(settings, here) == ()
    assert "gone at the end" in "".join(peculiarities(settings, here))


def test_what_is_to_be_writable_must_be_there(folder):
    settings = load({"sandbox.writable": [str(folder / "nowhere")]}, environ={}, folder=folder)

    with pytest.raises(CommandError, match="does not exist"):
        writable(settings, around(folder))


def test_programs_in_a_private_folder_stay_to_be_found(folder):
    plan = planned(folder, path=(folder / "rules", Path("/usr/bin"), Path("/tmp")))

    assert str(folder / "rules") in plan.seen  # below the tests' temporary folder
    assert not {"/usr/bin", "/tmp"} & set(plan.seen)


@pytest.mark.parametrize(
    ("host", "expected", "named"),
    [
        ("127.0.0.1", ["127.0.0.1", "::1"], ()),
        ("::1", ["::1", "127.0.0.1"], ()),
        ("10.1.2.3", ["10.1.2.3"], ()),
        ("gw.corp.example", ["127.0.0.1", "::1"], ("gw.corp.example",)),
    ],
)
def test_the_gateway_is_found_inside_by_its_own_address(host, expected, named):
    gateway = Door(host, 8080)

    assert [door.host for door in doors(gateway)] == expected
    assert {door.port for door in doors(gateway)} == {8080}
    assert names(gateway) == named


def test_what_leads_out_or_proves_the_agent_is_not_inherited(folder):
    settings = load({}, environ={}, folder=folder)
    environ = {
        "BOT_SECRET": "x",
        "SSH_AUTH_SOCK": "x",
        "AISECOPS_PATHS_STATE": "x",
        "HOME": "/home/me",
        "OPENAI_API_KEY": "k",
    }

    told = inherited_variables(environ, settings, rules_in(settings))

    assert told == {"HOME": "/home/me", "OPENAI_API_KEY": "k", **CACHES}


def test_what_the_command_could_make_is_made_first(folder):
    settings = load({}, environ={}, folder=folder)

    _occupy(settings, around(folder))

    assert stat.S_IMODE(settings.paths.state.stat().st_mode) == 0o700
    assert load({}, environ={}, folder=folder) == settings  # nothing is set by the file that is made


def test_what_it_could_not_make_is_left_alone(folder):
    _occupy(load({}, environ={}, folder=folder), around(folder, home=folder / "me"))

    assert [path.name for path in folder.iterdir()] == ["rules"]


def test_a_plan_comes_through_as_it_was_written(folder):
    plan = planned(folder)

    assert Plan.read(plan.written()) == plan
