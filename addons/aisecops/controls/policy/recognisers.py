"""Recognisers as rules bring them along, key by key as Presidio's own YAML names them.

Expressions are compiled here once, so that one that cannot be read, or that would match nothing at all everywhere, is
a problem with its place and never a scan that fails.
"""

from __future__ import annotations

from typing import Any

import re2

from aisecops.controls.policy import leaves as leaf
from aisecops.controls.policy.shapes import Key, Leaf, ListOf, Record, Word
from aisecops.model.recogniser import FLAGS, RecogniserPattern, RecogniserRule

LONGEST_EXPRESSION = 2000
MOST_WORDS = 1000


def _regex(text: str) -> str:
    if len(text) > LONGEST_EXPRESSION:
        raise ValueError(f"write at most {LONGEST_EXPRESSION} characters")
    options = re2.Options()
    options.log_errors = False
    try:
        compiled = re2.compile(FLAGS + text, options)
    except re2.error as error:
        why = error.args[0].decode() if error.args and isinstance(error.args[0], bytes) else str(error)
        raise ValueError(
            f"{why.replace(FLAGS, '')}; expressions run in linear time, so look-around and back references do not exist"
        ) from None
    if compiled.search("") is not None:
        raise ValueError("it matches where nothing stands; ask for at least one character")
    return text


def _recogniser(**fields: Any) -> RecogniserRule:
    for unused in ("language", "kind"):
        fields.pop(unused, None)
    made = RecogniserRule(**fields)
    if not made.patterns and not made.deny_list:
        raise ValueError("a recognizer that looks for nothing", "write `patterns` or `deny_list`")
    if len(made.deny_list) > MOST_WORDS:
        raise ValueError(f"a `deny_list` of more than {MOST_WORDS} words", "put them into a file under `egress.known`")
    return made


def _score(number: Any) -> float:
    return float(leaf.UNIT.make(number))


SCORE = Leaf(leaf.UNIT.what, _score, leaf.UNIT.json, plain=True)
REGEX = Leaf("an expression in the syntax of RE2", _regex)
PATTERN = Record(
    "a pattern",
    RecogniserPattern,
    {"name": Key(leaf.TEXT), "regex": Key(REGEX, needed=True), "score": Key(SCORE, needed=True)},
)
RECOGNISER = Record(
    "a recognizer",
    _recogniser,
    {
        "name": Key(leaf.TEXT, needed=True),
        "supported_entity": Key(leaf.ENTITY, to="entity", needed=True),
        "supported_language": Key(leaf.TEXT, to="language", about="read and not needed: expressions have no language"),
        "type": Key(Word("a type of recognizer", {"custom": "custom"}), to="kind"),
        "patterns": Key(ListOf(PATTERN)),
        "deny_list": Key(ListOf(leaf.TEXT), about="whole words, in any case"),
        "deny_list_score": Key(SCORE),
        "context": Key(ListOf(leaf.TEXT), about="words shortly before a match that make it surer by 0.35"),
    },
)
