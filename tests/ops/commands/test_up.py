"""`aisecops up` for real: every part answers, a killed part comes back, and it ends well when told."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from pathlib import Path

import httpx
import pytest

from support.control import SECRET, laid_out, started

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

FREE_PORTS = ("--proxy-listen", "0", "--control-listen", "0", "--metrics-listen", "0", "--drain-seconds", "1")


@pytest.fixture(scope="module")
def up(tmp_path_factory):
    folder = laid_out(tmp_path_factory.mktemp("up"))
    with started(folder, "up", "--proxy-workers", "2", *FREE_PORTS) as (process, ready):
        yield process, ready


def children(pid, role):
    """The processes that `pid` has started and that do `role`."""
    return [below for below, (parent, arguments) in processes().items() if parent == pid and role in arguments]


def processes():
    """Every process that runs: its parent and its arguments."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            state, parent = (folder / "stat").read_text().rpartition(")")[2].split()[:2]
            if state != "Z":
                arguments = (folder / "cmdline").read_bytes().decode(errors="replace").split("\0")
                found[int(folder.name)] = (int(parent), arguments)
    return found


def refused(proxy, secret=SECRET):
    with httpx.Client(proxy=httpx.Proxy(proxy, auth=("bot", secret)), trust_env=False, timeout=20) as client:
        answer = client.get("http://nowhere.test/")
    return answer.status_code, answer.json()["code"]


def test_every_part_answers(up):
    _, ready = up

    assert httpx.get(f"{ready['control']}/healthz", trust_env=False).json() == {"status": "ok"}
    assert "aisecops_policy_valid 1.0" in httpx.get(ready["metrics"], trust_env=False).text
    assert refused(ready["proxy"])[0] == 403
    assert refused(ready["proxy"], "wrong")[0] == 407


def test_what_a_gateway_decides_is_counted_in_the_one_scrape(up):
    _, ready = up
    refused(ready["proxy"])

    text = httpx.get(ready["metrics"], trust_env=False).text

    assert 'agent="bot"' in text
    assert 'decision="deny"' in text


@pytest.mark.parametrize("role", ["gateway", "control"])
def test_a_killed_part_comes_back_on_its_port(up, role):
    process, ready = up
    before = children(process.pid, role)

    os.kill(before[0], signal.SIGKILL)

    until(lambda: len(children(process.pid, role)) == len(before) and before[0] not in children(process.pid, role))
    url = ready["proxy"] if role == "gateway" else ready["control"]
    until(lambda: answers(url))


def until(holds, seconds=60):
    ends = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < ends, "it did not come about"
        time.sleep(0.1)


def answers(url):
    try:
        return httpx.get(f"{url}/healthz", trust_env=False).status_code > 0
    except httpx.TransportError:
        return False


def test_it_ends_well_when_told_and_leaves_nothing_behind(tmp_path):
    with started(laid_out(tmp_path), "up", *FREE_PORTS) as (process, _):
        below = children(process.pid, "gateway") + children(process.pid, "control")
        assert len(below) == 2

        process.send_signal(signal.SIGTERM)

        assert process.wait(30) == 0
        assert process.stdout.read() == ""
        assert not set(below) & processes().keys()


def test_bad_rules_end_it_with_their_place_and_code_2(tmp_path):
    folder = laid_out(tmp_path)
    (folder / "rules" / "rules.yaml").write_text("version: 1\nagnets: {}\n")

    with pytest.raises(AssertionError, match=r"rules\.yaml:2:1"), started(folder, "up", *FREE_PORTS):
        pass
