"""JMESPath, in one place: compiling an expression once, and asking it of decoded JSON."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import Any

import jmespath
from jmespath.exceptions import JMESPathError

LONGEST = 500
"""Characters in one expression; its nesting, and so the evaluation, is bounded with it."""
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
        return jmespath.compile(expression)
    except json.JSONDecodeError:
        raise ValueError('write what stands between backticks as JSON, such as `` `"word"` ``') from None
    except (JMESPathError, RecursionError) as error:
        said = str(error).splitlines()[0] if str(error) else "it cannot be read"
        raise ValueError(f"write a JMESPath, such as `items[0].id`: {said[:120]}") from None


def found_in(expression: str, data: Any) -> Any:
    """What `expression` finds in `data`; None when there is nothing. Raises `JmesError`."""
    parsed = compiled(expression)
    try:
        return parsed.search(data)
    except (ValueError, ArithmeticError, TypeError, AttributeError, RecursionError) as error:  # of its own or Python's
        raise JmesError(expression) from error
