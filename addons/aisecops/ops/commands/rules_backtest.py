"""`aisecops rules backtest`: recorded traffic under other rules."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from aisecops.ops.commands.audit import of_state
from aisecops.ops.listing import cell, show_json
from aisecops.ops.session import FAILED, MISUSED, WELL, CommandError, Session

MOST_SHOWN = 50


@click.command("backtest")
@of_state
@click.argument("folder", required=False, type=click.Path(path_type=Path))
@click.option("--run", "run_id", help="Only this run.")
@click.option("--json", "as_json", is_flag=True, help="Everything, as JSON.")
@click.pass_obj
def backtest_command(session: Session, folder: Path | None, run_id: str | None, as_json: bool) -> int:
    """Judge the recorded traffic again under the rules in FOLDER (default: the rules folder). Nothing needs to run.

    Exit code 1 when a decision would have come out otherwise.
    """
    from aisecops.adapters.policies.files import Unreadable
    from aisecops.adapters.policies.reading import read_rules
    from aisecops.model.rules import RuleSet
    from aisecops.ops.backtest import backtest
    from aisecops.ops.prune import say_what_is_gone
    from aisecops.ops.wiring.rules import file_rules, rules_files

    settings = session.settings
    at = folder or settings.paths.rules
    try:
        rules = read_rules(rules_files(settings, at))
    except Unreadable as unreadable:
        raise CommandError(unreadable.problem.what, unreadable.problem.mend, MISUSED) from None
    if not isinstance(rules, RuleSet):
        raise CommandError(f"the rules of `{at}` cannot be used: {rules[0]}", rules[0].mend, MISUSED)
    say_what_is_gone(settings.record_folder)
    report = backtest(settings.record_folder, rules, rules_for=file_rules(settings).archived, run_id=run_id)
    if not report.decisions:
        raise CommandError("the record holds no decision", "`aisecops runs list` shows the runs there are")
    if as_json:
        show_json(msgspec.to_builtins(report))
        return FAILED if report.changed else WELL
    for one in report.changed[:MOST_SHOWN]:
        click.echo(f"{one.was} -> {one.now}  {one.run_id}  {cell(one.tool)}  {cell(one.why)}")
    for total in report.totals[:MOST_SHOWN]:
        halted = ", halted" if total.halted else ""
        click.echo(f"total {total.was:g} -> {total.now:g}{halted}  {total.root_run_id}")
    for untold in report.unknown[:MOST_SHOWN]:
        click.echo(f"unknown  {untold.run_id}  {cell(untold.tool)}  {cell(untold.why)}")
    if report.not_scanned:
        click.echo(f"nobody looked then for what these rules look for: {', '.join(report.not_scanned)}")
    click.echo(
        f"{len(report.changed)} of {report.decisions} decisions otherwise, {len(report.totals)} totals, "
        f"{len(report.unknown)} unknown (--json has all)"
    )
    return FAILED if report.changed else WELL
