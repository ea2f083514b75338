"""`aisecops maturity`: the level with its evidence, what is missing for the next one, and the command that mends it."""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aisecops.ops.listing import cell, show_json
from aisecops.ops.session import MISUSED, WELL, CommandError, Session, setting_flags

if TYPE_CHECKING:
    from aisecops.ops.maturity.assess import Assessment

MOST_NAME = 100
TREND_SHOWN = 10


@click.command
@setting_flags("paths")
@click.option("--json", "as_json", is_flag=True, help="As JSON; the same as GET /v1/maturity.")
@click.option("--keep", is_flag=True, help="Put it into the record, for the trend.")
@click.option("--controls", is_flag=True, help="Each control, and what it answers in other lists.")
@click.option("--reviewed-by", "by", metavar="NAME", help="Record that this person reviewed the coverage.")
@click.option("--report", type=click.Path(path_type=Path, dir_okay=False, exists=True), help="Their report.")
@click.pass_obj
def maturity(session: Session, as_json: bool, keep: bool, controls: bool, by: str | None, report: Path | None) -> int:  # noqa: PLR0917 - one argument per option
    """The maturity level of this installation, from its rules, record and inventory.

    Nothing is asked: what cannot be shown counts as not met. Works whether or not anything runs.
    """
    if (by is None) != (report is None):
        raise CommandError("a review is a name and a report", "give --reviewed-by and --report together", MISUSED)
    if by is not None and (not by.strip() or not by.isprintable() or len(by) > MOST_NAME):
        raise CommandError("this is no name", f"write one line of at most {MOST_NAME} characters", MISUSED)
    digest = hashlib.sha256(report.read_bytes()).hexdigest() if report is not None else ""
    from aisecops.ops.maturity.assess import shown

    now = asyncio.run(_assessed(session, keep=keep, by=by, digest=digest))
    if as_json:
        show_json(shown(now))
    elif controls:
        _show_controls(now)
    else:
        _show(now)
    return WELL


async def _assessed(session: Session, *, keep: bool, by: str | None, digest: str) -> Assessment:
    from aisecops.ops.settings_read import environment
    from aisecops.ops.wiring.foundation import foundation
    from aisecops.ops.wiring.maturity import keep_assessment, maturity_of, record_review

    async with foundation(session.settings, environment()) as base:
        if by is not None:
            await record_review(base, by=by.strip(), digest=digest)
        here = maturity_of(base)
        now = await here.assessed()
        if keep:
            await keep_assessment(base, now)
            now = await here.assessed()
        return now


def _show(now: Assessment) -> None:
    from aisecops.ops.maturity.assess import BASELINE

    click.echo(f"Level {now.level}, {now.title}; {now.coverage:.0%} of the mandatory controls are in force")
    for level in range(1, max(now.level + 1, BASELINE) + 1):
        mine = [one for one in now.criteria if one.level == level]
        if mine:
            click.echo(f"\nLevel {level}")
        for one in mine:
            click.echo(f"  {'yes' if one.met else 'NO '}  {one.asks}")
            for line in one.evidence:
                click.echo(f"         {cell(line)}")
            for _, mend in one.mends:
                click.echo(f"         -> {cell(mend)}")
    if now.next:
        click.echo(f"\nNext, in this order, for Level {max(now.level + 1, BASELINE)}")
        for number, todo in enumerate(now.next, start=1):
            click.echo(f"  {number}. {cell(todo.mend)}  ({', '.join(todo.criteria)})")
    if now.trend:
        click.echo("\nTrend")
        for kept in now.trend[-TREND_SHOWN:]:
            click.echo(f"  {kept.at[:10]}  Level {kept.level}  {kept.coverage:.0%}")


def _show_controls(now: Assessment) -> None:
    rows: tuple[tuple[str, Any], ...] = (
        ("NIST AI RMF", "nist_ai_rmf"),
        ("OWASP LLM Top 10 (2025)", "owasp_llm_2025"),
        ("OWASP Agentic threats", "owasp_agentic"),
    )
    for one in now.controls:
        click.echo(f"{one.control}  {one.objective}: {'in force' if one.in_force else 'NOT SHOWN'}")
        for line in one.evidence:
            click.echo(f"    {cell(line)}")
        if one.mend:
            click.echo(f"    -> {cell(one.mend)}")
        for title, name in rows:
            click.echo(f"    {title}: {', '.join(getattr(one, name))}")
