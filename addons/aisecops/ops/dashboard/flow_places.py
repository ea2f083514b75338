"""Where the boxes and lines of a flow graph stand: up to five columns, each ordered so that few lines cross."""

from __future__ import annotations

from typing import Any

from aisecops.ops.dashboard.flow import COLUMNS, Edge, Flow, Node

WIDTH, NODE_WIDTH, NODE_HEIGHT = 1136.0, 172.0, 48.0
_ROW = 64.0
_HEAD = 30.0
_FOOT = 10.0
_CUT_LABEL, _CUT_BELOW = 22, 23
"""So many letters stand within a box, in the size that each line has."""


def placed(flow: Flow) -> dict[str, Any] | None:
    """The drawing; None when there is nothing to draw."""
    if not flow.nodes:
        return None
    used = [column for column in COLUMNS if any(node.column == column for node in flow.nodes.values())]
    columns = [[node for node in flow.nodes.values() if node.column == column] for column in used]
    most = max(len(column) for column in columns)
    step = (WIDTH - NODE_WIDTH) / (len(COLUMNS) - 1)
    middle: dict[str, float] = {}
    boxes = []
    for at, column in enumerate(columns):
        ordered = _ordered(column, flow, middle)
        top = _HEAD + (most - len(ordered)) * _ROW / 2
        for row, node in enumerate(ordered):
            middle[node.key] = top + row * _ROW + NODE_HEIGHT / 2 + (_ROW - NODE_HEIGHT) / 2
            boxes.append(_box(node, at * step, middle[node.key]))
    left = {node.key: used.index(node.column) * step for node in flow.nodes.values()}
    lines = [_line(edge, left, middle) for edge in sorted(flow.edges.values(), key=lambda edge: edge.tainted)]
    return {
        "width": WIDTH,
        "height": _HEAD + most * _ROW + _FOOT,
        "heads": [{"x": round(at * step, 1), "text": column} for at, column in enumerate(used)],
        "boxes": boxes,
        "lines": lines,
        "tainted": any(edge.tainted for edge in flow.edges.values()),
    }


def _ordered(column: list[Node], flow: Flow, middle: dict[str, float]) -> list[Node]:
    """By the mean height of what leads here; what nothing leads to keeps its place at the end."""

    def height(node: Node) -> float:
        above = [middle[start] for start, end in flow.edges if end == node.key and start in middle]
        return sum(above) / len(above) if above else float("inf")

    return sorted(column, key=height)


def _box(node: Node, x: float, middle: float) -> dict[str, Any]:
    many = f" \N{MULTIPLICATION SIGN} {node.count}" if node.count > 1 and node.column in {"proposal", "call"} else ""
    return {
        "x": round(x, 1),
        "y": round(middle - NODE_HEIGHT / 2, 1),
        "width": NODE_WIDTH,
        "height": NODE_HEIGHT,
        "label": _cut(node.label, _CUT_LABEL - len(many)) + many,
        "below": _cut(node.below, _CUT_BELOW),
        "words": _words(node),
        "kind": node.column,
        "verdict": node.verdict,
        "tainted": node.tainted,
        "decision_id": node.decision_id,
    }


def _words(node: Node) -> str:
    """A box for whoever cannot see it."""
    said = [
        node.column,
        node.label,
        node.below,
        node.verdict and f"verdict {node.verdict}",
        "tainted" if node.tainted else "",
    ]
    return ", ".join(word for word in said if word)


def _line(edge: Edge, left: dict[str, float], middle: dict[str, float]) -> dict[str, Any]:
    x1, y1 = left[edge.start] + NODE_WIDTH, middle[edge.start]
    x2, y2 = left[edge.end], middle[edge.end]
    bend = max(24.0, (x2 - x1) / 2)
    return {
        "d": f"M{x1:.1f} {y1:.1f} C{x1 + bend:.1f} {y1:.1f} {x2 - bend:.1f} {y2:.1f} {x2 - 5:.1f} {y2:.1f}",
        "tip": f"M{x2 - 7:.1f} {y2 - 4:.1f} L{x2 - 1:.1f} {y2:.1f} L{x2 - 7:.1f} {y2 + 4:.1f}",
        "cross": {"x": round((x1 + x2) / 2, 1), "y": round((y1 + y2) / 2, 1)} if edge.stopped else None,
        "tainted": edge.tainted,
        "stopped": edge.stopped,
    }


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}\N{HORIZONTAL ELLIPSIS}"
