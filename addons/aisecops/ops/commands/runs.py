"""`aisecops runs`: what agents are doing and did, and the brake."""

from __future__ import annotations

import click

from aisecops.ops.commands.approvals import named
from aisecops.ops.session import Session, setting_flags


@click.group()
def runs() -> None:
    """Runs: list, show, halt, resume."""


@runs.command("list")
@click.option("--agent", help="Only this agent's.")
@click.option("--state", type=click.Choice(["active", "held", "halted", "finished"]), help="Only those.")
@click.option("--most", type=click.IntRange(min=1), default=1000, show_default=True, help="So many, the newest.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@setting_flags("control", "paths")
@click.pass_obj
def list_runs(session: Session, agent: str | None, state: str | None, most: int, as_json: bool) -> None:
    """List runs, newest first."""
    from aisecops.ops.client import ControlPlane
    from aisecops.ops.listing import show_json, show_rows

    asked, found = {"agent": agent} if agent else {}, []
    with ControlPlane.as_operator(session.settings) as control:
        while True:
            told = control.get("/v1/runs", **asked)
            found += [run for run in told["runs"] if state in (None, run["state"])]
            if len(found) > most or told["before"] is None:
                break
            asked["before"] = told["before"]
    more, found = len(found) > most or told["before"] is not None, found[:most]
    if as_json:
        show_json({"runs": found})
    else:
        columns = ("run_id", "state", "agent_id", "opened_at", "opened_by", "parent")
        show_rows(found, columns, nothing="no runs")
    if more:
        click.echo(f"these are the newest {most}; --most shows more", err=True)


@runs.command()
@click.argument("run")
@click.option("--json", "as_json", is_flag=True, help="The run's eight fields as JSON.")
@click.option("--all", "whole", is_flag=True, help="Every line of a long story, also where all went its way.")
@setting_flags("paths")
@click.pass_obj
def show(session: Session, run: str, as_json: bool, whole: bool) -> None:
    """Tell a run's story from the record; of a root run, with all that belongs to it.

    A long story is told by its beginning, its end, and what was stopped, held or asked between them.
    """
    from aisecops.adapters.audit.reader import events, run_export
    from aisecops.ops.listing import show_json
    from aisecops.ops.prune import say_what_is_gone
    from aisecops.ops.session import CommandError

    folder = session.settings.record_folder
    say_what_is_gone(folder)
    if next(events(folder, run_id=run), None) is None:
        raise CommandError(f"the record knows no run `{run}`", "`aisecops runs list` lists them")
    if as_json:
        show_json(run_export(folder, run))
        return
    from rich.console import Console

    from aisecops.ops.story import MOST_LINES, story

    below = list(events(folder, tree=run))
    told = story(below or events(folder, run_id=run), most=None if whole else MOST_LINES)
    Console(highlight=False).print(told)


@runs.command()
@click.argument("run")
@click.option("--reason", default="", help="Why; it goes into the record.")
@setting_flags("control", "paths")
@click.pass_obj
def halt(session: Session, run: str, reason: str) -> None:
    """Stop a run and everything that belongs to its root: nothing of it acts from now on."""
    _act(session, run, "halt", reason)


@runs.command()
@click.argument("run")
@click.option("--reason", default="", help="Why; it goes into the record.")
@click.option(
    "--allowance", type=click.FloatRange(min=0), default=0.0, help="How much more risk it may take before it is halted."
)
@setting_flags("control", "paths")
@click.pass_obj
def resume(session: Session, run: str, reason: str, allowance: float) -> None:
    """Let a halted run go on after review, with the risk and the budgets that it had.

    A run that was halted for its risk is halted again by its next step, unless you allow it more: as much as
    `risk.resume_allowance` in the rules lets you. Steps over `approve_above` still wait for a person.
    """
    _act(session, run, "resume", reason, **({"allowance": allowance} if allowance else {}))


def _act(session: Session, run: str, act: str, reason: str, **more: float) -> None:
    from aisecops.ops.client import ControlPlane

    with ControlPlane.as_operator(session.settings) as control:
        told = control.post(f"/v1/runs/{named(run)}/{act}", {"reason": reason, **more})
    click.echo(f"{told['run_id']} {told['state']}")
