"""Steps of a play that need no gateway: what stand-ins are told, and what an agent's rules do not bound."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from aisecops.ops.evaluation.fill import Filler
from aisecops.ops.evaluation.play import Play
from aisecops.ops.evaluation.scenario import Describes, Gives, Part, Posture
from aisecops.ops.evaluation.stand_ins import Answer, Slot
from support.gateway import rules_of


def played(*steps, agent="", part=Part.ATTACK):
    text = f"version: 1\nagents:\n  a: {{authenticate: {{secret: 'env:A'}}{agent}}}\n"
    [rule] = rules_of(text).agents.values()
    slot = Slot(0)
    cast = SimpleNamespace(probe=SimpleNamespace(rule=rule))
    return slot, Play(cast, slot, Filler("1", {"mark": "m1"}), part).perform(steps)


def test_stand_ins_are_told_what_is_filled_in():
    slot, _ = played(
        Gives(at="feed", text="news of {mark}"),
        Gives(at="find", json=b'{"a": "{mark}"}', status=203),
        Describes(tool="find_{mark}", words="Finds {mark}."),
    )

    assert slot.told == {
        "feed": Answer(body=b"news of m1", type="text/plain"),
        "find": Answer(body=b'{"a":"m1"}', status=203),
    }
    assert slot.described == {"find_m1": "Finds m1."}


def test_a_step_of_the_other_side_is_left_out():
    assert played(Describes(tool="x", words="y", only=Part.TWIN))[0].described == {}


@pytest.mark.parametrize(
    ("agent", "breaches"),
    [
        ("", ["nothing bounds its calls; at most 200 is expected"]),
        (", budgets: {max_tool_calls: 500}", ["500 is the bound of its calls; at most 200 is expected"]),
        (", budgets: {max_tool_calls: 200}", []),
    ],
)
def test_a_bound_that_is_too_high_or_not_there_is_a_breach_before_anything_is_sent(agent, breaches):
    assert played(Posture(of="calls", most="200"), agent=agent)[1].breaches == breaches
