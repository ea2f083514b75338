"""JMESPath, in one place: compiling an expression once, and asking it of decoded JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import jmespath
from jmespath.exceptions import JMESPathError
from jmespath.functions import Functions

from aisecops.controls.policy.mistakes import pick

LONGEST = 500
"""Characters in one expression; its nesting, and so the evaluation, is bounded with it."""
FUNCTION_TABLE: dict[str, Any] = Functions.FUNCTION_TABLE
_LITERAL = re.compile(r"`((?:[^`\\]|\\.)*)`", re.DOTALL)


class JmesError(Exception):
    """The expression does not apply to this JSON: a function was given the wrong kind of value."""


@lru_cache(maxsize=2048)
def compiled(expression: str) -> Any:
    """The parsed expression. Raises ValueError with the mend."""
    if not expression.strip() or len(expression) > LONGEST:
        raise ValueError(f"write a JMESPath of 1 to {LONGEST} characters")
    try:
        for literal in _LITERAL.findall(expression):
            json.loads(literal.replace("\\`", "`"))  # the library would also take words without quotes, and warn
        parsed = jmespath.compile(expression)
    except json.JSONDecodeError:
        raise ValueError('write what stands between backticks as JSON, such as `` `"word"` ``') from None
    except (JMESPathError, RecursionError) as error:
        said = str(error).splitlines()[0] if str(error) else "it cannot be read"
        said = said.removesuffix(", for expression:").removesuffix(" Incomplete expression:").rstrip(": ")
        raise ValueError(f"write a JMESPath, such as `items[0].id`: {said[:120]}") from None
    # A wrong name or number of arguments would otherwise be found with the first request, which it refuses.
    for name, given in _calls(parsed.parsed):
        _check_call(name, given)
    return parsed


def _calls(node: Any) -> Iterator[tuple[str, int]]:
    """Every function that is called below `node`, and how many arguments it is given."""
    if not isinstance(node, dict):  # a slice holds plain numbers
        return
    if node["type"] == "function_expression":
        yield node["value"], len(node["children"])
    for child in node["children"]:
        yield from _calls(child)


def _check_call(name: str, given: int) -> None:
    if name not in FUNCTION_TABLE:
        raise ValueError(f"there is no JMESPath function `{name}`; {pick(name, FUNCTION_TABLE)}")
    signature = FUNCTION_TABLE[name]["signature"]
    endless = bool(signature) and signature[-1].get("variadic", False)
    if given < len(signature) or (given > len(signature) and not endless):
        wanted = f"{len(signature)} or more" if endless else f"{len(signature)}"
        raise ValueError(f"`{name}` takes {wanted} arguments between its brackets, not {given}")


def found_in(expression: str, data: Any) -> Any:
    """What `expression` finds in `data`; None when there is nothing. Raises `JmesError`."""
    parsed = compiled(expression)
    try:
        return parsed.search(data)
    except (ValueError, ArithmeticError, TypeError, AttributeError, RecursionError) as error:  # of its own or Python's
        raise JmesError(expression) from error
