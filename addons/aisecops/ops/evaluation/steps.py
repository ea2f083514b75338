"""The steps of a play as they stand in a scenario file, each known by its verb."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from aisecops.controls.policy.cases import Json
from aisecops.controls.policy.mistakes import mistake, pick, shown
from aisecops.controls.policy.shapes import Key, Leaf, ListOf, MapOf, Record, Schema, Word, kind_of
from aisecops.controls.policy.yaml_nodes import Keys, Node, Text
from aisecops.model.refusals import Code
from aisecops.ops.evaluation.asking import SPOKEN
from aisecops.ops.evaluation.fill import names_in
from aisecops.ops.evaluation.forgeries import TOKENS
from aisecops.ops.evaluation.places import CALLED, ROLES
from aisecops.ops.evaluation.scenario import (
    Api,
    Asks,
    Calls,
    Describes,
    Gives,
    NewRun,
    Opens,
    Part,
    Posture,
    Raw,
    Reads,
    Speaks,
    Step,
    Waits,
    Who,
)

TEXT = Leaf("text", str)
NAME = Leaf("a name", str)
_JSON = Json()
MANY = ListOf(TEXT, single=True)
ROLE = Word("a stand-in", {role: role for role in ROLES})
_WHO = Word("who acts", {who.value: who for who in Who})
SWITCHED = {"true": True, "false": False}
SWITCH = Word("true or false", SWITCHED)
_ONLY = Key(Word("`attack` or `twin`", {part.value: part for part in Part}))


def words_of(what: str, words: Iterable[str]) -> Word:
    """One of `words`, as it stands."""
    return Word(what, {word: word for word in words})


@dataclass(frozen=True, slots=True)
class Filled:
    """A word, or a place for one that each row fills. Whoever knows the rows looks at what it is filled with."""

    word: Word

    def read(self, node: Node) -> Any:
        if isinstance(node, Text) and any(names_in(node.text)):
            return node.text
        return self.word.read(node)

    def schema(self) -> Schema:
        return {"anyOf": [self.word.schema(), {"type": "string", "pattern": r"^\{.*\}$"}]}


_TOKEN = words_of("a way to come by a token", TOKENS)

STEPS: dict[str, Record] = {
    "gives": Record(
        "a step `gives`",
        Gives,
        {
            "gives": Key(ROLE, to="at", needed=True),
            "text": Key(TEXT),
            "json": Key(_JSON),
            "type": Key(TEXT, to="media"),
            "status": Key(Leaf("a status", int)),
            "only": _ONLY,
        },
    ),
    "read": Record(
        "a step `read`",
        Reads,
        {
            "read": Key(TEXT, to="text", needed=True),
            "path": Key(TEXT),
            "type": Key(TEXT, to="media"),
            "at": Key(ROLE),
            "only": _ONLY,
        },
    ),
    "ask": Record(
        "a step `ask`",
        Asks,
        {
            "ask": Key(TEXT, to="user", needed=True),
            "system": Key(TEXT),
            "heard": Key(MANY),
            "before": Key(MANY),
            "says": Key(TEXT),
            "tool": Key(TEXT),
            "arguments": Key(_JSON),
            "schema": Key(_JSON),
            "offers": Key(TEXT),
            "stream": Key(Filled(words_of("true or false", SWITCHED))),
            "dialect": Key(Filled(words_of("a dialect", SPOKEN))),
            "only": _ONLY,
        },
    ),
    "call": Record(
        "a step `call`",
        Calls,
        {
            "call": Key(words_of("a tool or a stand-in", (*CALLED, *ROLES)), to="tool", needed=True),
            "method": Key(TEXT),
            "path": Key(TEXT),
            "query": Key(TEXT),
            "body": Key(_JSON),
            "raw": Key(TEXT),
            "type": Key(TEXT, to="media"),
            "headers": Key(MANY),
            "token": Key(_TOKEN),
            "scope": Key(TEXT),
            "ttl": Key(TEXT),
            "uses": Key(TEXT),
            "by": Key(_WHO),
            "approval": Key(TEXT),
            "times": Key(TEXT),
            "patient": Key(SWITCH),
            "may": Key(Word("a code", {code.value: code.value for code in Code})),
            "only": _ONLY,
        },
    ),
    "describes": Record(
        "a step `describes`",
        Describes,
        {"describes": Key(TEXT, to="tool", needed=True), "words": Key(TEXT, needed=True), "only": _ONLY},
    ),
    "mcp": Record(
        "a step `mcp`",
        Speaks,
        {
            "mcp": Key(ListOf(TEXT, single=True, least=1), to="says", needed=True),
            "arguments": Key(_JSON),
            "token": Key(ListOf(Filled(_TOKEN), single=True, least=1), to="tokens"),
            "times": Key(TEXT),
            "only": _ONLY,
        },
    ),
    "channel": Record(
        "a step `channel`",
        Opens,
        {
            "channel": Key(ListOf(TEXT, single=True, least=1), to="says", needed=True),
            "token": Key(Filled(_TOKEN)),
            "binary": Key(SWITCH),
            "query": Key(TEXT),
            "headers": Key(MANY),
            "only": _ONLY,
        },
    ),
    "raw": Record(
        "a step `raw`",
        Raw,
        {"raw": Key(TEXT, to="send", needed=True), "inside": Key(ROLE), "sni": Key(TEXT), "only": _ONLY},
    ),
    "api": Record(
        "a step `api`",
        Api,
        {
            "api": Key(TEXT, to="path", needed=True),
            "method": Key(TEXT),
            "body": Key(_JSON),
            "by": Key(_WHO),
            "keep": Key(MapOf(NAME, TEXT)),
            "only": _ONLY,
        },
    ),
    "run": Record(
        "a step `run`",
        lambda child, **rest: NewRun(child=child, **rest),
        {
            "run": Key(Word("`new` or `child`", {"new": False, "child": True}), to="child", needed=True),
            "by": Key(_WHO),
            "only": _ONLY,
        },
    ),
    "wait": Record("a step `wait`", Waits, {"wait": Key(TEXT, to="seconds", needed=True), "only": _ONLY}),
    "bound": Record(
        "a step `bound`",
        Posture,
        {
            "bound": Key(
                words_of("a budget", ("calls", "writes", "seconds", "cost", "rate")),
                to="of",
                needed=True,
            ),
            "most": Key(TEXT, needed=True),
        },
    ),
}


class StepShape:
    """One step, known by its verb."""

    def read(self, node: Node) -> Step:
        verbs = ", ".join(f"`{verb}:`" for verb in STEPS)
        if not isinstance(node, Keys):
            raise mistake(node.place, f"{kind_of(node)} where a step belongs", f"start it with one of {verbs}")
        verb = next((key for key in node.entries if key in STEPS), None)
        if verb is None:
            first = next(iter(node.entries), "")
            raise mistake(node.place, f"a step that starts with {shown(first)}", pick(first, STEPS))
        step: Step = STEPS[verb].read(node)
        return step

    def schema(self) -> Schema:
        return {"anyOf": [record.schema() for record in STEPS.values()]}
