import contextlib
import json
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisecops.model.errors import WireError
from aisecops.wire.slack import APPROVE, DENY, LONGEST_TEXT, Pressed, message, read_pressed, reply


def press(action=APPROVE, value="apr_1", user="U01", kind="block_actions", **more):
    said = {"type": kind, "user": {"id": user}, "actions": [{"action_id": action, "value": value}], **more}
    return urlencode({"payload": json.dumps(said)}).encode()


def test_a_press_says_who_what_and_where_to_reply():
    said = read_pressed(press(DENY, response_url="https://hooks.slack.com/actions/1"))
    assert said == Pressed(
        user="U01", approval_id="apr_1", approve=False, answer_url="https://hooks.slack.com/actions/1"
    )


@pytest.mark.parametrize("body", [
    b"", b"payload=", b"payload=%7B%7D", b"payload=[]", b"payload=%7B%22actions%22%3A%5B%5D%7D", b"\xff=1", b"a=1",
    press(action="other"), press(kind="view_submission"), press(value=7), press(user=None), press(value="a" * 400),
    press() + b"&payload=%7B%7D", press(actions=[{"action_id": APPROVE, "value": "a"}] * 2),
])  # fmt: skip
def test_what_is_no_press_of_our_buttons_is_none(body):
    with pytest.raises(WireError):
        read_pressed(body)


def texts(part):
    if isinstance(part, dict):
        if "type" in part and "text" in part and isinstance(part["text"], str):
            yield part
        for one in part.values():
            yield from texts(one)
    if isinstance(part, list):
        for one in part:
            yield from texts(one)


def test_nothing_that_an_agent_wrote_is_obeyed_as_markup():
    shown = message("clerk asks", ["<!channel> <https://evil.test|click>"], {"On": "*bold* <@U02>"}, "apr_1")
    assert {one["type"] for one in texts(shown)} == {"plain_text"}
    assert "channel" not in shown["text"]


def test_a_message_keeps_to_what_slack_takes():
    shown = message("t" * 500, ["l" * 9000], {"n": "v" * 9000}, "apr_1")
    lengths = [len(one["text"]) for one in texts(shown)]
    assert max(lengths) <= LONGEST_TEXT
    assert [one["value"] for one in shown["blocks"][-1]["elements"]] == ["apr_1", "apr_1"]


def test_a_no_is_told_to_whoever_pressed_alone():
    assert reply("no", to_all=False)["response_type"] == "ephemeral"
    assert reply("approved", to_all=True)["replace_original"] is True


@given(st.one_of(st.binary(max_size=200), st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=20),
       lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["type", "user", "id", "actions", "action_id", "value"]), inner, max_size=5))
       .map(lambda said: urlencode({"payload": json.dumps(said)}).encode())))  # fmt: skip
def test_any_body_is_a_press_or_none(body):
    with contextlib.suppress(WireError):
        assert isinstance(read_pressed(body), Pressed)
