"""The text in XML: what an office document says between its marks, in its attributes and in its comments.

Entities are not expanded and nothing is fetched: a document that declares entities is not read.
"""

from __future__ import annotations

from xml.parsers import expat

_RUNS = frozenset(
    {"t", "r", "span", "a", "s", "b", "i", "u", "em", "strong", "rPr", "proofErr", "hyperlink", "ins", "font"}
)
"""Marks inside a paragraph: what stands on both sides of one is one text."""


def text_of(data: bytes) -> tuple[str, str] | None:
    """What an XML document says paragraph by paragraph, and what it says aside; None for what is none we read.

    Aside is each value by itself, and what stands in attributes, comments and instructions.
    """
    reader = _Reader()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.EntityDeclHandler = reader.refuse
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.say
    parser.CommentHandler = reader.aside
    parser.ProcessingInstructionHandler = lambda target, words: reader.aside(f"{target} {words}")
    try:
        parser.Parse(data, True)
    except (expat.ExpatError, _Declares, ValueError, LookupError):
        return None
    return "".join(reader.paragraphs), "\n".join(("".join(reader.values), *reader.asides))


class _Declares(Exception):
    """The document declares entities."""


class _Reader:
    def __init__(self) -> None:
        self.paragraphs: list[str] = []
        self.values: list[str] = []
        self.asides: list[str] = []

    def start(self, _name: str, attributes: dict[str, str]) -> None:
        self.asides += attributes.values()
        self.values.append("\n")

    def end(self, name: str) -> None:
        self.values.append("\n")
        if name.rpartition(" ")[2] not in _RUNS:
            self.paragraphs.append("\n")

    def say(self, text: str) -> None:
        self.paragraphs.append(text)
        self.values.append(text)

    def aside(self, text: str) -> None:
        self.asides.append(text)

    def refuse(self, *_told: object) -> None:
        raise _Declares
