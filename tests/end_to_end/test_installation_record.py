"""The record and the commands that read it: from outside, against a real installation."""

from __future__ import annotations

import json
import shutil

import pytest

from support.installation import fresh, shared_installation  # noqa: F401
from support.speaking import assert_refused

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]


@pytest.fixture(scope="module")
def told(request):
    """Nothing yet: the runs these tests look at are made once."""
    return {}


@pytest.fixture
def story(house, told):
    """A run with an allowed, a refused and a held step; its id."""
    if "run" not in told:
        run, customer, name = house.run("careful"), fresh(), fresh("s")
        headers = house.with_token(run, "crm.read", f"crm.customers.{customer}")
        url = f"https://crm.internal/v1/customers/{customer}"
        assert house.ask(run, "GET", url, headers=headers).status == 200
        assert_refused(house.ask(run, "GET", url), "token_missing")
        headers = house.with_token(run, "step.run", f"steps.{name}")
        said = house.ask(run, "POST", f"https://db.internal/steps/{name}", headers=headers, body={})
        assert_refused(said, "human_approval_required")
        told["run"] = run.run_id
    return told["run"]


@pytest.fixture
def copied(house, story, tmp_path):
    """The state folder's record beside the running one, to be tampered with."""
    shutil.copytree(house.folder / ".aisecops" / "audit", tmp_path / "state" / "audit")
    return tmp_path / "state"


def test_the_record_is_whole(house, story):
    done = house.command("audit", "verify")

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("whole: ")


def change(lines, at):
    lines[at] = lines[at].replace(b'"allow"', b'"deny"')


def drop(lines, at):
    del lines[at]


def swap(lines, at):
    lines[at], lines[at + 1] = lines[at + 1], lines[at]


def repeat(lines, at):
    lines.insert(at, lines[at])


@pytest.mark.parametrize("tamper", [change, drop, swap, repeat])
def test_a_record_that_was_tampered_with_is_told_with_the_line(house, copied, tamper):
    file = next(f for f in sorted((copied / "audit").glob("*.jsonl")) if b'"enforced":"allow"' in f.read_bytes())
    lines = file.read_bytes().splitlines(keepends=True)
    at = next(number for number, line in enumerate(lines) if b'"enforced":"allow"' in line)
    tamper(lines, at)
    file.write_bytes(b"".join(lines))

    done = house.command("audit", "verify", "--state", str(copied))

    assert done.returncode == 1
    assert file.name in done.stdout
    assert f":{at + 1}" in done.stdout or f":{at + 2}" in done.stdout or str(at + 1) in done.stdout


def test_a_record_that_lost_its_end_is_told(house, copied):
    house.ask(house.run("clerk"), "GET", "https://evil.test/")
    file = max((copied / "audit").glob("*.jsonl"))
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join(lines[: len(lines) // 3]))

    assert house.command("audit", "verify", "--state", str(copied)).returncode == 1


def test_every_run_comes_out_of_its_record_as_it_was(house, story):
    decided = {event["run_id"] for event in house.events("decision")}

    for run_id in [story, *sorted(decided - {story})[:1]]:
        done = house.command("replay", run_id)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "came out as recorded" in done.stdout


def test_a_runs_story_is_told_with_every_step(house, story):
    done = house.command("runs", "show", story)
    as_json = json.loads(house.command("runs", "show", story, "--json").stdout)

    assert done.returncode == 0
    for word in (
        "crm.read",
        "step.run",
        "allow",
        "hold",
        "REFUSED",
        "token missing",
        "waits for a person",
        "answered 200",
    ):
        assert word in done.stdout
    assert {"run_id", "agent_id", "prompt_hash", "context_provenance", "tool_invocations", "policy_decisions",
            "cumulative_risk_score", "budget_consumption"} <= as_json.keys()  # fmt: skip
    assert as_json["run_id"] == story


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("runs", "list"), 0), (("runs", "list", "--json"), 0), (("approvals", "list"), 0), (("keys", "list"), 0),
        (("config",), 0), (("rules", "check"), 0), (("audit", "export"), 0), (("--version",), 0), (("rules", "schema"), 0),
        (("replay", "run_none"), 1), (("runs", "show", "run_none"), 1), (("runs", "halt", "run_none"), 1),
        (("nothing",), 2), (("runs", "list", "--nothing"), 2), (("--config", "none.yaml", "config"), 2),
        (("up",), 2), (("runs", "list", "--control-listen", "127.0.0.1:1"), 3),
    ],
    ids=lambda value: "_".join(value) if isinstance(value, tuple) else str(value),
)  # fmt: skip
def test_commands_end_with_the_code_that_says_how_it_went(house, story, arguments, code):
    done = house.command(*arguments)

    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr if code else done.stdout


def test_a_second_up_in_the_same_folder_does_not_disturb_the_first(house, story):
    assert house.command("up").returncode == 2

    assert house.api(None, "GET", "/healthz").status == 200
