"""A check is green with evidence and without a fault; without evidence nothing is green."""

import pytest

from aisecops.ops.release.check import State, checked
from aisecops.ops.release.gate import as_text


def one(evidence, faults):
    return checked("a check", "9", evidence=evidence, faults=faults, mend="aisecops mend")


@pytest.mark.parametrize(
    ("evidence", "faults", "state"),
    [
        (("seen",), (), State.GREEN),
        (("seen",), ("wrong",), State.RED),
        ((), ("wrong",), State.MISSING),
        ((), (), State.MISSING),
    ],
)
def test_silence_is_no_evidence(evidence, faults, state):
    assert one(evidence, faults).state is state


def test_only_what_is_not_green_has_a_mend():
    assert one(("seen",), ()).mend == ""
    assert "> aisecops mend" in as_text([one(("seen",), ("wrong",))])
    assert "> " not in as_text([one(("seen",), ())])
