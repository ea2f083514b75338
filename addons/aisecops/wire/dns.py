"""DNS messages (RFC 1035): a query to words, an answer to bytes. Only what a stub resolver asks, and nothing fancy.

One question, its name written out, and at most the one extra record by which resolvers say how large an answer may be
(EDNS). Knows no rule and no address; whatever else comes is a `WireError`, or no message for a server at all.
"""

from __future__ import annotations

import ipaddress
import struct
from enum import IntEnum

from aisecops.model.errors import WireError
from aisecops.model.value import Value

MAX_QUERY = 512
"""Bytes of the longest message that is read; a name has at most 255 of them."""

IN = 1
A, AAAA = 1, 28

_HEADER = struct.Struct("!HHHHHH")
_ANSWER = struct.Struct("!HHHIH")
_OPTION = struct.Struct("!BHHIH")
_OPT = 41
_MAX_NAME = 253
_MAX_LABEL = 63
_IS_ANSWER, _OPCODE, _RECURSE, _CAN_RECURSE = 0x8000, 0x7800, 0x0100, 0x0080
_NAME_OF_QUESTION = 0xC000 | _HEADER.size
_PLAIN = frozenset(b"abcdefghijklmnopqrstuvwxyz0123456789-_ABCDEFGHIJKLMNOPQRSTUVWXYZ")


class Rcode(IntEnum):
    """How an answer went."""

    NO_ERROR = 0
    FORMAT_ERROR = 1
    REFUSED = 5


class Query(Value):
    """A question. `name` is in lower case without the root's dot; `question` is its bytes, for the answer to repeat."""

    ident: int
    flags: int
    name: str
    kind: int
    kind_class: int
    question: bytes

    @property
    def is_standard(self) -> bool:
        """True for an ordinary look-up; status, notify, update and the rest are not."""
        return not self.flags & _OPCODE


def is_query(message: bytes) -> bool:
    """True when it deserves an answer: answering anything else could go on for ever between two servers."""
    return len(message) >= _HEADER.size and not message[2] & (_IS_ANSWER >> 8)


def read_query(message: bytes) -> Query:
    """The question of a message that `is_query`. Raises WireError."""
    if len(message) > MAX_QUERY:
        raise WireError(f"the query has more than {MAX_QUERY} bytes")
    ident, flags, questions, answers, authorities, extras = _HEADER.unpack_from(message)
    if (questions, answers, authorities) != (1, 0, 0) or extras > 1:
        raise WireError("a query has one question, no answer and at most one extra record")
    name, end = _name(message)
    if len(message) < end + 4:
        raise WireError("the question is cut off")
    kind, kind_class = struct.unpack_from("!HH", message, end)
    question = message[_HEADER.size : end + 4]
    if _extra_size(message[end + 4 :], extras) != len(message) - end - 4:
        raise WireError("what follows the question is not EDNS")
    return Query(ident=ident, flags=flags, name=name, kind=kind, kind_class=kind_class, question=question)


def _name(message: bytes) -> tuple[str, int]:
    """The name and where it ends. A pointer is longer than any label, so none is followed."""
    labels: list[bytes] = []
    at = _HEADER.size
    while at < len(message):
        size, at = message[at], at + 1
        if size == 0:
            name = b".".join(labels).lower().decode("ascii")
            if len(name) > _MAX_NAME:
                raise WireError("the name is too long")
            return name, at
        label = message[at : at + size]
        if size > _MAX_LABEL or len(label) < size or not _PLAIN.issuperset(label):
            raise WireError("the name is not made of plain labels")
        labels.append(label)
        at += size
    raise WireError("the name does not end")


def _extra_size(rest: bytes, extras: int) -> int:
    if not extras:
        return 0
    if len(rest) < _OPTION.size:
        return -1
    root, kind, _, _, size = _OPTION.unpack_from(rest)
    return -1 if root or kind != _OPT else _OPTION.size + size


def answer(query: Query, rcode: Rcode, address: str | None = None, *, ttl_s: int = 0) -> bytes:
    """The answer to `query`: with `address`, of the family that was asked for, or with none."""
    flags = _IS_ANSWER | query.flags & (_OPCODE | _RECURSE) | _CAN_RECURSE | rcode
    head = _HEADER.pack(query.ident, flags, 1, int(address is not None), 0, 0)
    if address is None:
        return head + query.question
    packed = ipaddress.ip_address(address).packed
    return head + query.question + _ANSWER.pack(_NAME_OF_QUESTION, query.kind, IN, ttl_s, len(packed)) + packed


def format_error(message: bytes) -> bytes:
    """The answer to a query that cannot be read: its number and nothing else of it."""
    ident, flags, *_ = _HEADER.unpack_from(message)
    kept = flags & (_OPCODE | _RECURSE)
    return _HEADER.pack(ident, _IS_ANSWER | kept | _CAN_RECURSE | Rcode.FORMAT_ERROR, 0, 0, 0, 0)
