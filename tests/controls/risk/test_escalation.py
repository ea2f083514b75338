from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from aisecops.controls.risk.escalation import StepSeen, advance, begun, in_time
from aisecops.model.action import Kind, ToolEffect
from aisecops.model.place import Place
from aisecops.model.provenance import TrustTier
from aisecops.model.rules import Sequence, StepPattern

PLACE = Place(file="risk.yaml", line=1)
READ = StepPattern(effect=ToolEffect.READ, label="confidential")
MAIL = StepPattern(tool="mail.send")


def sequence(*when: StepPattern, escalation: str = "1.2", name: str = "read-then-send") -> Sequence:
    return Sequence(name=name, place=PLACE, when=when, escalation=Decimal(escalation))


def step(tool: str, effect: ToolEffect = ToolEffect.WRITE, label: str = "", kind: Kind = Kind.TOOL) -> StepSeen:
    return StepSeen(tool=tool, effect=effect, label=label, kind=kind)


READS = step("crm.read", ToolEffect.READ, "confidential")
SENDS = step("mail.send")
OTHER = step("db.write")


def factors(sequences: tuple[Sequence, ...], *steps: StepSeen) -> list[str]:
    progress: dict[str, int] = {}
    found = []
    for one in steps:
        progress, factor, _ = advance(progress, sequences, one)
        found.append(str(factor))
    return found


def test_the_step_that_completes_a_sequence_is_escalated():
    assert factors((sequence(READ, MAIL),), READS, SENDS) == ["1", "1.2"]


def test_other_steps_in_between_do_not_break_a_sequence():
    assert factors((sequence(READ, MAIL),), READS, OTHER, OTHER, SENDS) == ["1", "1", "1", "1.2"]


def test_steps_in_the_wrong_order_are_no_sequence():
    assert factors((sequence(READ, MAIL),), SENDS, READS) == ["1", "1"]


def test_every_further_final_step_is_escalated_too():
    assert factors((sequence(READ, MAIL),), READS, SENDS, SENDS, OTHER, SENDS) == ["1", "1.2", "1.2", "1", "1.2"]


def test_one_step_counts_for_one_place_only():
    assert factors((sequence(MAIL, MAIL),), SENDS, SENDS) == ["1", "1.2"]


@pytest.mark.parametrize(
    ("tier", "factor"),
    [(None, "1"), (TrustTier.INTERNAL, "1"), (TrustTier.EXTERNAL, "1.2"), (TrustTier.HOSTILE, "1.2")],
)
def test_a_tier_stands_for_that_and_for_what_is_trusted_less(tier, factor):
    read = StepSeen(tool="pages.read", effect=ToolEffect.READ, label="", kind=Kind.TOOL, tier=tier)
    assert factors((sequence(StepPattern(tier=TrustTier.EXTERNAL), MAIL),), read, SENDS) == ["1", factor]


def test_a_sequence_of_one_step_escalates_it_each_time():
    assert factors((sequence(MAIL),), SENDS, OTHER, SENDS) == ["1.2", "1", "1.2"]


def test_factors_multiply_up_to_three():
    two = (sequence(READ, MAIL, name="a"), sequence(MAIL, escalation="1.5", name="b"))
    assert factors(two, READS, SENDS) == ["1", "1.80"]
    assert factors((*two, sequence(MAIL, escalation="3", name="c")), READS, SENDS)[1] == "3"


def test_the_names_of_what_raised_it_are_told():
    progress, _, _ = advance({}, (sequence(READ, MAIL),), READS)
    assert advance(progress, (sequence(READ, MAIL),), SENDS)[2] == ("read-then-send",)


def test_progress_is_of_the_tree_and_the_old_one_is_left_alone():
    before = {"read-then-send": 1, "long gone": 4}
    after, _, _ = advance(before, (sequence(READ, MAIL),), SENDS)
    assert before == {"read-then-send": 1, "long gone": 4}
    assert after == {"read-then-send": 2, "long gone": 4}


def test_a_sequence_that_got_shorter_since_is_still_primed():
    assert advance({"read-then-send": 5}, (sequence(READ, MAIL),), SENDS)[1] == Decimal("1.2")


def test_an_empty_sequence_raises_nothing():
    assert advance({}, (sequence(),), SENDS) == ({}, Decimal(1), ())


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        (StepPattern(), True),
        (StepPattern(tool="mail.*"), True),
        (StepPattern(tool="*"), True),
        (StepPattern(tool="mail"), False),
        (StepPattern(tool="mai.*"), False),
        (StepPattern(tool="mail.send", effect=ToolEffect.READ), False),
        (StepPattern(label="confidential"), False),
        (StepPattern(kind="tool"), True),
        (StepPattern(kind="model"), False),
    ],
)
def test_every_filled_field_of_a_pattern_must_match(pattern: StepPattern, matches: bool):
    assert (advance({}, (sequence(pattern),), SENDS)[2] != ()) is matches


@given(st.lists(st.sampled_from([READS, SENDS, OTHER]), max_size=12))
def test_a_step_is_escalated_exactly_when_it_ends_an_ordered_subsequence(steps):
    found = factors((sequence(READ, MAIL),), *steps)
    expected = ["1.2" if s is SENDS and READS in steps[:i] else "1" for i, s in enumerate(steps)]
    assert found == expected


def test_a_sequence_with_a_window_counts_for_so_long_after_its_first_step_was_last_seen():
    endless = sequence(READ, MAIL, name="e")
    windowed = replace(endless, name="w", within_ms=100)
    progress, began = {}, {}

    def take(step, now_ms):
        nonlocal progress, began
        so_far = in_time(progress, began, (windowed, endless), now_ms=now_ms)
        progress, _, raised = advance(so_far, (windowed, endless), step)
        began = begun(began, (windowed, endless), step, now_ms=now_ms)
        return raised

    take(READS, 1_000)
    assert take(SENDS, 1_100) == ("w", "e")
    assert take(SENDS, 1_101) == ("e",)  # its window is over, and it begins anew
    take(READS, 2_000)
    take(READS, 2_090)
    assert take(SENDS, 2_190) == ("w", "e")  # seen again, the window begins again
    assert set(began) == {"w"}
