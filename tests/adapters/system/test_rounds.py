"""A round is opened by the installation alone, for so long and to that port; whatever else lies there is none."""

from __future__ import annotations

import json
import shutil

import pytest

from aisecops.adapters.system.rounds import Rounds
from aisecops.model.round import MOST_S, Round
from support.gateway import SetClock


@pytest.fixture
def clock():
    return SetClock()


@pytest.fixture
def rounds(tmp_path, clock):
    return Rounds(tmp_path, clock)


def a_round(clock, name="eval_1", *, seconds=60):
    return Round(evaluation_id=name, by="operator:local", port=5000, ends_ms=clock.now_ms() + seconds * 1000)


def test_every_process_of_the_installation_sees_the_one_that_is_open_until_it_is_over(tmp_path, rounds, clock):
    opened = a_round(clock)

    assert rounds.current() is None
    assert rounds.open(opened)
    assert Rounds(tmp_path, clock).current() == opened
    assert not rounds.open(a_round(clock, "eval_2"))
    clock.ms += 60_000
    assert rounds.current() is None
    assert rounds.open(a_round(clock, "eval_2"))


def test_it_is_closed_by_its_name(rounds, clock):
    rounds.open(a_round(clock))

    assert not rounds.close("eval_2")
    assert rounds.close("eval_1")
    assert not rounds.close("eval_1")
    assert rounds.current() is None


@pytest.mark.parametrize("field", ["port", "ends_ms", "by", "evaluation_id"])
def test_what_somebody_else_wrote_is_no_round(tmp_path, rounds, clock, field):
    rounds.open(a_round(clock))
    file = tmp_path / "round.json"
    told = json.loads(file.read_bytes())
    told["round"][field] = 8081 if field == "port" else told["round"]["ends_ms"] + 1 if field == "ends_ms" else "x"
    file.write_text(json.dumps(told))

    assert rounds.current() is None


def test_a_round_of_another_installation_is_none_here(tmp_path, rounds, clock):
    Rounds(tmp_path / "other", clock).open(a_round(clock))
    shutil.copy(tmp_path / "other" / "round.json", tmp_path)

    assert rounds.current() is None


def test_nothing_lasts_longer_than_a_round_may(rounds, clock):
    rounds.open(a_round(clock, seconds=MOST_S + 1))

    assert rounds.current() is None


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff" * 10_000, b"[" * 5000])
def test_what_cannot_be_read_is_none(tmp_path, rounds, clock, content):
    rounds.open(a_round(clock))
    (tmp_path / "round.json").write_bytes(content)

    assert rounds.current() is None


def test_a_secret_is_of_one_round_and_one_purpose(tmp_path, rounds, clock):
    one, two = a_round(clock), a_round(clock, "eval_2")
    made = {rounds.secret(one, "agents"), rounds.secret(one, "others"), rounds.secret(two, "agents")}

    assert len(made) == 3
    assert rounds.secret(one, "agents") == Rounds(tmp_path, clock).secret(one, "agents")
