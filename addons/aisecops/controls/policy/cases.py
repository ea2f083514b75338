"""Case files (`*.cases.yaml`): a request, and what the rules must say of it.

Read as strictly as rules. A case names only what it expects; what it does not name may be anything.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from aisecops.controls.policy import leaves as leaf
from aisecops.controls.policy.explain import Ask, Explanation, explain, explain_proposal
from aisecops.controls.policy.explain_calls import read_json
from aisecops.controls.policy.mistakes import Mistakes, mistake
from aisecops.controls.policy.shapes import Key, Leaf, ListOf, Record, Schema, Word, kind_of
from aisecops.controls.policy.yaml_nodes import Items, Keys, Node, read
from aisecops.model.decision import Verdict
from aisecops.model.ids import AgentId
from aisecops.model.place import Place, Problem
from aisecops.model.refusals import Code
from aisecops.model.rules import RuleSet
from aisecops.model.value import Value


class CaseRequest(Value):
    """What a case asks: a request, with `body` as bytes on the wire; or a call that a model proposes, by its name."""

    method: str = ""
    url: str = ""
    body: bytes = b""
    model_tool: str = ""
    arguments: bytes = b""


class Expectation(Value):
    """What must be said; None is anything."""

    verdict: Verdict
    code: Code | None = None
    rule: str | None = None
    tool: str | None = None
    scope: str | None = None


class Case(Value):
    """One case and where it stands."""

    name: str
    place: Place
    agent: str
    request: CaseRequest
    expect: Expectation


class CaseResult(Value):
    """What came of a case; `faults` is empty when all was as expected."""

    case: Case
    found: Explanation
    faults: tuple[str, ...] = ()


class Json:
    """Anything JSON can say, written in YAML."""

    def read(self, node: Node) -> bytes:
        return json.dumps(plain(node), ensure_ascii=False).encode()

    def schema(self) -> Schema:
        return {}


def plain(node: Node) -> Any:
    """What JSON would say: mappings, lists, text, and where not in quotes numbers, true, false and nothing."""
    if isinstance(node, Keys):
        return {key: plain(entry.value) for key, entry in node.entries.items()}
    if isinstance(node, Items):
        return [plain(item) for item in node.items]
    if node.is_empty:
        return None
    if not node.plain:
        return node.text
    try:
        found = json.loads(node.text)  # true, false, numbers
    except (ValueError, RecursionError):
        return node.text
    return found if isinstance(found, bool | int | float) else node.text


def _request(**given: Any) -> CaseRequest:
    """Raises ValueError for what is neither of the two, or both."""
    plain, proposed = given.keys() & {"method", "url", "body"}, given.keys() & {"model_tool", "arguments"}
    if plain and proposed:
        raise ValueError("a request and a model's proposal in one", "write `method` and `url`, or `model_tool`")
    for needed in ("model_tool",) if proposed else ("method", "url"):
        if needed not in given:
            raise ValueError(f"`{needed}` is missing in a request", f"add `{needed}:`")
    return CaseRequest(**given)


_REQUEST = Record(
    "a request",
    _request,
    {
        "method": Key(leaf.METHOD),
        "url": Key(Leaf("a URL", str)),
        "body": Key(Json(), about="sent as JSON"),
        "model_tool": Key(leaf.TEXT, about="the name by which a model calls a local tool"),
        "arguments": Key(Json(), about="of that call"),
    },
)
_EXPECT = Record(
    "`expect`",
    Expectation,
    {
        "verdict": Key(Word("a verdict", {verdict.value: verdict for verdict in Verdict}), needed=True),
        "code": Key(Word("a code", {code.value: code for code in Code})),
        "rule": Key(leaf.TEXT),
        "tool": Key(leaf.TEXT),
        "scope": Key(leaf.TEXT),
    },
)
_CASE = Record(
    "a case",
    Case,
    {
        "name": Key(leaf.TEXT, needed=True),
        "agent": Key(leaf.TEXT, needed=True),
        "request": Key(_REQUEST, needed=True),
        "expect": Key(_EXPECT, needed=True),
    },
    placed=True,
)
CASES = Record("a case file", lambda cases: cases, {"cases": Key(ListOf(_CASE, least=1), needed=True)})


def parse_cases(files: Mapping[str, bytes]) -> tuple[tuple[Case, ...], tuple[Problem, ...]]:
    """The cases of all files, and what is wrong with the files."""
    cases: list[Case] = []
    problems: list[Problem] = []
    for name in sorted(files):
        try:
            node = read(name, files[name])
            if not isinstance(node, Keys):
                raise mistake(node.place, f"{kind_of(node)} where cases belong", "start the file with `cases:`")
            cases += CASES.read(node)
        except Mistakes as mistakes:
            problems += mistakes.problems
    return tuple(cases), tuple(problems)


def run_case(rules: RuleSet, case: Case, ask: Ask | None = None) -> CaseResult:
    """Ask the rules, and what engine can be asked beside them, and compare."""
    request = case.request
    agent_id = AgentId(case.agent)
    try:
        if request.model_tool:
            found = explain_proposal(rules, agent_id, request.model_tool, read_json(request.arguments), ask=ask)
        else:
            found = explain(rules, agent_id, method=request.method, url=request.url, body=request.body, ask=ask)
    except ValueError as error:
        found = Explanation(verdict=Verdict.DENY)
        return CaseResult(case=case, found=found, faults=(f"the URL cannot be read: {error}",))
    expected = case.expect
    pairs = (
        ("verdict", expected.verdict.value, found.verdict.value),
        ("code", expected.code, found.code),
        ("rule", expected.rule, found.rule),
        ("tool", expected.tool, found.tool),
        ("scope", expected.scope, found.scope),
    )
    faults = tuple(
        f"expected {what} `{wanted}`, found `{got or 'none'}`"
        for what, wanted, got in pairs
        if wanted is not None and wanted != got
    )
    return CaseResult(case=case, found=found, faults=faults)
