"""Boxes stand apart and inside, lines run from box to box, and every box says what it is to who cannot see it."""

import itertools
import re

from aisecops.ops.dashboard.flow import Edge, Flow, Node, flow
from aisecops.ops.dashboard.flow_places import NODE_HEIGHT, placed
from ops.dashboard.test_flow import ATTACK


def test_nothing_is_not_drawn():
    assert placed(Flow()) is None


def test_boxes_stand_apart_and_inside():
    drawn = placed(flow(ATTACK))
    boxes = drawn["boxes"]

    assert all(box["x"] >= 0 and box["x"] + box["width"] <= drawn["width"] for box in boxes)
    assert all(box["y"] >= 0 and box["y"] + box["height"] <= drawn["height"] for box in boxes)
    for column in {box["x"] for box in boxes}:
        heights = sorted(box["y"] for box in boxes if box["x"] == column)
        assert all(below - above >= NODE_HEIGHT for above, below in itertools.pairwise(heights))


def test_tainted_lines_are_drawn_over_the_others():
    marks = [line["tainted"] for line in placed(flow(ATTACK))["lines"]]

    assert marks == sorted(marks)
    assert placed(flow(ATTACK))["tainted"]
    assert not placed(flow(ATTACK[:3]))["tainted"]


def test_lines_cross_as_little_as_boxes_can_be_ordered():
    nodes = {
        name: Node(name, column, name)
        for name, column in (("a", "prompt"), ("b", "prompt"), ("x", "proposal"), ("y", "proposal"))
    }
    edges = {("a", "y"): Edge("a", "y"), ("b", "x"): Edge("b", "x")}
    boxes = {box["label"]: box["y"] for box in placed(Flow(nodes=nodes, edges=edges))["boxes"]}

    assert (boxes["a"] < boxes["b"]) == (boxes["y"] < boxes["x"])


def test_a_long_name_is_cut_in_the_box_and_whole_in_its_words():
    name = "a" * 300
    [box] = placed(Flow(nodes={"n": Node("n", "call", name, name, verdict="deny", tainted=True)}))["boxes"]

    assert len(box["label"]) < 30
    assert box["words"] == f"call, {name}, {name}, verdict deny, tainted"


def test_a_stopped_line_has_a_cross_on_it():
    crosses = [line["cross"] for line in placed(flow(ATTACK))["lines"] if line["cross"]]

    assert len(crosses) == 1
    assert all(re.fullmatch(r"M[\d. ]+C[\d. -]+", line["d"]) for line in placed(flow(ATTACK))["lines"])


def test_a_column_without_boxes_takes_no_room():
    nodes = {name: Node(name, name, name) for name in ("call", "destination")}
    drawn = placed(Flow(nodes=nodes, edges={("call", "destination"): Edge("call", "destination")}))

    assert [head["text"] for head in drawn["heads"]] == ["call", "destination"]
    assert min(box["x"] for box in drawn["boxes"]) == 0
