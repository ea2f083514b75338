"""A gateway's word for a caller: said by nobody else, about one request line, for a few seconds."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisecops.gateway.runs.vouch import SCHEME, WITHIN_S, Vouching
from aisecops.model.ids import AgentId
from support.gateway import SetClock

NEIGHBOUR = AgentId("neighbour")
LINE = ("POST", "/v1/runs")


def vouching(key: bytes = b"k" * 32, clock: SetClock | None = None) -> Vouching:
    return Vouching(key, clock or SetClock())


def test_what_one_process_says_another_hears() -> None:
    assert vouching().heard(vouching().says(NEIGHBOUR, *LINE), *LINE) == NEIGHBOUR


@pytest.mark.parametrize(
    "line", [("GET", "/v1/runs"), ("POST", "/v1/runs/"), ("POST", "/v1/tokens"), ("POST/", "v1/runs")]
)
def test_it_is_about_one_request_line(line: tuple[str, str]) -> None:
    assert vouching().heard(vouching().says(NEIGHBOUR, *LINE), *line) is None


def test_another_key_says_nothing() -> None:
    assert vouching().heard(vouching(b"x" * 32).says(NEIGHBOUR, *LINE), *LINE) is None


@pytest.mark.parametrize("passed_s", [WITHIN_S + 1, -WITHIN_S - 1])
def test_it_is_over_soon(passed_s: int) -> None:
    clock = SetClock()
    word = vouching(clock=clock).says(NEIGHBOUR, *LINE)
    clock.ms += passed_s * 1000
    assert vouching(clock=clock).heard(word, *LINE) is None


@pytest.mark.parametrize("part", [0, 1, 2])
def test_no_part_of_it_can_be_changed(part: int) -> None:
    parts = vouching().says(NEIGHBOUR, *LINE).partition(" ")[2].split(".")
    parts[part] = [base64.urlsafe_b64encode(b"other").decode(), str(int(parts[1]) + 1), "0" * 64][part]
    assert vouching().heard(f"{SCHEME} {'.'.join(parts)}", *LINE) is None


@given(st.text(max_size=200))
def test_any_text_is_heard_as_nothing(text: str) -> None:
    for said in (text, f"{SCHEME} {text}", f"{SCHEME} bmVpZ2hib3Vy.1.{text}"):
        assert vouching().heard(said, *LINE) is None
