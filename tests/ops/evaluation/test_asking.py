"""What a model is asked is what its SDK would send, and what it proposes is found, whole and in pieces.

The other side of each question is the gateway's own reader, written against the providers' formats.
"""

from __future__ import annotations

import json

import pytest
from starlette.testclient import TestClient

from aisecops.ops.demo.script import ToolUse, Turn
from aisecops.ops.evaluation.asking import DIALECTS, TALK, Question, encoded, proposals, told_in_talk
from aisecops.ops.evaluation.line import Heard
from aisecops.ops.evaluation.places import host
from aisecops.ops.evaluation.stand_ins import Slot
from aisecops.wire.dialects import read_call
from aisecops.wire.llm import Role
from aisecops.wire.realtime import usage_in
from aisecops.wire.realtime_call import read_event

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
    answer = client.post(spoken.target(asked), content=encoded(spoken, asked), headers=headers)
    assert answer.status_code == 200
    return spoken, Heard(200, dict(answer.headers), answer.content)


@pytest.mark.parametrize("name", sorted(DIALECTS))
def test_every_part_stands_where_its_speaker_speaks(name):
    spoken = DIALECTS[name]
    call = read_call("openai", "POST", spoken.path, json.loads(encoded(spoken, ASKED)))

    said = [(segment.role, segment.text) for segment in call.segments]
    for role, text in (
        (Role.SYSTEM, "You help."), (Role.USER, "Hello."), (Role.ASSISTANT, "Hello to you."),
        (Role.USER, "When are you open?"), (Role.TOOL, "Hours are 9 to 5."),
    ):  # fmt: skip
        assert [one for one, words in said if text in words] == [role]
    assert not call.stream
    [offer] = call.tools
    assert (offer.name, offer.schema) == ("send_email", {"type": "object"})


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("name", sorted(DIALECTS))
def test_what_a_model_proposes_is_found_and_nothing_where_it_proposes_nothing(name, stream):
    asked = ASKED._replace(stream=stream)

    assert proposals(*answered(name, asked, CALLING)) == {"send_email"}
    assert proposals(*answered(name, asked, Turn(text="Done."))) == set()


def test_in_a_talk_every_part_stands_where_its_speaker_speaks():
    calls = [call for said in told_in_talk(ASKED) if (call := read_event(json.loads(said), "gpt-4o"))]

    said = {(segment.role, segment.text) for call in calls for segment in call.segments}
    assert {
        (Role.SYSTEM, "You help."), (Role.USER, "Hello."), (Role.ASSISTANT, "Hello to you."),
        (Role.USER, "When are you open?"), (Role.TOOL, "Hours are 9 to 5."),
    } <= said  # fmt: skip
    assert [offer.name for call in calls for offer in call.tools] == ["send_email"]


def test_what_a_model_proposes_in_a_talk_is_found():
    slot = Slot(0)
    slot.turn = CALLING
    client = TestClient(slot.apps()[host(TALK.role, 0)], base_url="http://testserver")
    heard = []
    with client.websocket_connect(TALK.path) as talk:
        for said in told_in_talk(ASKED):
            talk.send_text(said)
        while not heard or json.loads(heard[-1])["type"] != "response.done":
            heard.append(talk.receive_text())

    assert usage_in(heard[-1].encode()) is not None
    assert proposals(TALK, Heard(200, {"content-type": "text/event-stream"}, "\n".join(heard).encode())) == {
        "send_email"
    }


def test_what_is_no_answer_proposes_nothing():
    assert all(proposals(spoken, Heard(200, {}, b"<html>")) == set() for spoken in DIALECTS.values())
