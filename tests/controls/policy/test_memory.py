"""Which requests write a memory or read it back, and where their items are."""

import pytest

from aisecops.controls.policy import memory as module
from aisecops.controls.policy.memory import items_recalled, items_written, memory_recalled, memory_written
from aisecops.controls.policy.template import Filling
from aisecops.model.memory import Recall
from support.gateway import rules_of

RULES = rules_of("""
version: 1
tools:
  notes.write: {match: {host: notes.test, method: POST}, effect: memory-write}
  notes.read: {match: {host: notes.test, method: GET}, effect: memory-read}
  other.read: {match: {host: other.test, method: GET}, effect: memory-read}
  file.put: {match: {host: files.test, method: PUT}, effect: memory-write}
  file.get: {match: {host: files.test, method: GET}, effect: read}
  kept.*: {match: {mcp: {host: mcp.test}}, effect: memory-write}
memory:
  - {tool: notes.write, item: "text", id: "id"}
  - {tool: file.put, item: "@", id: "{path[1]}", read: {tool: file.get, item: "@", id: "{path[1]}"}}
  - {tool: kept.add, item: "notes[].text", id: "notes[].id", read: {tool: kept.find, item: "structuredContent.found[]"}}
""")
AT_FILE = Filling(path_segments=("kept", "a.txt"))


def recall(name, filling=AT_FILE):
    return memory_recalled(RULES, RULES.tools.get(name) or RULES.tools["kept.*"], name, filling)


def pairs(items):
    return [(item.id, item.text) for item in items]


def test_a_memory_is_written_by_its_tool_alone():
    assert memory_written(RULES, RULES.tools["notes.write"], "notes.write").tool == "notes.write"
    assert memory_written(RULES, RULES.tools["kept.*"], "kept.add").tool == "kept.add"
    assert memory_written(RULES, RULES.tools["kept.*"], "kept.drop") is None


def test_it_is_read_by_the_tools_that_the_rule_names_else_by_what_reads_memory_at_its_host():
    assert recall("notes.read").store == "notes.write"
    assert recall("other.read") is None
    assert recall("file.get") == Recall(store="file.put", writers=(), item="@", known_id="a%2Etxt")
    assert recall("kept.find").store == "kept.add"
    assert recall("kept.list") is None


@pytest.mark.parametrize(
    ("number", "data", "found"),
    [
        (0, {"id": 7, "text": "a"}, [("7", "a")]),
        (0, {"text": "a"}, [("", "a")]),
        (0, {"id": "x", "text": {"b": 1}}, [("x", '{"b":1}')]),
        (0, {"id": "x"}, []),
        (0, "no json", []),
        (1, "a text", [("a%2Etxt", "a text")]),
        (2, {"notes": [{"id": "1.0", "text": "a"}, {"id": 2, "text": "b"}]}, [("1%2E0", "a"), ("2", "b")]),
        (2, {"notes": [{"text": "a"}, {"id": 2, "text": "b"}]}, [("", "a"), ("", "b")]),
    ],
)
def test_the_items_of_a_write(number, data, found):
    assert pairs(items_written(RULES.memory[number], data, AT_FILE)) == found


@pytest.mark.parametrize(
    ("tool", "data", "found"),
    [
        ("notes.read", {"notes": [{"id": 1, "text": "a"}, {"id": 2, "text": "b"}]}, [("1", "a"), ("2", "b")]),
        ("notes.read", {"id": 1, "text": "a"}, [("1", "a")]),
        ("notes.read", {"x": [1, None]}, [("", '{"x":[1,null]}')]),
        ("notes.read", None, [("", "null")]),
        ("file.get", "a text", [("a%2Etxt", "a text")]),
        ("kept.find", {"structuredContent": {"found": ["a", "b"]}}, [("", "a"), ("", "b")]),
    ],
)
def test_the_items_of_an_answer_and_the_whole_where_there_are_none(tool, data, found):
    items, complete = items_recalled(recall(tool), data)
    assert (pairs(items), complete) == (found, True)


def test_no_more_items_are_told_apart_than_the_bound(monkeypatch):
    monkeypatch.setattr(module, "MAX_ITEMS", 3)
    for tool, answer in (
        ("notes.read", [{"id": n, "text": "a"} for n in range(4)]),
        ("kept.find", {"structuredContent": {"found": ["a"] * 4}}),
    ):
        items, complete = items_recalled(recall(tool), answer)
        assert (len(items), complete) == (3, False)


def test_an_answer_that_is_too_long_to_be_looked_through_says_so(monkeypatch):
    monkeypatch.setattr(module, "MAX_LOOKED", 3)
    assert items_recalled(recall("notes.read"), [1, 2, {"text": "a"}])[1] is False
