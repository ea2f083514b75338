"""One strict JSON reader for everything that comes over the wire.

Knows how much is read and what counts as JSON here: only what every reader would read alike, so that what was judged
is what the other side understands. Does not know what any document means.
"""

from __future__ import annotations

import json
import re
from typing import NoReturn

import orjson

from aisecops.model.errors import WireError
from aisecops.model.refusals import Code
from aisecops.model.value import Value

type JsonValue = bool | int | float | str | list[JsonValue] | dict[str, JsonValue] | None

MAX_DEPTH = 64
MAX_DIGITS = 20  # of 64 bits, in one run; a double needs 17
MAX_VALUES = 200_000  # of a request: the JSON reader lets nobody else run while it builds them

_INTEGERS = range(-(2**63), 2**64)
_DIGITS_TO_ZERO = bytes(b"0"[0] if byte in b"0123456789" else b" "[0] for byte in range(256))
_STRETCH_OF_TEXT = re.compile(rb'[^"\\]{0,65536}+(?:\\.[^"\\]{0,1024}+){0,64}+("?)', re.DOTALL)
_STRETCH_BYTES = 1024 * 1024
_TOO_MANY_DIGITS = b"0" * (MAX_DIGITS + 1)
_SURE_DIGITS = 18  # in a row: any integer of so many fits 64 bits
_FEW_DIGITS = 32
_SHOWN_BYTES = 256 * 1024
_FEW_COLONS = 512
_COUNTED_BYTES = 2048


class JsonBounds(Value):
    """How much of an answer is read as one JSON document: while the reader is at it, nothing else in the process moves.

    The defaults hold an event loop up for less than a twentieth of a second (`benchmarks/bombs.py`).
    """

    max_bytes: int = 16 * 1024 * 1024
    max_values: int = MAX_VALUES

    def read(self, data: bytes) -> JsonValue:
        """The one document in `data`. Raises `WireError` as `read_json` does."""
        try:
            return read_json(data, max_bytes=self.max_bytes, max_values=self.max_values)
        except WireError as error:
            if error.code is not Code.TOO_LARGE:
                raise
            raise WireError(
                f"{error.detail}; ask for less at once, or raise `limits.json_answer_bytes` and"
                " `limits.json_answer_values`",
                Code.TOO_LARGE,
            ) from None


def read_json(
    data: bytes, *, max_bytes: int, max_depth: int = MAX_DEPTH, max_values: int | None = MAX_VALUES
) -> JsonValue:
    """The one document in `data`: UTF-8 without BOM, every name once, only finite numbers, nothing after it.

    Integers must fit 64 bits, signed or unsigned; no number has more than `MAX_DIGITS` digits in a run. Raises
    `WireError`, `too_large` over `max_bytes` or, counted before anything is built, `max_values`; else `unreadable`.
    """
    if len(data) > max_bytes:
        raise WireError(f"the JSON document is over {max_bytes} bytes", Code.TOO_LARGE)
    if max_values is not None and _has_more_values(data, max_values):
        raise WireError(f"the JSON document has over {max_values} values", Code.TOO_LARGE)
    try:
        value: JsonValue = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise WireError(f"not JSON, at line {error.lineno} column {error.colno}") from None
    if len(data) <= _SHOWN_BYTES and _is_as_shown(data, value, max_depth):
        return value
    members, inside, huge = _survey(value, max_depth)
    # INVARIANT: outside strings, JSON has exactly one colon for each member. A name that stands twice is gone from the
    # parsed value together with its colon, so the two counts agree only when every name stands once. (The only way a
    # colon is in a value but not in the bytes is its escape, and then we look closely.)
    colons, closely = _marks(data)
    if closely or huge:
        _look_closely(data)
    elif colons != members + inside:
        _refuse_duplicate()
    return value


def _is_as_shown(data: bytes, value: JsonValue, max_depth: int) -> bool:
    """True when writing `value` down again shows at a glance that all is well with `data`; False says nothing.

    The invariant of `read_json`, held by the writer: it writes one colon for each member that is left and each one in a
    string. What is nested too deep stands that far from the margin, for no string holds a line's end.
    """
    if (b"\\" in data and b"\\u003" in data) or _has_digits_in_a_row(data, _SURE_DIGITS + 1):
        return False
    try:
        shown = orjson.dumps(value, option=orjson.OPT_INDENT_2)
    except orjson.JSONEncodeError:
        return False
    return _colons(shown) == _colons(data) and b"\n" + b"  " * max_depth not in shown


