"""Pieces come together in their places."""

from __future__ import annotations

import pytest

from aisecops.model.errors import WireError
from aisecops.model.refusals import Code
from aisecops.wire import assembly
from aisecops.wire.assembly import Calls, Texts
from aisecops.wire.llm import ProposedCall


def test_texts_come_out_by_place() -> None:
    texts = Texts()
    for place, piece in ((1, "b"), (0, "a"), (1, "c")):
        texts.add(place, piece)
    assert texts.whole == ("a", "bc")


def test_a_call_takes_its_first_id_and_all_its_arguments() -> None:
    calls = Calls()
    calls.grow(0, 0, call_id="a", name="one")
    calls.grow(0, 0, call_id="b", arguments="{")
    calls.grow(0, 0, arguments="}")
    assert calls.pending
    assert calls.grown(0, 0)
    calls.close(0)
    assert (calls.pending, calls.whole) == (False, (ProposedCall(name="one", call_id="a", arguments="{}"),))


def test_a_call_with_two_names_or_none_is_refused() -> None:
    calls = Calls()
    calls.grow(0, 0, name="mail.send")
    with pytest.raises(WireError):
        calls.grow(0, 0, name="x")
    nameless = Calls()
    nameless.grow(0, 0, call_id="a", arguments="{}")
    with pytest.raises(WireError):
        nameless.close(0)


def test_closing_one_group_leaves_the_others() -> None:
    calls = Calls()
    calls.grow(0, 0, name="one")
    calls.grow(1, 0, name="two")
    calls.close(1)
    assert calls.pending
    calls.close_all()
    assert [call.name for call in calls.whole] == ["two", "one"]


def test_what_is_kept_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assembly, "MAX_ANSWER_CHARS", 3)
    for grow in (lambda: Texts().add(0, "abcd"), lambda: Calls().grow(0, 0, name="ab", arguments="cd")):
        with pytest.raises(WireError) as refused:
            grow()
        assert refused.value.code is Code.TOO_LARGE


def test_calls_of_many_groups_are_closed_one_by_one() -> None:
    """A hundred thousand in a second, or in an hour when each looks through all that are open."""
    calls = Calls()
    for group in range(100_000):
        calls.grow(group, 0, call_id=f"c{group}", name="f")
    for group in reversed(range(100_000)):
        calls.close(group)
    assert [place[0] for place, _ in calls.placed] == list(reversed(range(100_000)))
    assert not calls.pending
