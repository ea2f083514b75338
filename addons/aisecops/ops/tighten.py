"""Narrower grants and lower lines that recorded runs would have been content with (RSK-4, GOV-9), as edits of files.

An edit is made only where the text of a rule stands as it is usually written; where it does not, the proposal is told
without one. What is proposed never gives authority: `rules diff` finds nothing gained in it.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import ROUND_CEILING, Decimal
from difflib import unified_diff
from typing import Any

from aisecops.model.risk import from_micros, to_micros
from aisecops.model.rules import AgentRule, GrantRule, RuleSet
from aisecops.model.scope import ONE, REST, covers, segments
from aisecops.model.value import Value

Event = dict[str, Any]

LEAST_RUNS = 20
"""So many runs of an agent before anything is said of it."""
LEAST_USES = 10
"""So many uses of a grant before its scope is drawn closer."""
ROOM = 1.25
"""How much over the highest seen total a proposed line lies."""
_SHOWN_AT = (0.5, 0.9, 0.99, 1.0)

TOLD_TOOLS = 3
type Step = tuple[float, str]
"""What a chain had come to with a step, and the step's tool."""


class Tightening(Value):
    """One proposal: what, why, and the line of a file as it is and as it would be (`after` None: it goes away)."""

    what: str
    evidence: tuple[str, ...]
    file: str = ""
    line: int = 0
    before: str = ""
    after: str | None = None

    @property
    def has_edit(self) -> bool:
        """False for what has to be changed by hand."""
        return bool(self.file)


def grants(events: Iterable[Event], rules: RuleSet, files: Mapping[str, str]) -> tuple[Tightening, ...]:
    """Grants that no run used, and scopes wider than anything that was asked for."""
    runs: dict[str, set[str]] = defaultdict(set)
    used: dict[str, Counter[tuple[str, str]]] = defaultdict(Counter)
    for event in events:
        if event["event"] != "decision" or event.get("enforced") != "allow":
            continue
        runs[str(event["agent_id"])].add(str(event["run_id"]))
        if event.get("scope"):
            used[str(event["agent_id"])][str(event.get("tool")), str(event["scope"])] += 1
    found: list[Tightening] = []
    for agent in rules.agents.values():
        if len(runs[agent.agent_id]) < LEAST_RUNS:
            continue
        for rule in agent.grants:
            mine = {scope: n for (tool, scope), n in used[agent.agent_id].items() if _covers(rule, tool, scope)}
            if one := _of_grant(rule, mine, len(runs[agent.agent_id]), files):
                found.append(one)
    return tuple(found)


def lines(events: Iterable[Event], rules: RuleSet, files: Mapping[str, str]) -> tuple[Tightening, ...]:
    """Lower lines for agents whose runs stay far below theirs, and what each would have stopped."""
    chains: dict[str, dict[str, list[Step]]] = defaultdict(lambda: defaultdict(list))
    for event in events:
        if event["event"] == "decision" and event.get("enforced") == "allow" and event.get("total") is not None:
            step = float(event["total"]), str(event.get("tool"))
            chains[str(event["agent_id"])][str(event["root_run_id"])].append(step)
    found: list[Tightening] = []
    for agent in rules.agents.values():
        seen = sorted(chains[agent.agent_id].values(), key=_came_to)
        if len(seen) >= LEAST_RUNS and (one := _of_lines(agent, seen, files)):
            found.append(one)
    return tuple(found)


def as_patch(found: Iterable[Tightening], files: Mapping[str, str]) -> str:
    """What `git apply` and `patch -p1` take in the rules folder; each proposal's evidence is in the text before it."""
    edited = edits(found, files)
    parts = [
        "".join(unified_diff(files[name].splitlines(keepends=True), text.splitlines(keepends=True),
                             f"a/{name}", f"b/{name}"))
        for name, text in edited.items()
    ]  # fmt: skip
    told = [f"# {one.what}\n" + "".join(f"#   {line}\n" for line in one.evidence) for one in found]
    return "".join((*told, *parts))


def edits(found: Iterable[Tightening], files: Mapping[str, str]) -> dict[str, str]:
    """The files that the proposals change, whole, as they would be."""
    by_file: dict[str, dict[int, str | None]] = defaultdict(dict)
    for one in found:
        if one.has_edit:
            by_file[one.file][one.line] = one.after
    return {name: _edited(files[name], changes) for name, changes in by_file.items()}


def closest(scopes: Sequence[str]) -> str:
    """The narrowest pattern that covers all of `scopes`."""
    rows = [segments(scope) for scope in scopes]
    shortest = min(map(len, rows))
    same = all(len(row) == shortest for row in rows)
    columns = list(zip(*(row[: shortest if same else shortest - 1] for row in rows), strict=True))
    parts = [column[0] if len(set(column)) == 1 else ONE for column in columns]
    return ".".join(parts if same else [*parts, REST])


def _covers(rule: GrantRule, tool: str, scope: str) -> bool:
    return covers(rule.grant.tool, tool) and covers(rule.grant.scope, scope)


