"""What a model is asked is what its SDK would send, and what it proposes is found, whole and in pieces.

The other side of each question is the gateway's own reader, written against the providers' formats.
"""

from __future__ import annotations

import json

import pytest
from starlette.testclient import TestClient

from aisecops.ops.demo.script import ToolUse, Turn
from aisecops.ops.evaluation.asking import DIALECTS, Question, encoded, proposals
from aisecops.ops.evaluation.line import Heard
from aisecops.ops.evaluation.places import host
from aisecops.ops.evaluation.stand_ins import Slot
from aisecops.wire.dialects import read_call
from aisecops.wire.llm import Role

ASKED = Question(
    user="When are you open?", system="You help.", before=("Hello.", "Hello to you."), heard=("Hours are 9 to 5.",),
    tool="send_email", schema={"type": "object"},
)  # fmt: skip
CALLING = Turn(text="I will.", calls=(ToolUse(name="send_email", arguments={"to": "ann"}),))


def answered(name, asked, turn):
    """What a model that says `turn` answers."""
    spoken = DIALECTS[name]
    slot = Slot(0)
    slot.turn = turn
    client = TestClient(slot.apps()[host(spoken.role, 0)], base_url="http://testserver")
    headers = {**dict(spoken.headers), "content-type": "application/json"}
    answer = client.post(spoken.path, content=encoded(spoken, asked), headers=headers)
    assert answer.status_code == 200
    return spoken, Heard(200, dict(answer.headers), answer.content)


@pytest.mark.parametrize("name", sorted(DIALECTS))
def test_every_part_stands_where_its_speaker_speaks(name):
    spoken = DIALECTS[name]
    call = read_call(name, "POST", spoken.path, json.loads(encoded(spoken, ASKED)))

    said = {(segment.role, segment.text) for segment in call.segments}
    assert {
        (Role.SYSTEM, "You help."), (Role.USER, "Hello."), (Role.ASSISTANT, "Hello to you."),
        (Role.USER, "When are you open?"), (Role.TOOL, "Hours are 9 to 5."),
    } <= said  # fmt: skip
    assert not call.stream


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("name", sorted(DIALECTS))
def test_what_a_model_proposes_is_found_and_nothing_where_it_proposes_nothing(name, stream):
    asked = ASKED._replace(stream=stream)

    assert proposals(*answered(name, asked, CALLING)) == {"send_email"}
    assert proposals(*answered(name, asked, Turn(text="Done."))) == set()


def test_what_is_no_answer_proposes_nothing():
    assert all(proposals(spoken, Heard(200, {}, b"<html>")) == set() for spoken in DIALECTS.values())
