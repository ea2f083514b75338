"""`aisecops rules suggest`: changes that the record speaks for, as a rules file to read and keep what is right of."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from aisecops.ops.commands.audit import of_state
from aisecops.ops.listing import show_json
from aisecops.ops.session import Session


@click.command("suggest")
@of_state
@click.option("--rules", "folder", type=click.Path(path_type=Path), help="The rules folder.")
@click.option("--since", metavar="DAY", help="Only what was recorded from this day on, such as 2027-01-31.")
@click.option("--secrets", is_flag=True, help="Propose for kinds of secrets too; each says so.")
@click.option("--reason", default="", help="The reason of every entry; without one they do not load.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_obj
def suggest_command(  # noqa: PLR0917 - one argument per option
    session: Session, folder: Path | None, since: str | None, secrets: bool, reason: str, as_json: bool
) -> None:
    """Propose changes to the rules from what was recorded, each with its evidence. Changes nothing.

    Now: allowances (`egress.allow`) for findings that stood in the way again and again and were no harm.
    """
    from aisecops.adapters.audit.reader import events
    from aisecops.adapters.policies.files import Unreadable, read_folder
    from aisecops.adapters.policies.reading import read_rules
    from aisecops.adapters.system.clock import SystemClock
    from aisecops.model.rules import RuleSet
    from aisecops.ops.days import today
    from aisecops.ops.suggest import allowances, as_yaml

    settings = session.settings
    try:
        rules = read_rules(read_folder(folder or settings.paths.rules))
    except Unreadable:
        rules = ()
    told = [event for event in events(settings.record_folder) if since is None or event["at"][:10] >= since]
    suggested = allowances(
        told, rules if isinstance(rules, RuleSet) else None, today=today(SystemClock()), secrets=secrets, reason=reason
    )
    if as_json:
        show_json(msgspec.to_builtins(suggested))
        return
    if suggested.found:
        click.echo(as_yaml(suggested.found, from_day=told[0]["at"][:10], to_day=told[-1]["at"][:10]), nl=False)
    else:
        click.echo("nothing to propose", err=True)
    for note in suggested.notes:
        click.echo(note, err=True)
