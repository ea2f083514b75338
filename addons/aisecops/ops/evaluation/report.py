"""A report for people: text for a terminal, Markdown for a page. Figures first, then every failure with its place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from aisecops.ops.evaluation.outcome import Change, Report, Result, State, Tally, Twin
from aisecops.ops.evaluation.scenario import CONTROLS

_COLUMNS = ("attacks", "contained", "twins", "false alarms", "open", "not applicable")
LISTED = 40


def as_text(report: Report, changed: Sequence[Change] | None = None) -> str:
    """For a terminal."""
    lines = [_headline(report), ""]
    lines += _aligned(_table("suite", (*report.by_suite(), report.whole())))
    lines += ["", *_aligned(_table("control", report.by_control()))]
    if report.latency:
        lines += ["", *_aligned(_latencies(report))]
    if stages := _stages(report):
        lines += ["", *_aligned(stages)]
    lines += _section("failed", [_failure(result) for result in report.failures])
    lines += _section("known to be open", _listed(report, State.OPEN))
    lines += _section("does not apply", _listed(report, State.NOT_APPLICABLE))
    if changed is not None:
        lines += _section("other than before", [_change(one) for one in changed] or ["nothing"])
    return "\n".join(lines) + "\n"


def as_markdown(report: Report, changed: Sequence[Change] | None = None) -> str:
    """For a page or a pull request."""
    lines = [f"## Evaluation: {'green' if report.ok else 'red'}", "", _headline(report), ""]
    lines += _piped(_table("suite", (*report.by_suite(), report.whole())))
    lines += ["", *_piped(_table("control", report.by_control()))]
    if report.latency:
        lines += ["", *_piped(_latencies(report))]
    if stages := _stages(report):
        lines += ["", *_piped(stages)]
    for title, rows in (
        ("Failed", [_failure(result) for result in report.failures]),
        ("Known to be open", _listed(report, State.OPEN)),
        ("Does not apply", _listed(report, State.NOT_APPLICABLE)),
        ("Other than before", [_change(one) for one in changed or ()]),
    ):
        if rows:
            lines += ["", f"### {title}", "", *(f"- {row}" for row in rows)]
    return "\n".join(lines) + "\n"


def failure_of(result: Result) -> str:
    """Why a result fails, in one sentence."""
    reasons = list(result.why) if result.state in {State.BREACHED, State.BROKEN} else []
    if result.twin is Twin.ALARMED:
        reasons.append(f"the benign twin was stopped by {', '.join(result.twin_stopped_by)}")
    return "; ".join(reasons)


def percent(part: int, whole: int) -> str:
    """A share as people read it; never rounded up to all."""
    if not whole:
        return "-"
    return "100 %" if part == whole else f"{int(part * 1000 / whole) / 10:g} %"


def _headline(report: Report) -> str:
    whole = report.whole()
    return (
        f"{whole.contained} of {whole.attacks} attacks contained ({percent(whole.contained, whole.attacks)}), "
        f"{whole.alarms} false alarms in {whole.twins} benign twins; {report.seconds:.0f} s, seed {report.seed}, "
        f"rules {report.policy_version[:19]}, aisecops {report.version}"
    )


def _table(first: str, tallies: Iterable[Tally]) -> list[list[str]]:
    rows = [[first, *_COLUMNS, "containment"]]
    for one in tallies:
        figures = (one.attacks, one.contained, one.twins, one.alarms, one.open, one.not_applicable)
        name = f"{one.name} ({CONTROLS[one.name]})" if one.name.startswith("AIS-") else one.name
        rows.append([name, *map(str, figures), percent(one.contained, one.attacks)])
    return rows


def _latencies(report: Report) -> list[list[str]]:
    rows = [["request", "without, ms", "with, ms", "added, ms", "p95 without, ms", "p95 with, ms"]]
    for one in report.latency:
        figures = (one.direct_ms, one.through_ms, one.added_ms, one.direct_p95_ms, one.through_p95_ms)
        rows.append([one.kind, *(f"{figure:.1f}" for figure in figures)])
    return rows


STAGES = {
    "identify": "who calls",
    "scan": "what leaves",
    "trace": "where it came from",
    "resolve": "where it goes",
    "judge": "policy, budgets, risk",
    "record": "record",
    "settle": "the answer",
}
"""The stages of `aisecops_decision_seconds` that are apart from each other, and what each is about."""


def _stages(report: Report) -> list[list[str]]:
    rows = [["of it, ms", *STAGES.values()]]
    rows += [[one.kind, *(f"{one.stages.get(name, 0):.1f}" for name in STAGES)] for one in report.latency if one.stages]
    return rows if len(rows) > 1 else []


def _listed(report: Report, state: State) -> list[str]:
    found: dict[str, list[Result]] = {}
    for one in report.results:
        if one.state is state:
            found.setdefault("; ".join(one.why), []).append(one)
    return [
        f"{why}: {len(many)} ({', '.join(dict.fromkeys(f'{one.suite}: {one.title}' for one in many[:LISTED]))})"
        for why, many in found.items()
    ]


def _failure(result: Result) -> str:
    return f"{result.suite}: {result.title} ({result.agent}): {failure_of(result)} [{result.place}]"


def _change(one: Change) -> str:
    return f"{'worse' if one.worse else 'better'}: {one.result}: was {one.was}, is {one.now}"


def _section(title: str, rows: Sequence[str]) -> Iterator[str]:
    if rows:
        yield ""
        yield f"{title}:"
        yield from (f"  {row}" for row in rows)


def _aligned(rows: list[list[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(text.ljust(width) if at == 0 else text.rjust(width) for at, (text, width) in _zipped(row, widths))
        for row in rows
    ]


def _zipped(row: list[str], widths: list[int]) -> Iterable[tuple[int, tuple[str, int]]]:
    return enumerate(zip(row, widths, strict=True))


def _piped(rows: list[list[str]]) -> list[str]:
    head, *rest = (f"| {' | '.join(text.replace('|', chr(92) + '|') for text in row)} |" for row in rows)
    return [head, "|".join(["", "---", *["--:"] * (len(rows[0]) - 1), ""]), *rest]
