"""Scenario files (`*.eval.yaml`) to scenarios, as strictly as rules are read.

A file has one suite, plays (named lists of steps) and scenarios; a scenario with `each` is one for every row of that
table. Everything wrong is said at once, with file, line, column and the nearest right word. Steps are `steps.py`'s.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from aisecops.controls.policy.mistakes import Mistakes, mistake, pick, shown
from aisecops.controls.policy.shapes import Key, ListOf, MapOf, Record, Shape, Word, kind_of
from aisecops.controls.policy.yaml_nodes import Items, Node, Text, read
from aisecops.model.errors import ConfigError
from aisecops.model.place import Place, Problem
from aisecops.model.value import Value
from aisecops.ops.evaluation.asking import SPOKEN
from aisecops.ops.evaluation.fill import BUILT_IN, WAYS, Filler, names_in, texts_in
from aisecops.ops.evaluation.forgeries import TOKENS
from aisecops.ops.evaluation.mutations import KINDS
from aisecops.ops.evaluation.needs import NEEDS
from aisecops.ops.evaluation.scenario import (
    CONTROLS,
    Api,
    Asks,
    Expectation,
    Most,
    Opens,
    Part,
    Posture,
    Scenario,
    Speaks,
    Step,
    Suite,
)
from aisecops.ops.evaluation.steps import MANY, NAME, ROLE, SWITCH, SWITCHED, TEXT, StepShape, words_of

_CONTROLS = ListOf(Word("a control", {name: name for name in CONTROLS}), single=True, least=1)
_EXPECTATION = Record(
    "`must`",
    Expectation,
    {
        "unseen": Key(MANY, about="no stand-in got this, plainly or in a usual encoding"),
        "untouched": Key(ListOf(ROLE, single=True), about="nothing came there"),
        "unheard": Key(MANY, about="the agent was not told this"),
        "most": Key(
            ListOf(Record("`most`", Most, {"at": Key(ROLE, needed=True), "count": Key(TEXT, needed=True)}), single=True)
        ),
    },
)
_VALUES = MapOf(NAME, TEXT)
_PLAY = ListOf(StepShape(), least=1)


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
        "name": Key(TEXT, needed=True),
        "play": Key(TEXT, about="the name of a play of this file"),
        "steps": Key(_PLAY, about="or steps of its own"),
        "controls": Key(_CONTROLS),
        "needs": Key(ListOf(words_of("a need", NEEDS), single=True), about="what the rules must have for it to apply"),
        "with": Key(_VALUES, to="values", about="values of both the attack and its twin"),
        "attack": Key(_VALUES),
        "twin": Key(_VALUES),
        "mutate": Key(MapOf(NAME, words_of("a kind of mutation", KINDS)), about="which value varies, and how"),
        "must": Key(_EXPECTATION, needed=True, about="what must be seen of the attack upstream"),
        "alone": Key(SWITCH, about="true: nothing else runs meanwhile"),
        "open": Key(TEXT, about="why it is known not to be stopped yet; then it is told apart and fails nothing"),
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
        "plays": Key(MapOf(NAME, _PLAY), about="named lists of steps"),
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
    yield from _unknown_words(one)
    for name in one.mutate.keys() - {**one.values, **one.attack}.keys():
        what = f"{shown(name)} is to vary, and the attack has no such value"
        yield Problem(place=one.place, what=what, mend=pick(name, {**one.values, **one.attack}))


def _unknown_words(one: Scenario) -> Iterator[Problem]:
    """Places that a row fills with a word that nobody knows there."""
    for text, known, what in (place for step in one.steps for place in _filled(step)):
        for values in (one.attack, one.twin):
            try:
                found = Filler("", one.values, values)(text)
            except ConfigError:
                continue  # said already, or of the other side
            if found not in known:
                yield Problem(place=one.place, what=f"{shown(found)} is not {what}", mend=pick(found, known))


def _filled(step: Step) -> Iterator[tuple[str, Iterable[str], str]]:
    """The places of a step that hold one of a few words: what they say, the words, and what they are."""
    match step:
        case Asks():
            yield step.dialect, SPOKEN, "a dialect"
            yield step.stream, SWITCHED, "true or false"
        case Speaks():
            yield from ((how, TOKENS, "a way to come by a token") for how in step.tokens)
        case Opens():
            yield step.token, TOKENS, "a way to come by a token"


def _kept(one: Scenario) -> Iterator[str]:
    for step in one.steps:
        if isinstance(step, Api):
            yield from step.keep
