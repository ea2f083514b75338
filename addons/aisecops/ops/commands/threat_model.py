"""`aisecops threat-model`: the worksheet of spec 23 for one agent, and who has signed it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import click
import msgspec

from aisecops.ops.commands.audit import of_state
from aisecops.ops.listing import cell, show_json
from aisecops.ops.session import FAILED, MISUSED, WELL, CommandError, Session

if TYPE_CHECKING:
    from aisecops.model.rules import AgentRule, RuleSet
    from aisecops.ops.threat_model.signed import Signed
    from aisecops.ops.threat_model.worksheet import Worksheet

MOST_NAME, MOST_NOTE = 100, 2000


@click.command("threat-model")
@of_state
@click.argument("agent", metavar="AGENT")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.option("--check", is_flag=True, help="Only say whether it is signed as it now is; exit code 1 if not.")
@click.option("--sign-off", "by", metavar="NAME", help="Keep it as it now is, signed by this person.")
@click.option("--note", default="", help="What the person who signs has to say.")
@click.pass_obj
def threat_model(session: Session, agent: str, as_json: bool, check: bool, by: str | None, note: str) -> int:  # noqa: PLR0917 - one argument per option
    """The threat model of AGENT as rules and record have it, one fact a line.

    Signed ones are kept in the state folder under `threat-models/`, each with every signature before it.
    """
    if check and by is not None:
        raise CommandError("a worksheet is signed or checked", "leave out --check or --sign-off", MISUSED)
    if note and by is None:
        raise CommandError("a note belongs to a signature", "name who signs with --sign-off", MISUSED)
    rules, declared = _declared(session, agent)
    sheet, known = _made(session, rules, declared)
    if check:
        return _check(session, rules, sheet, known, as_json=as_json)
    if by is not None:
        return asyncio.run(_sign(session, sheet, by=by, note=note, as_json=as_json))
    from aisecops.ops.threat_model.signed import as_markdown, path_of, read_signed

    signed = read_signed(path_of(session.settings.paths.state, agent))
    if as_json:
        show_json(_plain(sheet, signed))
    else:
        click.echo(as_markdown(sheet, signed.signatures if signed else ()), nl=False)
    return WELL


def _declared(session: Session, name: str) -> tuple[RuleSet, AgentRule]:
    from aisecops.adapters.policies.files import Unreadable
    from aisecops.adapters.policies.reading import read_rules
    from aisecops.model.rules import RuleSet
    from aisecops.ops.nearest import nearest
    from aisecops.ops.wiring.rules import rules_files

    try:
        rules = read_rules(rules_files(session.settings))
    except Unreadable as unreadable:
        raise CommandError(unreadable.problem.what, unreadable.problem.mend, MISUSED) from None
    if not isinstance(rules, RuleSet):
        raise CommandError(f"the rules cannot be used: {rules[0]}", "`aisecops rules check` says all", MISUSED)
    agent = next((one for one in rules.agents.values() if one.agent_id == name), None)
    if agent is None:
        mend = nearest(name, rules.agents) or f"they name {', '.join(rules.agents) or 'none'}"
        raise CommandError(f"the rules name no agent `{cell(name)}`", mend, MISUSED)
    return rules, agent


def _made(session: Session, rules: RuleSet, agent: AgentRule) -> tuple[Worksheet, frozenset[tuple[str, str]]]:
    """The worksheet, and the signatures (digest and name) that the record knows of this agent."""
    from aisecops.adapters.audit.reader import events
    from aisecops.model.record import EventName
    from aisecops.ops.threat_model.recorded import Recorded
    from aisecops.ops.threat_model.worksheet import worksheet

    recorded = Recorded(agent)
    known = set()
    if session.settings.record_folder.exists():
        for event in events(session.settings.record_folder):
            recorded.add(event)
            if event["event"] == EventName.THREAT_MODEL_SIGNED and event["agent_id"] == agent.agent_id:
                known.add((str(event["digest"]), str(event["by"])))
    return worksheet(rules, agent, recorded.parts()), frozenset(known)


async def _sign(session: Session, sheet: Worksheet, *, by: str, note: str, as_json: bool) -> int:
    from datetime import UTC, datetime

    from aisecops.model.ids import AgentId
    from aisecops.model.record import Event, EventName
    from aisecops.ops.settings_read import environment
    from aisecops.ops.threat_model.signed import Signature, path_of, read_signed, write_signed
    from aisecops.ops.wiring.foundation import foundation

    printable = by.isprintable() and note.replace("\n", " ").isprintable()
    if not by.strip() or not printable or len(by) > MOST_NAME or len(note) > MOST_NOTE:
        mend = f"write a name in one line of at most {MOST_NAME} characters, and a note of at most {MOST_NOTE}"
        raise CommandError("this is no signature", mend, MISUSED)
    path = path_of(session.settings.paths.state, sheet.agent_id)
    read_signed(path)  # one that cannot be gone on with is said before anything is recorded
    async with foundation(session.settings, environment()) as base:
        if base.rules.current().policy_version != sheet.policy_version:
            raise CommandError("the rules changed while they were read", "read the worksheet again, then sign it")
        at = datetime.fromtimestamp(base.clock.now_ms() / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        signature = Signature(at=at, by=by.strip(), note=note, digest=sheet.digest, policy_version=sheet.policy_version)
        event = Event(
            event=EventName.THREAT_MODEL_SIGNED,
            agent_id=AgentId(sheet.agent_id),
            policy_version=sheet.policy_version,
            control=("AIS-OBS-01",),
            fields={"by": signature.by, "note": note, "digest": sheet.digest},
        )
        await base.record.append(event, durable=True)
    write_signed(path, sheet, signature)
    if as_json:
        show_json({"agent_id": sheet.agent_id, "path": str(path), **msgspec.to_builtins(signature)})
    else:
        click.echo(f"signed by {cell(signature.by)}: {path}")
    return WELL


def _check(
    session: Session, rules: RuleSet, sheet: Worksheet, known: frozenset[tuple[str, str]], *, as_json: bool
) -> int:
    from aisecops.ops.threat_model.review import problems
    from aisecops.ops.threat_model.signed import path_of, read_signed

    signed = read_signed(path_of(session.settings.paths.state, sheet.agent_id))
    found = tuple(problems(session.settings, rules, sheet, signed, known))
    if as_json:
        show_json({**_plain(sheet, signed), "ok": not found, "problems": found})
    else:
        for problem in found:
            click.echo(cell(problem))
        if not found and signed is not None:
            click.echo(f"`{sheet.agent_id}` is as {cell(signed.last.by)} signed it on {signed.last.at}")
    return FAILED if found else WELL


def _plain(sheet: Worksheet, signed: Signed | None) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(sheet)
    signatures = signed.signatures if signed else ()
    return {**plain, "digest": sheet.digest, "signatures": msgspec.to_builtins(signatures)}
