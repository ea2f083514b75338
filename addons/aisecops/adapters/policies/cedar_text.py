"""Cedar policies as text: where each one stands, so that what the engine says of `policy3` names file and line.

The engine numbers policies in the order in which it reads them and tells no places. Knows no more of the language than
where a policy ends: at a semicolon outside of strings and comments.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from aisecops.model.engines import PolicyFile
from aisecops.model.place import Place
from aisecops.model.value import Value

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|//[^\n]*|;|[^\s";/]+|/', re.DOTALL)
_NUMBERED = re.compile(r"policy(\d+)")


class Statement(Value):
    """One policy: its text, and where its first word stands. `whole` is False for what no semicolon ended."""

    text: str
    place: Place
    whole: bool = True


def statements(files: Iterable[PolicyFile]) -> tuple[Statement, ...]:
    """The policies of `files`, in their order."""
    return tuple(one for file in files for one in _of_file(file))


def numbered(engine_id: str) -> int | None:
    """The place in the order that the engine's own name for a policy (`policy3`) stands for."""
    found = _NUMBERED.fullmatch(engine_id)
    return int(found[1]) if found else None


def _of_file(file: PolicyFile) -> Iterator[Statement]:
    begins = -1
    for token in _TOKEN.finditer(file.text):
        if token[0].startswith("//"):
            continue
        if begins < 0:
            begins = token.start()
        if token[0] == ";":
            yield Statement(text=file.text[begins : token.end()], place=_place(file, begins))
            begins = -1
    if begins >= 0:
        yield Statement(text=file.text[begins:], place=_place(file, begins), whole=False)


def _place(file: PolicyFile, at: int) -> Place:
    before = file.text[:at]
    return Place(file=file.name, line=before.count("\n") + 1, column=at - (before.rfind("\n") + 1) + 1)