def _colons(data: bytes) -> int:
    """As `data.count(b":")`, which goes byte by byte, where they are few."""
    if len(data) < _COUNTED_BYTES:
        return data.count(b":")
    seen, at = 0, data.find(b":")
    while at >= 0 and seen < _FEW_COLONS:
        seen, at = seen + 1, data.find(b":", at + 1)
    return seen + data.count(b":", at) if at >= 0 else seen


def _has_digits_in_a_row(data: bytes, length: int) -> bool:
    """True when `length` digits or more stand side by side: every `length`th byte is looked at, then around digits."""
    met = data[length - 1 :: length].translate(_DIGITS_TO_ZERO)
    wanted = b"0" * length
    if met.count(b"0") > _FEW_DIGITS:
        return wanted in data.translate(_DIGITS_TO_ZERO)
    at = met.find(b"0")
    while at >= 0:
        if wanted in data[at * length : (at + 2) * length].translate(_DIGITS_TO_ZERO):
            return True
        at = met.find(b"0", at + 1)
    return False


def _has_more_values(data: bytes, most: int) -> bool:
    """True when over `most` commas and opening brackets stand outside strings: each begins a value."""
    if len(data) <= most:
        return False
    starts = range(0, len(data), _STRETCH_BYTES)
    if sum(_beginnings(data, start, start + _STRETCH_BYTES) for start in starts) <= most:
        return False
    seen = at = 0
    while (quote := data.find(b'"', at)) >= 0:
        seen += _beginnings(data, at, quote)
        if seen > most:
            return True
        at = quote + 1
        while (stretch := _STRETCH_OF_TEXT.match(data, at)) is not None and not stretch[1]:
            if stretch.end() == at:
                return False  # it has no end: the reader will say so
            at = stretch.end()
        at = stretch.end() if stretch is not None else len(data)
    return seen + _beginnings(data, at, len(data)) > most


def _beginnings(data: bytes, start: int, end: int) -> int:
    return sum(data.count(mark, start, end) for mark in (b",", b"[", b"{"))


def _marks(data: bytes) -> tuple[int, bool]:
    """How many colons, and whether there is an escaped one or a long number: a stretch at a time.

    Each look lets nobody else run, so that one over the whole of a large body would hold up the event loop.
    """
    colons, closely = 0, False
    for start in range(0, len(data), _STRETCH_BYTES):
        end = start + _STRETCH_BYTES
        colons += data.count(b":", start, end)
        if not closely:
            stretch = data[start : end + MAX_DIGITS]  # what begins here may end in the next
            closely = (
                b"u003a" in stretch or b"u003A" in stretch or _TOO_MANY_DIGITS in stretch.translate(_DIGITS_TO_ZERO)
            )
    return colons, closely


def _survey(value: JsonValue, max_depth: int) -> tuple[int, int, bool]:
    """How many members, how many colons inside strings, and whether a number may have been an oversized integer."""
    members = inside = depth = 0
    huge = False
    level: list[JsonValue] = [value]
    while level:
        below: list[JsonValue] = []
        nests = False
        for node in level:
            if isinstance(node, str):
                if ":" in node:
                    inside += node.count(":")
            elif isinstance(node, dict):
                members += len(node)
                below.extend(node)
                below.extend(node.values())
                nests = True
            elif isinstance(node, list):
                below.extend(node)
                nests = True
            elif isinstance(node, float) and not -(2.0**63) < node < 2.0**63:
                huge = True
        if nests and depth == max_depth:
            raise WireError(f"the JSON document is nested deeper than {max_depth}")
        depth += 1
        level = below
    return members, inside, huge


def _look_closely(data: bytes) -> None:
    """The same rules, slowly: every name once, every number as long as it may be. `data` is known to be JSON."""
    json.loads(data, object_pairs_hook=_once_each, parse_int=_fitting, parse_float=_short)


def _once_each(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        _refuse_duplicate()
    return members


def _fitting(digits: str) -> int:
    if len(digits) > MAX_DIGITS or int(digits) not in _INTEGERS:
        raise WireError("an integer in the JSON does not fit 64 bits; send it as a string")
    return int(digits)


def _short(number: str) -> float:
    if _TOO_MANY_DIGITS in number.encode().translate(_DIGITS_TO_ZERO):
        raise WireError(f"a number in the JSON has over {MAX_DIGITS} digits; send it as a string")
    return float(number)


def _refuse_duplicate() -> NoReturn:
    raise WireError("a name stands twice in one JSON object")
