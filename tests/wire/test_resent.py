import json

import pytest

from aisecops.model.errors import WireError
from aisecops.wire.openai_chat import read_call
from aisecops.wire.resent import Message, Resent, worked_out


def said(*messages):
    return {"messages": list(messages)}


def test_a_message_that_was_read_before_is_the_very_same_object():
    resent = Resent()
    first = resent.known(said({"role": "user", "content": "a"}, {"role": "user", "content": "b"}))
    again = resent.known(said({"role": "user", "content": "a"}, {"role": "user", "content": "c"}))
    assert again["messages"][0] is first["messages"][0]
    assert again["messages"][1] == {"role": "user", "content": "c"}
    assert len(resent) == 3


@pytest.mark.parametrize(
    ("one", "other"),
    [({"a": 1}, {"a": True}), ({"a": 1}, {"a": 1.0}), ({"a": "1"}, {"a": 1}), ({"a": 0.0}, {"a": -0.0})],
)
def test_values_that_python_calls_equal_are_not_the_same(one, other):
    resent = Resent()
    first, second = resent.known(said(one, other))["messages"]
    assert (json.dumps(first), json.dumps(second)) == (json.dumps(one), json.dumps(other))


def test_the_order_of_names_counts():
    resent = Resent()
    first, second = resent.known(said({"a": "x", "b": "y"}, {"b": "y", "a": "x"}))["messages"]
    assert (list(first), list(second)) == (["a", "b"], ["b", "a"])


def test_what_is_no_list_of_objects_is_left_as_it_is():
    resent = Resent()
    for document in ([{"a": 1}], "text", None, 7, {"a": {"b": 1}}, {"a": ["x", 1, None, [2]]}):
        known = resent.known(document)
        assert known is document
        assert len(resent) == 0


def test_a_message_alone_is_known_again_too():
    resent = Resent()
    first, second = (resent.known(said({"content": "alone"}))["messages"][0] for _ in range(2))
    assert first is second


def test_what_was_not_read_for_long_goes_when_there_is_too_much():
    resent = Resent(max_bytes=1_000)
    in_use = resent.known(said({"content": "in use"}, {"content": "0"}))["messages"][0]
    for number in range(100):
        known = resent.known(said({"content": "in use"}, {"content": f"{number:030d}"}))["messages"]
        assert known[0] is in_use
        assert len(resent) < 30


def test_a_message_that_would_take_much_of_the_room_is_not_kept():
    resent = Resent(max_bytes=1_000)
    first, _ = resent.known(said({"content": "x" * 100}, {"content": "y"}))["messages"]
    assert not isinstance(first, Message)
    assert len(resent) == 1


def test_work_is_done_once_at_each_place_and_never_kept_when_it_fails():
    message, times = Message({"a": 1}), []

    def work(said, at):
        times.append(at)
        return said["a"] // at

    def other(said, at):
        return "other"

    assert [worked_out(work, message, at) for at in (1, 1, 2, 1)] == [1, 1, 0, 1]
    assert times == [1, 2]
    assert worked_out(other, message, 1) == "other"
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            worked_out(work, message, 0)
    assert times == [1, 2, 0, 0]
    assert [worked_out(work, {"a": 1}, 1), worked_out(work, {"a": 5}, 1)] == [1, 5]


def test_the_same_message_elsewhere_is_another():
    resent = Resent()
    document = resent.known({"messages": [{"a": "x"}, {"a": "x"}], "input": [{"a": "x"}, {"a": "x"}]})
    messages = [*document["messages"], *document["input"]]
    assert len({id(message) for message in messages}) == 4


def test_a_role_nobody_knows_is_refused_each_time():
    resent = Resent()
    for _ in range(2):
        document = resent.known(said({"role": "nobody", "content": "a"}, {"role": "user", "content": "b"}))
        with pytest.raises(WireError):
            read_call({"model": "m", **document})
