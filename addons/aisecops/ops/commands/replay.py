"""`aisecops replay`: every decision of a run, judged again from its record. Nothing needs to run."""

from __future__ import annotations

from typing import Any

import click
import msgspec

from aisecops.ops.commands.audit import of_state
from aisecops.ops.listing import cell, show_json
from aisecops.ops.session import FAILED, WELL, CommandError, Session


@click.command()
@of_state
@click.argument("run", metavar="RUN")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_obj
def replay(session: Session, run: str, as_json: bool) -> int:
    """Judge each decision of RUN again, by the rules it was made by; fail if one comes out otherwise."""
    from aisecops.gateway.step.judge import judge
    from aisecops.ops.prune import say_what_is_gone
    from aisecops.ops.replay import replay as replayed
    from aisecops.ops.wiring.rules import file_rules

    settings = session.settings
    say_what_is_gone(settings.record_folder)
    report = replayed(settings.record_folder, run, rules_for=file_rules(settings).archived, judge=judge)
    if not report.decisions:
        raise CommandError(f"the record holds no decision of `{run}`", "`aisecops runs list` shows the runs there are")
    if as_json:
        show_json({**_plain(report), "ok": report.ok})
        return WELL if report.ok else FAILED
    for each in report.decisions:
        click.echo(f"{'same' if each.same else 'DIFFERS':7}  {each.decision_id}  {each.verdict:5}  {cell(each.tool)}")
        for words in (*map(str, each.differences), each.fault):
            if words:
                click.echo(f"         {cell(words)}")
    wrong = sum(not each.same for each in report.decisions)
    if wrong:
        raise CommandError(
            f"{wrong} of {len(report.decisions)} decisions did not come out as recorded",
            "`aisecops audit verify` shows whether the record was changed",
        )
    many = len(report.decisions)
    click.echo("its one decision came out as recorded" if many == 1 else f"all {many} decisions came out as recorded")
    return WELL


def _plain(report: Any) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(report)
    return plain
