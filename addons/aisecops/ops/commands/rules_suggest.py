"""`aisecops rules suggest`: changes that the record speaks for, as a rules file to read and keep what is right of."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click
import msgspec

from aisecops.ops.commands.audit import of_state
from aisecops.ops.listing import show_json
from aisecops.ops.session import MISUSED, CommandError, Session


@click.command("suggest")
@of_state
@click.argument("what", type=click.Choice(["allowances", "grants", "risk"]), default="allowances")
@click.option("--rules", "folder", type=click.Path(path_type=Path), help="The rules folder.")
@click.option("--since", metavar="DAY", help="Only what was recorded from this day on, such as 2027-01-31.")
@click.option("--secrets", is_flag=True, help="Propose for kinds of secrets too; each says so.")
@click.option("--reason", default="", help="The reason of every entry; without one they do not load.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.option("--record", "on_record", is_flag=True, help="Put on record how much was proposed, as evidence.")
@click.pass_obj
def suggest_command(  # noqa: PLR0917 - one argument per option
    session: Session,
    what: str,
    folder: Path | None,
    since: str | None,
    secrets: bool,
    reason: str,
    as_json: bool,
    on_record: bool,
) -> None:
    """Propose changes to the rules from what was recorded, each with its evidence. Changes nothing.

    WHAT is allowances (`egress.allow`, as a rules file: findings that stood in the way again and again and were no
    harm), grants (unused or wider than what was asked for) or risk (lower lines); the last two as a patch.
    """
    from aisecops.adapters.audit.reader import events
    from aisecops.adapters.policies.files import Unreadable, read_folder
    from aisecops.adapters.policies.reading import read_rules
    from aisecops.adapters.system.clock import SystemClock
    from aisecops.model.rules import RuleSet
    from aisecops.ops.days import today
    from aisecops.ops.prune import say_what_is_gone
    from aisecops.ops.suggest import allowances, as_yaml

    settings = session.settings
    try:
        files = read_folder(folder or settings.paths.rules)
        rules = read_rules(files)
    except Unreadable:
        files, rules = {}, ()
    say_what_is_gone(settings.record_folder)
    told = [event for event in events(settings.record_folder) if since is None or event["at"][:10] >= since]
    if what != "allowances":
        texts = {name: data.decode() for name, data in files.items()}
        count = _tighter(what, told, rules, texts, as_json=as_json)
        if on_record:
            _put_on_record(session, what, count)
        return
    suggested = allowances(
        told, rules if isinstance(rules, RuleSet) else None, today=today(SystemClock()), secrets=secrets, reason=reason
    )
    if on_record:
        _put_on_record(session, what, len(suggested.found))
    if as_json:
        show_json(msgspec.to_builtins(suggested))
        return
    if suggested.found:
        click.echo(as_yaml(suggested.found, from_day=told[0]["at"][:10], to_day=told[-1]["at"][:10]), nl=False)
    else:
        click.echo("nothing to propose", err=True)
    for note in suggested.notes:
        click.echo(note, err=True)


def _tighter(what: str, told: Sequence[dict[str, Any]], rules: Any, files: Mapping[str, str], *, as_json: bool) -> int:
    """Show the proposals that make authority smaller, as a patch of the rules folder; how many they are."""
    from aisecops.model.rules import RuleSet
    from aisecops.ops.tighten import as_patch, grants, lines

    if not isinstance(rules, RuleSet):
        raise CommandError("the rules cannot be used as they are", "`aisecops rules check` says what is wrong", MISUSED)
    found = grants(told, rules, files) if what == "grants" else lines(told, rules, files)
    if as_json:
        show_json(msgspec.to_builtins(found))
    elif found:
        click.echo(as_patch(found, files), nl=False)
    else:
        click.echo("nothing to propose", err=True)
    return len(found)


def _put_on_record(session: Session, what: str, count: int) -> None:
    from aisecops.model.record import Event, EventName
    from aisecops.ops.settings_read import environment
    from aisecops.ops.wiring.foundation import foundation

    async def append() -> None:
        async with foundation(session.settings, environment()) as base:
            version = base.rules.current().policy_version
            said = {"what": what, "proposals": count}
            event = Event(event=EventName.RULES_SUGGESTED, policy_version=version, control=("AIS-GOV-01",), fields=said)
            await base.record.append(event, durable=True)

    asyncio.run(append())