def _of_grant(rule: GrantRule, used: Mapping[str, int], runs: int, files: Mapping[str, str]) -> Tightening | None:
    granted = f"`{rule.grant.tool}` on `{rule.grant.scope}`"
    if not used:
        why = (f"{rule.name} was not used in {runs} runs",)
        return _edit(f"take away {granted}", why, rule, files, lambda line: None if _alone(line) else line)
    total = sum(used.values())
    close = closest(list(used))
    if total < LEAST_USES or close == rule.grant.scope or not covers(rule.grant.scope, close):
        return None
    why = (f"{total} uses in {runs} runs, of {len(used)} scopes; the most used: {max(used, key=lambda s: used[s])}",)
    quoted = re.compile(rf"(scope:\s*)([\"']?){re.escape(rule.grant.scope)}\2(?=[\s,}}])")
    return _edit(
        f"`{rule.grant.tool}` on `{close}` instead of `{rule.grant.scope}`",
        why,
        rule,
        files,
        lambda line: quoted.sub(lambda found: f'{found[1]}"{close}"', line, count=1),
    )


def _came_to(chain: Iterable[Step]) -> float:
    """The most that a chain came to."""
    return max(total for total, _ in chain)


def _stopped(seen: Iterable[Sequence[Step]], line: float) -> str:
    """How many chains a line would have held, and at which tools first."""
    first = [next((tool for total, tool in chain if total > line), None) for chain in seen]
    at = Counter(tool for tool in first if tool is not None)
    told = ", ".join(f"`{tool}` {count} x" for tool, count in at.most_common(TOLD_TOOLS))
    return f"{sum(at.values())} of them{f', first at {told}' if told else ''}"


def _of_lines(agent: AgentRule, seen: Sequence[Sequence[Step]], files: Mapping[str, str]) -> Tightening | None:
    """`seen` are the chains of the agent, each step with what the chain had come to, from the lowest."""
    highest = _came_to(seen[-1])
    lowest = _rounded(highest * ROOM)
    was = agent.risk
    approve = min(lowest, was.approve_micros)
    halt = min(_rounded(from_micros(approve) * from_micros(was.halt_micros) / from_micros(was.approve_micros)),
               was.halt_micros) if was.approve_micros else was.halt_micros  # fmt: skip
    if (approve, halt) == (was.approve_micros, was.halt_micros) or approve > halt:
        return None
    evidence = [f"{len(seen)} runs; the highest total is {highest:g}"]
    for share in _SHOWN_AT:
        line = _came_to(seen[min(len(seen) - 1, int(share * len(seen)))])
        evidence.append(f"a line at {line:g} would have held {_stopped(seen, line)}")
    now = f"{from_micros(was.approve_micros):g}"
    evidence.append(f"the proposed {from_micros(approve):g} would have held none; it is {now} now")
    what = f"`{agent.agent_id}`: approve above {from_micros(approve):g}, halt above {from_micros(halt):g}"
    text = files.get(agent.place.file, "").splitlines(keepends=True)
    for at in range(agent.place.line - 1, len(text)):
        if at >= agent.place.line and _ends(text[at], text[agent.place.line - 1]):
            break
        new = _with_line(_with_line(text[at], "approve_above", approve), "halt_above", halt)
        if new != text[at] and "approve_above" in text[at] and "halt_above" in text[at]:
            return Tightening(
                what=what, evidence=tuple(evidence), file=agent.place.file, line=at + 1, before=text[at], after=new
            )
    return Tightening(what=what, evidence=(*evidence, "write it by hand: `risk` does not stand on one line"))


def _edit(what: str, evidence: tuple[str, ...], rule: GrantRule, files: Mapping[str, str], change: Any) -> Tightening:
    text = files.get(rule.place.file, "").splitlines(keepends=True)
    line = text[rule.place.line - 1] if rule.place.line <= len(text) else ""
    new = change(line) if line else line
    if new == line:
        return Tightening(what=what, evidence=(*evidence, f"write it by hand: {rule.place}"))
    return Tightening(what=what, evidence=evidence, file=rule.place.file, line=rule.place.line, before=line, after=new)


def _alone(line: str) -> bool:
    """A list's entry that stands on one line, whole."""
    return re.fullmatch(r"\s*-\s*\{.*\}\s*(#.*)?\n?", line) is not None


def _ends(line: str, begin: str) -> bool:
    """Does `line` begin something beside the entry that began with `begin`?"""
    return bool(line.strip()) and _indent(line) <= _indent(begin)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _with_line(line: str, key: str, micros: int) -> str:
    return re.sub(rf"({key}:\s*)[0-9.]+", lambda found: f"{found[1]}{from_micros(micros):g}", line, count=1)


def _rounded(total: float) -> int:
    """Up to two places: a line that people can say."""
    return to_micros(Decimal(str(total)).quantize(Decimal("0.01"), rounding=ROUND_CEILING))


def _edited(text: str, changes: Mapping[int, str | None]) -> str:
    kept = enumerate(text.splitlines(keepends=True), start=1)
    return "".join(changes.get(number, line) or "" for number, line in kept)
