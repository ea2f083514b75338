"""A run's story for people, from its events alone: when, what was asked, what was answered and why, what it came to.

Knows events and how they read in 80 columns. Nothing is told by colour alone, and nothing from outside reaches
the terminal as anything but printable text.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import groupby

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from aisecops.model.value import Value
from aisecops.ops.story_path import Paths
from aisecops.ops.story_words import Event, counted, lasted, number, offset, said_of

_BAR = 10
_STYLES = {
    "allow": "green",
    "hold": "yellow",
    "REFUSED": "bold red",
    "HALTED": "bold red",
    "blocked": "red",
    "CUT": "red",
    "UNREAD": "red",
}
_ITS_WAY = {"allow", "answer", "token", "message", "note"}
"""Marks of what a story without incidents is made of."""
MOST_LINES = 600
_PHASES = {"run_started": "active", "run_resumed": "active", "run_halted": "halted", "run_finished": "finished"}
_TOLD_BY_THE_DECISION = {"tool_invoked", "llm_called", "source_read", "token_rejected", "budget_exceeded"}


class StoryLine(Value):
    """One thing that happened. `mark` is its one word, `why` the reasons below it, `risk` what the chain came to."""

    offset_ms: int
    mark: str
    words: str
    why: tuple[str, ...] = ()
    risk: str = ""
    seq: int = 0
    decision_id: str = ""


def story(events: Iterable[Event], *, most: int | None = None) -> RenderableType:
    """The story of the run, or tree of runs, whose `events` these are, in order: in `most` lines, or all of it."""
    told = list(events)
    if not told:
        return Text("nothing is recorded of this run")
    return Group(_header(told), Text(), _timeline(_folded(story_lines(told)), most), Text(), _footer(told))


def story_lines(events: Iterable[Event]) -> list[StoryLine]:
    """One line for each event that says something of its own; in a tree of runs each names its run."""
    told = list(events)
    runs = {event["run_id"] for event in told}
    start = _ms(told[0]) if told else 0
    paths = Paths(start)
    lines = []
    for event in told:
        if event["event"] in _TOLD_BY_THE_DECISION:
            continue
        mark, words, why = said_of(event)
        why = [*why, *paths.of(event)]
        if len(runs) > 1:
            words = f"[{str(event['run_id'])[-4:]}] {words}"
        risk = _risk(event) if event["event"] == "decision" else ""
        lines.append(
            StoryLine(
                offset_ms=_ms(event) - start,
                mark=mark,
                words=_clean(words),
                why=tuple(map(_clean, why)),
                risk=risk,
                seq=event.get("seq", 0),
                decision_id=(event.get("decision_id") or "") if event["event"] == "decision" else "",
            )
        )
    return lines


def _folded(lines: Iterable[StoryLine]) -> list[tuple[StoryLine, ...]]:
    """What happened several times in a row, together."""
    return [tuple(alike) for _, alike in groupby(lines, lambda line: (line.mark, line.words, line.why, line.risk))]


def _timeline(told: list[tuple[StoryLine, ...]], most: int | None) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0), expand=False)
    table.add_column(justify="right", no_wrap=True, style="dim")
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    table.add_column(no_wrap=True)
    for each in shortened(told, most):
        if isinstance(each, int):
            table.add_row("", "", Text(f"… {counted(each, 'line')} left out; --all tells them", "dim"), "")
            continue
        line, *more = each
        whys = [Padding(Text(why, "dim"), (0, 0, 0, 2)) for why in line.why]
        mark = Text(line.mark, _STYLES.get(line.mark, ""))
        words = Text(line.words)
        if more:
            words.append(f" ({len(more) + 1} times, until {offset(more[-1].offset_ms)})")
        table.add_row(offset(line.offset_ms), mark, Group(words, *whys), Text(line.risk))
    return table


def shortened(told: list[tuple[StoryLine, ...]], most: int | None) -> Iterator[tuple[StoryLine, ...] | int]:
    """Beginning, end, and between them what did not simply go its way, its latest part; else how much is left out."""
    if most is None or len(told) <= most:
        yield from told
        return
    third = most // 3
    between = range(third, len(told) - third)
    kept = {at for at in between if told[at][0].mark not in _ITS_WAY}
    kept = set(sorted(kept)[-third:]) | set(range(third)) | set(range(len(told) - third, len(told)))
    left_out = 0
    for at, each in enumerate(told):
        if at not in kept:
            left_out += 1
            continue
        if left_out:
            yield left_out
        left_out = 0
        yield each


def _header(told: list[Event]) -> Text:
    first = told[0]
    phase = next((_PHASES[event["event"]] for event in reversed(told) if event["event"] in _PHASES), "active")
    decisions = [event for event in told if event["event"] == "decision"]
    enforced = [event["enforced"] for event in decisions]
    text = Text(_clean(f"{first['run_id']}  {first['agent_id']}  "), style="bold")
    text.append(phase, style="bold red" if phase == "halted" else "bold")
    if first["root_run_id"] != first["run_id"]:
        text.append(_clean(f"\npart of {first['root_run_id']}"))
    text.append(f"\nfrom {first['at'][:19].replace('T', ' ')} UTC, for {lasted(_ms(told[-1]) - _ms(first))}")
    text.append(
        f"\n{counted(len(decisions), 'decision')}: {enforced.count('allow')} allowed,"
        f" {enforced.count('hold')} held, {enforced.count('deny')} refused"
    )
    return text


def _footer(told: list[Event]) -> Text:
    left = {e["decision_id"] for e in told if e["event"].endswith("_returned") and e.get("left") is False}
    done = [e for e in told if e["event"] == "tool_invoked" and e["decision_id"] not in left]
    cost = sum(e.get("cost", 0) for e in told if e["event"].endswith("_returned"))
    writes = sum(e.get("effect") in {"write", "memory-write"} for e in done)
    models = sum(e["event"] == "llm_called" and e["decision_id"] not in left for e in told)
    calls = f"{counted(len(done), 'tool call')}, {counted(writes, 'write')} among them"
    text = Text(f"used: {calls}, {counted(models, 'model call')}, cost {number(cost)}")
    last = next((event for event in reversed(told) if event["event"] == "decision"), None)
    if last is not None:
        text.append(
            f"\nrisk: {number(_total(last))}, a person is asked above {number(last['approve_above'])},"
            f" halted above {number(last['halt_above'])}"
        )
    return text


def _total(decision: Event) -> float:
    """What the chain has come to with this decision: what was refused does not count."""
    counted: float = decision["total"] if decision["enforced"] == "allow" else decision["before"]
    return counted


def _risk(decision: Event) -> str:
    """The sum so far, or would be, as a number and as a bar to the halt line; `|` is where a person is asked."""
    total, halt, approve = decision["total"], decision["halt_above"], decision["approve_above"]
    filled = min(_BAR, round(_BAR * total / halt)) if halt else _BAR
    bar = ["█" if at < filled else "·" for at in range(_BAR)]
    bar.insert(min(_BAR, round(_BAR * approve / halt)) if halt else 0, "|")
    return f"{number(total):>6} {''.join(bar)}"


def _ms(event: Event) -> int:
    return round(datetime.fromisoformat(event["at"]).timestamp() * 1000)


def _clean(text: str) -> str:
    return "".join(char if char.isprintable() else "\ufffd" for char in text)
