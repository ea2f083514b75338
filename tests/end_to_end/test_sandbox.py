"""A sandboxed command reaches the gateway and nothing else: each way out, as root and as somebody."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys

import pytest

from support.installation import fresh, installed, until
from support.processes import below
from support.sandbox import (
    PROBE,
    SOMEBODY,
    Outside,
    home_of,
    needs_sandboxes,
    place_of_root,
    place_of_somebody,
)
from support.sandbox_probe import WAYS

NOT_TRIED_OUTSIDE = {
    # nothing there to reach, or trying would change this machine
    "tcp_to_the_world", "udp_to_the_world", "a_resolver_of_its_own", "a_broadcast", "the_hypervisor", "keyrings",
    "the_other_table_of_calls", "uncovering_what_is_hidden", "a_setting_of_the_kernel", "moving_the_rules_away",
    "writing_rules", "writing_the_gateways_code", "rings", "a_descriptor_left_open", "the_first_process",
    "tracing_the_first_process", "becoming_root", "mounting",
}  # fmt: skip
FOR_ROOT_ALONE = {"packages", "raw_sockets", "a_disk"}


@pytest.fixture(scope="module")
def house():
    needs_sandboxes()
    with home_of() as folder, installed(folder) as installation:
        yield installation


@pytest.fixture(scope="module")
def places(house):
    with contextlib.ExitStack() as stack:
        found = {"root": place_of_root(house)}
        if os.geteuid() == 0:  # only root can be somebody else
            found["somebody"] = place_of_somebody(house, stack.enter_context(home_of(SOMEBODY)))
        yield found


@pytest.fixture(scope="module", params=["root", "somebody"])
def place(request, places):
    return places.get(request.param) or pytest.skip("NO SANDBOX OF SOMEBODY TESTED: these tests do not run as root")


@pytest.fixture(scope="module")
def probed(place):
    """What each way came to inside, and what was heard outside."""
    with contextlib.ExitStack() as stack:
        outside = Outside(place.folder, stack)
        yield place.probed(outside), outside.heard


@pytest.mark.parametrize("way", WAYS)
def test_a_way_out_is_held(probed, way):
    held, _ = probed

    assert held[way] is not None


def test_nothing_arrives_outside(probed):
    assert probed[1] == []


def test_outside_the_same_ways_are_ways(places):
    """The probe is able to: what it is held from inside it can do outside."""
    place = places["root"]
    with contextlib.ExitStack() as stack:
        outside = Outside(place.folder, stack)
        told = json.dumps(place.told() | outside.told())
        tried = subprocess.run(
            [sys.executable, "-I", str(PROBE), told], cwd=place.folder, env=place.environment,
            capture_output=True, text=True, check=True, timeout=60,
        )  # fmt: skip
        until(lambda: len(set(outside.heard)) == 7, what="each listener heard")
    held = {way: why for way, why in json.loads(tried.stdout).items() if why and way not in NOT_TRIED_OUTSIDE}

    assert held == {}


@pytest.fixture(scope="module")
def through(place, house):
    """One command that goes by the proxy and around it: what each client said, and by which marks it can be found."""
    marks = {"curl": fresh(), "httpx": fresh(), "around": fresh()}
    wiki = "https://en.wiki.example/wiki"
    code = f"import httpx; print(httpx.get('{wiki}/{marks['httpx']}').text)"
    script = f"""
        curl -sS https://evil.test/ -o /dev/null -w '%{{http_connect}}\n' 2>/dev/null
        curl -sS {wiki}/{marks["curl"]}; echo
        "$1" -c "$2"
        curl -sS http://aisecops.internal/v1/runs/$AISECOPS_RUN | tr -d '\n'; echo
        env -u HTTPS_PROXY -u https_proxy curl -sS --resolve en.wiki.example:443:127.0.0.1 {wiki}/{marks["around"]} 2>/dev/null
        echo $?
    """
    ended = place.run("sh", "-c", script, "sh", sys.executable, code)
    lines = dict(zip(("refused", "curl", "httpx", "control", "around"), ended.stdout.splitlines(), strict=False))
    assert len(lines) == 5, ended.stderr
    return lines, {name: house.arrived(mark) for name, mark in marks.items()}


def test_the_proxy_is_reached_and_refuses(through):
    assert through[0]["refused"] == "403"


@pytest.mark.parametrize("client", ["curl", "httpx"])
def test_what_the_rules_allow_arrives(through, client):
    said, arrived = through

    assert said[client] == "<p>an article</p>"
    assert arrived[client] == 1


def test_the_control_plane_is_reached_through_the_proxy(through):
    assert json.loads(through[0]["control"])["agent_id"] == "clerk"


def test_a_command_that_unsets_the_variables_gets_nothing(through):
    said, arrived = through

    assert said["around"] != "0"
    assert arrived["around"] == 0


def test_files_belong_to_whom_they_belonged_and_temporary_ones_are_gone(place):
    answered = place.run("sh", "-c", "echo 1 > made; echo 2 > /tmp/aisecops-made; cat made /tmp/aisecops-made")

    made = place.folder / "made"
    assert answered.stdout == "1\n2\n", answered.stderr
    assert made.stat().st_uid == (place.user or 0)
    assert subprocess.run(["test", "-e", "/tmp/aisecops-made"], check=False).returncode == 1


def test_what_the_command_leaves_running_ends_with_it(places):
    ended = places["root"].run("sh", "-c", "sleep 987 & sleep 986 & exit 3")

    assert ended.returncode == 3
    assert running("sleep", "987") == running("sleep", "986") == []


def test_ctrl_c_reaches_the_command(place):
    with place.started("sh", "-c", "trap 'exit 9' INT; echo there; while :; do sleep 0.05; done") as started:
        started.stdout.readline()
        started.send_signal(signal.SIGINT)

        assert started.wait(20) == 9


def test_a_killed_parent_leaves_nothing(place):
    with place.started("sh", "-c", "echo there; setsid sleep 985 & sleep 984") as started:
        started.stdout.readline()
        until(lambda: running("sleep", "985") and running("sleep", "984"))
        family = below(started.pid)
        assert len(family) >= 4
        started.kill()
        started.wait()
        until(lambda: not running("sleep", "985") and not running("sleep", "984"), 10, what="everything gone")
        until(lambda: not [pid for pid in family if alive(pid)], 10, what="its processes gone")


def test_with_sockets_that_are_files_allowed_programs_inside_may_meet(places):
    place = places["root"]
    flags = ("--sandbox", "--sandbox-unix-sockets", "true")
    code = "import socket as s; a=s.socket(s.AF_UNIX); a.bind('meet'); a.listen(); s.socket(s.AF_UNIX).connect('meet')"

    assert place.run(sys.executable, "-c", code, flags=flags).returncode == 0
    assert place.run(sys.executable, "-c", code.replace("meet", "met")).returncode == 1


def test_more_can_be_made_writable(places, tmp_path):
    place = places["root"]
    more = tmp_path / "more"
    more.mkdir()

    assert place.run("touch", str(more / "a")).returncode != 0
    assert place.run("touch", str(more / "b"), flags=("--sandbox", "--sandbox-writable", str(more))).returncode == 0
    assert [path.name for path in more.iterdir()] == ["b"]


def test_a_settings_file_cannot_be_made_where_none_was(places, house, tmp_path):
    ports = {
        f"AISECOPS_{part}_LISTEN": str(port)
        for part, port in (("PROXY", house.proxy_port), ("CONTROL", house.control_port))
    }
    paths = {
        f"AISECOPS_PATHS_{part.upper()}": str(house.folder / name)
        for part, name in (("state", ".aisecops"), ("certs", "certs"), ("rules", "rules"))
    }
    place = places["root"]._replace(folder=tmp_path, environment=places["root"].environment | ports | paths)

    ended = place.run("sh", "-c", "echo 'paths: {rules: mine}' > aisecops.yaml; rm -f aisecops.yaml")

    assert ended.returncode != 0
    assert "paths:" not in (tmp_path / "aisecops.yaml").read_text()


def test_where_the_kernel_forbids_nothing_runs_and_two_lines_say_why(places):
    place = places["root"]
    forbidding = 'echo 0 > /proc/sys/user/max_user_namespaces; exec "$@"'
    inner = place.argv("run", "--agent", "clerk", "--sandbox", "--", "touch", "ran")
    ended = subprocess.run(
        ["unshare", "--user", "--map-root-user", "sh", "-c", forbidding, "sh", *inner],
        cwd=place.folder, env=place.environment, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip

    assert ended.returncode == 3, ended.stderr
    what, mend = ended.stderr.splitlines()
    assert what == "aisecops: this machine allows no sandbox: user namespace: no space left on device"
    assert "user.max_user_namespaces" in mend
    assert not (place.folder / "ran").exists()


def running(*command):
    wanted = "\0".join(command)
    found = subprocess.run(["ps", "-eo", "args="], capture_output=True, text=True, check=True).stdout.splitlines()
    return [line for line in found if line == wanted.replace("\0", " ")]


def alive(pid):
    shown = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
    return shown.strip() and not shown.startswith("Z")
