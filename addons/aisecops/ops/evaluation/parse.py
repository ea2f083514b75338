"""Scenario files (`*.eval.yaml`) to scenarios, as strictly as rules are read.

A file has one suite, plays (named lists of steps) and scenarios; a scenario with `each` is one for every row of that
table. Everything wrong is said at once, with file, line, column and the nearest right word.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from aisecops.controls.policy.cases import Json
from aisecops.controls.policy.mistakes import Mistakes, mistake, pick, shown
from aisecops.controls.policy.shapes import Key, Leaf, ListOf, MapOf, Record, Shape, Word, kind_of
from aisecops.controls.policy.yaml_nodes import Items, Keys, Node, Text, read
from aisecops.model.place import Place, Problem
from aisecops.model.refusals import Code
from aisecops.model.value import Value
from aisecops.ops.evaluation.asking import DIALECTS
from aisecops.ops.evaluation.fill import BUILT_IN, WAYS, names_in, texts_in
from aisecops.ops.evaluation.forgeries import TOKENS
from aisecops.ops.evaluation.mutations import KINDS
from aisecops.ops.evaluation.needs import NEEDS
from aisecops.ops.evaluation.places import ROLES, TOOLS
from aisecops.ops.evaluation.scenario import (
    CONTROLS,
    Api,
    Asks,
    Calls,
    Expectation,
    Gives,
    Most,
    NewRun,
    Part,
    Posture,
    Raw,
    Reads,
    Scenario,
    Step,
    Suite,
    Waits,
    Who,
)

_TEXT = Leaf("text", str)
_NAME = Leaf("a name", str)
_JSON = Json()
_MANY = ListOf(_TEXT, single=True)
_ROLE = Word("a stand-in", {role: role for role in ROLES})
_WHO = Word("who acts", {who.value: who for who in Who})
_SWITCH = Word("true or false", {"true": True, "false": False})
_ONLY = Key(Word("`attack` or `twin`", {part.value: part for part in Part}))
_CONTROLS = ListOf(Word("a control", {name: name for name in CONTROLS}), single=True, least=1)


def _words(what: str, words: Any) -> Word:
    return Word(what, {word: word for word in words})


_STEPS: dict[str, Record] = {
    "gives": Record(
        "a step `gives`",
        Gives,
        {
            "gives": Key(_ROLE, to="at", needed=True),
            "text": Key(_TEXT),
            "json": Key(_JSON),
            "type": Key(_TEXT, to="media"),
            "status": Key(Leaf("a status", int)),
            "only": _ONLY,
        },
    ),
    "read": Record(
        "a step `read`",
        Reads,
        {
            "read": Key(_TEXT, to="text", needed=True),
            "path": Key(_TEXT),
            "type": Key(_TEXT, to="media"),
            "at": Key(_ROLE),
            "only": _ONLY,
        },
    ),
    "ask": Record(
        "a step `ask`",
        Asks,
        {
            "ask": Key(_TEXT, to="user", needed=True),
            "system": Key(_TEXT),
            "heard": Key(_MANY),
            "before": Key(_MANY),
            "says": Key(_TEXT),
            "tool": Key(_TEXT),
            "arguments": Key(_JSON),
            "schema": Key(_JSON),
            "offers": Key(_TEXT),
            "stream": Key(_SWITCH),
            "dialect": Key(_words("a dialect", DIALECTS)),
            "only": _ONLY,
        },
    ),
    "call": Record(
        "a step `call`",
        Calls,
        {
            "call": Key(_words("a tool or a stand-in", (*TOOLS, *ROLES)), to="tool", needed=True),
            "method": Key(_TEXT),
            "path": Key(_TEXT),
            "query": Key(_TEXT),
            "body": Key(_JSON),
            "raw": Key(_TEXT),
            "type": Key(_TEXT, to="media"),
            "headers": Key(_MANY),
            "token": Key(_words("a way to come by a token", TOKENS)),
            "scope": Key(_TEXT),
            "ttl": Key(_TEXT),
            "uses": Key(_TEXT),
            "by": Key(_WHO),
            "approval": Key(_TEXT),
            "times": Key(_TEXT),
            "patient": Key(_SWITCH),
            "may": Key(Word("a code", {code.value: code.value for code in Code})),
            "only": _ONLY,
        },
    ),
    "raw": Record(
        "a step `raw`",
        Raw,
        {"raw": Key(_TEXT, to="send", needed=True), "inside": Key(_ROLE), "sni": Key(_TEXT), "only": _ONLY},
    ),
    "api": Record(
        "a step `api`",
        Api,
        {
            "api": Key(_TEXT, to="path", needed=True),
            "method": Key(_TEXT),
            "body": Key(_JSON),
            "by": Key(_WHO),
            "keep": Key(MapOf(_NAME, _TEXT)),
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
    "wait": Record("a step `wait`", Waits, {"wait": Key(_TEXT, to="seconds", needed=True), "only": _ONLY}),
    "bound": Record(
        "a step `bound`",
        Posture,
        {
            "bound": Key(
                _words("a budget", ("calls", "writes", "seconds", "cost", "rate")),
                to="of",
                needed=True,
            ),
            "most": Key(_TEXT, needed=True),
        },
    ),
}


class _Step:
    """One step, known by its verb."""

    def read(self, node: Node) -> Step:
        verbs = ", ".join(f"`{verb}:`" for verb in _STEPS)
        if not isinstance(node, Keys):
            raise mistake(node.place, f"{kind_of(node)} where a step belongs", f"start it with one of {verbs}")
        verb = next((key for key in node.entries if key in _STEPS), None)
        if verb is None:
            first = next(iter(node.entries), "")
            raise mistake(node.place, f"a step that starts with {shown(first)}", pick(first, _STEPS))
        step: Step = _STEPS[verb].read(node)
        return step

    def schema(self) -> dict[str, Any]:
        return {"anyOf": [record.schema() for record in _STEPS.values()]}


_EXPECTATION = Record(
    "`must`",
    Expectation,
    {
        "unseen": Key(_MANY, about="no stand-in got this, plainly or in a usual encoding"),
        "untouched": Key(ListOf(_ROLE, single=True), about="nothing came there"),
        "unheard": Key(_MANY, about="the agent was not told this"),
        "most": Key(
            ListOf(
                Record("`most`", Most, {"at": Key(_ROLE, needed=True), "count": Key(_TEXT, needed=True)}), single=True
            )
        ),
    },
)
_VALUES = MapOf(_NAME, _TEXT)
_PLAY = ListOf(_Step(), least=1)


class _Draft(Value):
    """A scenario as it stands in the file."""

    name: str
    place: Place
    must: Expectation
    play: str = ""
    steps: tuple[Step, ...] = ()
    controls: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    values: dict[str, str] = {}
    attack: dict[str, str] = {}
    twin: dict[str, str] = {}
    mutate: dict[str, str] = {}
    alone: bool = False
    open: str = ""
    each: tuple[dict[str, str], ...] = ()


_DRAFT = Record(
    "a scenario",
    _Draft,
    {
        "name": Key(_TEXT, needed=True),
        "play": Key(_TEXT, about="the name of a play of this file"),
        "steps": Key(_PLAY, about="or steps of its own"),
        "controls": Key(_CONTROLS),
        "needs": Key(ListOf(_words("a need", NEEDS), single=True), about="what the rules must have for it to apply"),
        "with": Key(_VALUES, to="values", about="values of both the attack and its twin"),
        "attack": Key(_VALUES),
        "twin": Key(_VALUES),
        "mutate": Key(MapOf(_NAME, _words("a kind of mutation", KINDS)), about="which value varies, and how"),
        "must": Key(_EXPECTATION, needed=True, about="what must be seen of the attack upstream"),
        "alone": Key(_SWITCH, about="true: nothing else runs meanwhile"),
        "open": Key(_TEXT, about="why it is known not to be stopped yet; then it is told apart and fails nothing"),
        "each": Key(ListOf(_VALUES, least=1), about="one scenario for each row; `name` goes into its name"),
    },
    placed=True,
)


class _File(Value):
    suite: Suite
    controls: tuple[str, ...]
    scenarios: tuple[_Draft, ...]
    plays: dict[str, tuple[Step, ...]] = {}


FILE: Shape = Record(
    "a scenario file",
    _File,
    {
        "suite": Key(Word("a suite", {suite.value: suite for suite in Suite}), needed=True),
        "controls": Key(_CONTROLS, needed=True, about="of every scenario that names none itself"),
        "plays": Key(MapOf(_NAME, _PLAY), about="named lists of steps"),
        "scenarios": Key(ListOf(_DRAFT, least=1), needed=True),
    },
)


def parse_scenarios(files: Mapping[str, bytes]) -> tuple[tuple[Scenario, ...], tuple[Problem, ...]]:
    """The scenarios of all files in order, and everything that is wrong with them."""
    found: list[Scenario] = []
    problems: list[Problem] = []
    for name in sorted(files):
        try:
            found += _of_file(name, read(name, files[name]))
        except Mistakes as mistakes:
            problems += mistakes.problems
    seen: dict[tuple[Suite, str], Scenario] = {}
    for one in found:
        first = seen.setdefault((one.suite, one.name), one)
        if first is not one:
            what = f"the scenario {shown(one.name)} is there twice, first in {first.place}"
            problems.append(Problem(place=one.place, what=what, mend="give one of them another name"))
    return tuple(found), tuple(problems)


def _of_file(name: str, node: Node) -> list[Scenario]:
    if isinstance(node, Text | Items):
        raise mistake(Place(file=name, line=1), f"{kind_of(node)} where scenarios belong", "start with `suite:`")
    file: _File = FILE.read(node)
    made: list[Scenario] = []
    problems: list[Problem] = []
    for draft in file.scenarios:
        if not draft.steps and draft.play not in file.plays:
            what = f"no play {shown(draft.play)}" if draft.play else "neither `play` nor `steps`"
            problems.append(Problem(place=draft.place, what=what, mend=pick(draft.play, file.plays)))
            continue
        for row in draft.each or ({},):
            one = _scenario(file, draft, row)
            problems += _wrong(one)
            made.append(one)
    if problems:
        raise Mistakes(dict.fromkeys(problems))
    return made


def _scenario(file: _File, draft: _Draft, row: dict[str, str]) -> Scenario:
    fields = msgspec.structs.asdict(draft)
    for key in ("play", "each"):
        del fields[key]
    values = dict(row)
    name = f"{draft.name}: {values.pop('name', ', '.join(values.values()))}" if row else draft.name
    fields |= {
        "name": name,
        "suite": file.suite,
        "controls": draft.controls or file.controls,
        "steps": draft.steps or file.plays[draft.play],
        "values": draft.values | values,
    }
    return Scenario(**fields)


def _wrong(one: Scenario) -> Iterator[Problem]:
    """What only shows when a scenario is whole."""
    if one.must.is_empty and not any(isinstance(step, Posture) for step in one.steps):
        yield Problem(place=one.place, what="nothing is expected of it", mend="say under `must` what must be seen")
    for sides, side in (((one.values, one.attack), Part.ATTACK), ((one.values, one.twin), Part.TWIN)):
        known = {*BUILT_IN, *(key for values in sides for key in values), *_kept(one)}
        asked = [step for step in one.steps if step.only in {side, Part.BOTH}]
        texts = [*texts_in(asked), *(text for values in sides for text in values.values())]
        if side is Part.ATTACK:
            texts += texts_in([one.must])
        for name, ways in sorted({pair for text in texts for pair in names_in(text)}):
            if name not in known:
                yield Problem(place=one.place, what=f"no value {shown(name)} in the {side}", mend=pick(name, known))
            for way in ways:
                if way not in WAYS:
                    yield Problem(place=one.place, what=f"no way {shown(way)} to write a value", mend=pick(way, WAYS))
    for name in one.mutate.keys() - {**one.values, **one.attack}.keys():
        what = f"{shown(name)} is to vary, and the attack has no such value"
        yield Problem(place=one.place, what=what, mend=pick(name, {**one.values, **one.attack}))


def _kept(one: Scenario) -> Iterator[str]:
    for step in one.steps:
        if isinstance(step, Api):
            yield from step.keep
