"""`aisecops eval`: the adversarial harness, with the operator's rules, on this machine."""

from __future__ import annotations

import asyncio
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from aisecops import __version__
from aisecops.adapters.system.files import PUBLIC, write_whole
from aisecops.ops.commands.audit import of_state
from aisecops.ops.session import FAILED, MISUSED, WELL, CommandError, Session

if TYPE_CHECKING:
    from aisecops.ops.evaluation.outcome import Change, Report, Result
    from aisecops.ops.evaluation.scenario import Scenario, Suite

FORMS = ("text", "json", "junit", "sarif", "md")
SLOTS = 4
PROGRESS_EVERY_S = 2.0
MOST_MUTATIONS = 50


@click.command("eval")
@of_state
@click.argument("suites", nargs=-1, metavar="[SUITE...]")
@click.option("--agent", "agents", multiple=True, metavar="NAME", help="Only as this agent; may be given again.")
@click.option("--report", type=click.Choice(FORMS), default="text", show_default=True, help="The form of the report.")
@click.option("--json", "as_json", is_flag=True, help="Short for --report json.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write the report here; text still shows.")
@click.option(
    "--seed", type=click.IntRange(min=0), default=1, show_default=True, help="Of variations and made-up values."
)
@click.option(
    "--mutations",
    type=click.IntRange(0, MOST_MUTATIONS),
    default=1,
    show_default=True,
    help="Seeded variations of each attack that can vary.",
)
@click.option(
    "--compare",
    type=click.Path(path_type=Path, dir_okay=False),
    help="An earlier JSON report, or `last` for the one kept last; exit code 1 when anything is worse.",
)
@click.option(
    "--from",
    "given",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Play nothing: tell this JSON report again, in the form of --report.",
)
@click.option("--every", metavar="DURATION", help="Again and again, with so much time between, until Ctrl-C: `1h`.")
@click.option("--live", is_flag=True, help="Try the gateway that runs, not one of its own (docs/evaluation.md).")
@click.option("--list", "listed", is_flag=True, help="Only list the scenarios.")
@click.option("--no-record", is_flag=True, help="Leave no report in the state folder and no event in the record.")
@click.pass_obj
def evaluate(  # noqa: PLR0917 - one argument per option
    session: Session,
    suites: tuple[str, ...],
    agents: tuple[str, ...],
    report: str,
    as_json: bool,
    out: Path | None,
    seed: int,
    mutations: int,
    compare: Path | None,
    given: Path | None,
    every: str | None,
    live: bool,
    listed: bool,
    no_record: bool,
) -> int:
    """Attack a gateway of your own rules, and see what comes through; exit code 1 when anything does.

    Starts an installation with a copy of the rules in a folder of its own, with stand-in tools and a stand-in model
    that obeys whoever wrote last. An agent plays each attack and its benign twin; what arrives at the stand-ins
    decides. SUITE is one of injection, tool-abuse, memory-poisoning, exfiltration, budget-overflow,
    chain-escalation, wire-evasion, approval-abuse, token-forgery; without any, all.
    """
    from aisecops.ops.evaluation.kept import last_path, read_report

    form = "json" if as_json else report
    pause_s = _pause(every)
    state = session.settings.paths.state
    before = read_report(last_path(state) if compare == Path("last") else compare) if compare else None
    if given is not None:
        return _told(read_report(given), before, form, out)
    chosen, scenarios = _chosen(session, suites)
    if listed:
        return _list(scenarios, as_json=as_json)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # either way the gateway under test is ended first
    worst = WELL
    while True:
        made = _made(session, chosen, scenarios, agents, seed=seed, mutations=mutations, live=live)
        if not no_record:
            recorded(session, made)
        worst = max(worst, _told(made, before, form, out))
        if pause_s is None:
            return worst
        before = made
        try:
            time.sleep(pause_s)
        except KeyboardInterrupt:
            return worst


def _pause(every: str | None) -> float | None:
    """Seconds between two runs; None for one run."""
    from aisecops.controls.policy.units import duration_ms

    if every is None:
        return None
    try:
        return duration_ms(every) / 1000
    except ValueError as error:
        raise CommandError(f"--every is `{every}`", str(error), MISUSED) from None


def _told(report: Report, before: Report | None, form: str, out: Path | None) -> int:
    """Show or write it, and say how it ended."""
    from aisecops.ops.evaluation.outcome import changes

    other = tuple(changes(before, report)) if before else None
    text = _formed(report, form, other)
    if out is None:
        click.echo(text, nl=not text.endswith("\n"))
    else:
        write_whole(out, text.encode(), mode=PUBLIC)
        click.echo(_formed(report, "text", other), nl=False)
    worse = any(change.worse for change in other or ())
    return WELL if report.ok and not worse else FAILED


def _chosen(session: Session, names: Sequence[str]) -> tuple[tuple[Suite, ...], tuple[Scenario, ...]]:
    from aisecops.ops.evaluation.scenario import Suite
    from aisecops.ops.evaluation.shipped import scenarios_of
    from aisecops.ops.nearest import nearest

    known = {suite.value: suite for suite in Suite}
    for name in names:
        if name not in known:
            raise CommandError(f"no suite `{name}`", nearest(name, known) or f"there are {', '.join(known)}", MISUSED)
    chosen = tuple(suite for suite in Suite if not names or suite.value in names)
    scenarios, problems = scenarios_of(session.settings.paths.rules)
    if problems:
        told = "\n".join(f"{problem} ({problem.mend})" if problem.mend else str(problem) for problem in problems)
        raise CommandError(f"the scenarios cannot be used:\n{told}", "mend each place", MISUSED)
    return chosen, tuple(one for one in scenarios if one.suite in chosen)


