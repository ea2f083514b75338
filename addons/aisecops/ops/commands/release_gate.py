"""`aisecops release-gate`: the six checks of spec 9, each from evidence; what is missing or red, and what mends it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click
import msgspec

from aisecops import __version__
from aisecops.ops.commands.audit import of_state
from aisecops.ops.listing import cell, show_json
from aisecops.ops.session import FAILED, MISUSED, WELL, CommandError, Session

if TYPE_CHECKING:
    from aisecops.ops.release.check import Check

MOST_NAME, MOST_NOTE = 100, 2000


@click.command("release-gate")
@of_state
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.option("--report", type=click.Choice(["text", "json", "junit"]), default="text", show_default=True)
@click.option("--permissions", is_flag=True, help="Only list what agents may do, for whoever is to accept it.")
@click.option(
    "--accept", "by", metavar="NAME", help="This person accepts what agents may do under the rules as they are."
)
@click.option("--note", default="", help="What the person who accepts has to say.")
@click.option("--no-record", is_flag=True, help="Leave no event in the record.")
@click.pass_obj
def release_gate(  # noqa: PLR0917 - one argument per option
    session: Session,
    as_json: bool,
    report: str,
    permissions: bool,
    by: str | None,
    note: str,
    no_record: bool,
) -> int:
    """Say whether these agents may be released: exit code 0 only when all six checks are green.

    Threat model review, tool permission audit, injection regression, chain escalation simulation, policy validation,
    budget boundary validation. Each rests on what the record and the state folder hold of these very rules. The result
    goes into the record.
    """
    from aisecops.ops.agents import rules_in
    from aisecops.ops.release.permissions import in_words

    if note and by is None:
        raise CommandError("a note belongs to an acceptance", "name who accepts with --accept", MISUSED)
    rules = rules_in(session.settings)
    if permissions:
        click.echo("\n".join(in_words(rules)))
        return WELL
    if by is not None:
        return asyncio.run(_accept(session, by=by, note=note))
    from aisecops.ops.release.check import State
    from aisecops.ops.release.evidence import gathered
    from aisecops.ops.release.gate import as_junit, as_text, six_checks

    checks = six_checks(gathered(session.settings, rules, version=__version__))
    ok = all(check.state is State.GREEN for check in checks)
    if not no_record:
        asyncio.run(_recorded(session, rules.policy_version, checks, ok=ok))
    if as_json or report == "json":
        show_json({"ok": ok, "policy_version": rules.policy_version, "checks": msgspec.to_builtins(checks)})
    else:
        click.echo(as_junit(checks) if report == "junit" else as_text(checks), nl=False)
    return WELL if ok else FAILED


async def _recorded(session: Session, version: str, checks: Sequence[Check], *, ok: bool) -> None:
    """What came of it, for whoever asks later whether anything was released unlooked at."""
    from aisecops.model.record import Event, EventName
    from aisecops.ops.settings_read import environment
    from aisecops.ops.wiring.foundation import foundation

    event = Event(
        event=EventName.RELEASE_GATE_FINISHED,
        policy_version=version,
        control=("AIS-GOV-01",),
        fields={"ok": ok, "checks": {check.name: check.state.value for check in checks}, "version": __version__},
    )
    async with foundation(session.settings, environment()) as base:
        await base.record.append(event, durable=True)


async def _accept(session: Session, *, by: str, note: str) -> int:
    from aisecops.model.record import Event, EventName
    from aisecops.ops.settings_read import environment
    from aisecops.ops.wiring.foundation import foundation

    printable = by.isprintable() and note.replace("\n", " ").isprintable()
    if not by.strip() or not printable or len(by) > MOST_NAME or len(note) > MOST_NOTE:
        mend = f"write a name in one line of at most {MOST_NAME} characters, and a note of at most {MOST_NOTE}"
        raise CommandError("this is nobody's acceptance", mend, MISUSED)
    async with foundation(session.settings, environment()) as base:
        version = base.rules.current().policy_version
        event = Event(
            event=EventName.PERMISSIONS_ACCEPTED,
            policy_version=version,
            control=("AIS-CAP-01", "AIS-GOV-01"),
            fields={"by": by.strip(), "note": note},
        )
        await base.record.append(event, durable=True)
    click.echo(f"{cell(by.strip())} has accepted what agents may do under {version}")
    return WELL
