"""The values of a tool's answer that its rule trusts, and what the answer says besides (`returns.trusted_fields`).

Of trusted values in one object, such as a person's name and address, one that somebody named names the others.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator

from aisecops.controls.firewall.arguments import leaves
from aisecops.controls.policy.jmes import JmesError, found_in
from aisecops.controls.provenance.words import addresses, split
from aisecops.model.errors import WireError
from aisecops.model.exchange import HttpResponse, names, values
from aisecops.model.known import Part
from aisecops.model.rules import ToolRule
from aisecops.model.value import Value
from aisecops.wire.answer_pieces import texts_in_pieces
from aisecops.wire.limits import JsonBounds, JsonValue
from aisecops.wire.texts import texts_of

_LEADING = ("location", "content-location", "link", "refresh")
"""Headers that name where to go next."""
READ_WHOLE = 1024 * 1024
"""Bytes up to which an answer is taken apart as one document to be known again; larger ones are read in pieces."""


class Vouched(Value):
    """`fields` are vouched for, `rest` is all other values of the same answer; `together` are fields of one object."""

    fields: tuple[str, ...] = ()
    rest: tuple[str, ...] = ()
    together: tuple[tuple[str, ...], ...] = ()

    def chosen(self, named: Callable[[str], bool]) -> tuple[str, ...]:
        """The fields that stand in one object with one that is `named`, and that one."""
        return tuple(
            leaf for group in self.together if any(_tells_apart(one) and named(one) for one in group) for leaf in group
        )

    @property
    def parts(self) -> Iterator[tuple[Part, tuple[str, ...]]]:
        """Both, each by its name."""
        yield Part.FIELDS, self.fields
        yield Part.REST, self.rest


NOTHING_VOUCHED = Vouched()


def vouched_in(tool: ToolRule | None, body: bytes) -> Vouched:
    """The values that the rules trust in an answer that is otherwise not trusted; nothing is trusted by omission."""
    if tool is None or not tool.returns.trusted_fields:
        return NOTHING_VOUCHED
    try:
        data = JsonBounds().read(body)
        fields = tuple(leaf for at in tool.returns.trusted_fields for leaf in leaves(found_in(at, data)))
    except (WireError, JmesError):
        return NOTHING_VOUCHED
    rest = Counter(leaves(data)) - Counter(fields)
    return Vouched(fields=fields, rest=tuple(rest.elements()), together=tuple(_groups(data, frozenset(fields))))


def _groups(data: JsonValue, fields: frozenset[str]) -> Iterator[tuple[str, ...]]:
    """The trusted values of each object that holds two of them or more itself."""
    waiting = [data]
    while waiting:
        one = waiting.pop()
        if isinstance(one, list):
            waiting += one
        elif isinstance(one, dict):
            waiting += one.values()
            own = tuple(leaf for value in one.values() if not isinstance(value, dict | list) for leaf in leaves(value))
            group = tuple(leaf for leaf in own if leaf in fields)
            if len(group) > 1:
                yield group


def _tells_apart(leaf: str) -> bool:
    """True for a whole name or an address: a number, a day or a single word is said by chance."""
    words = split(leaf)
    return bool(addresses(leaf)) or sum(any(letter.isalpha() for letter in word) for word in words) > 1


def looked_at(tool: ToolRule | None, response: HttpResponse, body: bytes) -> tuple[str, list[str], Vouched]:
    """The digest of an answer, its texts, and the values in it that the rules trust."""
    texts = texts_of(response.headers, body) if len(body) <= READ_WHOLE else texts_in_pieces(response.headers, body)
    named = names(response.headers)
    if leads := [value for name in _LEADING if name in named for value in values(response.headers, name)]:
        texts = ["\n".join([*texts[:1], *leads]), *texts[1:], *leads]
    return hashlib.sha256(response.body).hexdigest(), texts, vouched_in(tool, body)