def _list(scenarios: Sequence[Scenario], *, as_json: bool) -> int:
    from aisecops.ops.listing import show_json, show_rows

    rows = [
        {
            "suite": one.suite.value,
            "scenario": one.name,
            "controls": ", ".join(one.controls),
            "needs": ", ".join(one.needs),
            "open": one.open,
            "place": str(one.place),
        }
        for one in scenarios
    ]
    if as_json:
        show_json({"scenarios": rows})
    else:
        show_rows(rows, ("suite", "scenario", "controls", "needs"), nothing="no scenarios")
        click.echo(f"{len(rows)} scenarios", err=True)
    return WELL


def _made(
    session: Session,
    suites: tuple[Suite, ...],
    scenarios: Sequence[Scenario],
    agents: Sequence[str],
    *,
    seed: int,
    mutations: int,
    live: bool,
) -> Report:
    """Everything played and measured. Raises what keeps the installation from starting."""
    from aisecops.adapters.system.clock import SystemClock
    from aisecops.ops.agents import chosen as named
    from aisecops.ops.evaluation.latency import latencies
    from aisecops.ops.evaluation.live import live_stage
    from aisecops.ops.evaluation.outcome import Report
    from aisecops.ops.evaluation.runner import Runner
    from aisecops.ops.evaluation.stage import stage

    for name in agents:
        named(session.settings, name)
    began = time.monotonic()
    at = datetime.fromtimestamp(SystemClock().now_ms() / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    with tempfile.TemporaryDirectory(prefix="aisecops-eval-") as folder:
        progress = Progress()
        if live:
            progress.say(f"trying the gateway at {session.settings.proxy.url} ...")
            standing = live_stage(session.settings, Path(folder), agents=tuple(agents))
        else:
            progress.say("starting a gateway with these rules, tools and a model ...")
            standing = stage(session.settings, Path(folder), agents=agents, slots=SLOTS)
        with standing as on:
            runner = Runner(on, seed=seed, mutations=mutations)
            jobs = runner.jobs(scenarios)
            progress.total = len(jobs)
            results = runner.run(jobs, progress.tell)
            progress.end()
            measured = tuple(latencies(on))
            probed, version = tuple(probe.stands_for for probe in on.probes), on.rules.policy_version
    return Report(
        version=__version__,
        at=at,
        policy_version=version,
        seed=seed,
        mutations=mutations,
        suites=suites,
        agents=probed,
        seconds=round(time.monotonic() - began, 1),
        results=results,
        latency=measured,
        live=live,
    )


class Progress:
    """How far it is, on stderr: a line that changes on a terminal, one now and then elsewhere."""

    def __init__(self) -> None:
        self.total = 0
        self._done = self._failed = 0
        self._said_at = 0.0
        self._live = sys.stderr.isatty()

    def say(self, words: str) -> None:
        """One line."""
        click.echo(words, err=True)

    def tell(self, result: Result) -> None:
        """One play is over; a failure is told at once."""
        from aisecops.ops.evaluation.report import failure_of

        self._done += 1
        if result.failed:
            self._failed += 1
            clear = "\r\x1b[K" if self._live else ""
            self.say(f"{clear}  {result.suite}: {result.title}: {failure_of(result)}")
        if time.monotonic() - self._said_at > (0.1 if self._live else PROGRESS_EVERY_S):
            self._said_at = time.monotonic()
            line = f"{self._done} of {self.total} played, {self._failed} failed"
            click.echo(f"\r\x1b[K{line}" if self._live else line, err=True, nl=not self._live)

    def end(self) -> None:
        """All are played."""
        line = f"{self._done} of {self.total} played, {self._failed} failed; measuring latency ..."
        click.echo(f"\r\x1b[K{line}" if self._live else line, err=True)


def _formed(report: Report, form: str, other: tuple[Change, ...] | None) -> str:
    from aisecops.ops.evaluation.kept import encoded
    from aisecops.ops.evaluation.report import as_markdown, as_text
    from aisecops.ops.evaluation.report_ci import as_junit, as_sarif

    if form == "json":
        return encoded(report).decode()
    if form == "junit":
        return as_junit(report)
    if form == "sarif":
        return as_sarif(report)
    return as_markdown(report, other) if form == "md" else as_text(report, other)


def recorded(session: Session, report: Report) -> Path:
    """Keep the report, and put its digest and figures into the record: evidence for gate, maturity and metric."""
    from aisecops.ops.evaluation.kept import encoded, finished, keep
    from aisecops.ops.settings_read import environment
    from aisecops.ops.wiring.foundation import foundation

    event = finished(report)

    async def append() -> None:
        async with foundation(session.settings, environment()) as base:
            await base.record.append(event, durable=True)

    asyncio.run(append())
    return keep(session.settings.paths.state, encoded(report))
