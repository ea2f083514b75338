"""No decision rests on an `assert`: each of them only tells the type checker what is so."""

from __future__ import annotations

import ast
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "addons" / "aisecops"


def only_tells_the_type(test: ast.expr) -> bool:
    """`NAME is not None` or `isinstance(NAME, TYPE)`, of something that is read and not called."""
    match test:
        case ast.Compare(left=asked, ops=[ast.IsNot()], comparators=[ast.Constant(None)]):
            return isinstance(asked, ast.Name | ast.Attribute)
        case ast.Call(func=ast.Name("isinstance"), args=[asked, _]):
            return isinstance(asked, ast.Name | ast.Attribute)
    return False


def test_an_assert_tells_the_type_checker_something_and_nobody_else():
    found = [
        f"{path.relative_to(PACKAGE)}:{node.lineno}"
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Assert) and not only_tells_the_type(node.test)
    ]

    assert found == []
