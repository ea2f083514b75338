"""Ids and words: pinned, the same each time, and those of the conventions."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

from aisecops.adapters.audit import otel
from aisecops.adapters.system.clock import SystemClock
from aisecops.adapters.system.ids import Ulids

PACKAGE = Path(__file__).parents[3] / "addons" / "aisecops"


def test_the_trace_id_is_the_number_in_the_run_id():
    assert otel.trace_id_of("run_0000000000000000000000000Z") == 31
    assert otel.trace_id_of("run_7ZZZZZZZZZZZZZZZZZZZZZZZZZ") == (1 << 128) - 1


@pytest.mark.parametrize(
    "run_id", ["run_1", "", "run_8ZZZZZZZZZZZZZZZZZZZZZZZZZ", f"run_{'0' * 26}", "run_" + "i" * 26]
)
def test_what_holds_no_such_number_still_has_one_trace(run_id):
    assert 0 < otel.trace_id_of(run_id) < 1 << 128
    assert otel.trace_id_of(run_id) == otel.trace_id_of(run_id)


def test_runs_and_decisions_have_ids_of_their_own():
    ids = Ulids(SystemClock())
    names = [ids.new(prefix) for prefix in ("run_", "dec_") for _ in range(500)]

    assert len({otel.span_id_of(name) for name in names}) == 1000
    assert len({otel.trace_id_of(name) for name in names}) == 1000
    assert all(0 < otel.span_id_of(name) < 1 << 64 for name in names)


@pytest.mark.parametrize(
    "said",
    [
        "",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
        f"00-{'0' * 32}-00f067aa0ba902b7-01",
        f"00-4bf92f3577b34da6a3ce929d0e0e4736-{'0' * 16}-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\n",
    ],
)
def test_what_is_no_traceparent_is_no_link(said):
    assert otel.link_of(said) == ()


def test_a_traceparent_is_a_link_to_its_span():
    said = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    assert otel.link_of(said) == ((0x4BF92F3577B34DA6A3CE929D0E0E4736, 0x00F067AA0BA902B7),)


def test_names_of_the_conventions_are_those_of_the_conventions_and_stand_in_one_file():
    conventions = importlib.util.find_spec("opentelemetry.semconv._incubating.attributes.gen_ai_attributes")
    known = set(re.findall(r'"(gen_ai\.[a-z_.]+)"', Path(conventions.origin).read_text()))
    ours = {value for name, value in vars(otel).items() if name.isupper() and str(value).startswith("gen_ai.")}

    assert ours != set()
    assert ours <= known
    elsewhere = [
        str(path) for path in PACKAGE.rglob("*.py") if "gen_ai." in path.read_text() and path.name != "otel.py"
    ]
    assert elsewhere == []
