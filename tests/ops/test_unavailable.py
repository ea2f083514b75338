"""What is refused because a part is down is in the log, once in a while, with how often."""

from __future__ import annotations

import logging

import pytest

from aisecops.model.outcome import Refuse
from aisecops.model.refusals import Code
from aisecops.ops import unavailable
from aisecops.ops.unavailable import Unavailable


def told(caplog):
    return [one.getMessage() for one in caplog.records if one.levelno == logging.ERROR]


def test_a_store_that_is_down_is_said_with_why(caplog):
    said, down = Unavailable(), Refuse(code=Code.STORE_UNAVAILABLE, detail="the store cannot be asked: disk is full")
    for _ in range(5):
        said.refused(down)

    assert told(caplog) == ["store_unavailable: the store cannot be asked: disk is full (1 refused)"]


def test_what_an_agent_is_not_told_is_in_the_log(caplog):
    Unavailable().refused(Refuse(code=Code.STORE_UNAVAILABLE, detail="the store", inside="redis://store.internal"))

    assert told(caplog) == ["store_unavailable: redis://store.internal (1 refused)"]


def test_each_part_is_said_by_itself(caplog):
    said = Unavailable()
    for code in (Code.STORE_UNAVAILABLE, Code.POLICY_UNAVAILABLE):
        said.refused(Refuse(code=code, detail="down"))

    assert told(caplog) == ["store_unavailable: down (1 refused)", "policy_unavailable: down (1 refused)"]


@pytest.mark.parametrize("code", [code for code in Code if code not in unavailable.DOWN])
def test_nothing_else_is_said(caplog, code):
    Unavailable().refused(Refuse(code=code, detail="what an agent asked for"))

    assert caplog.text == ""
