"""`aisecops declare`: the signed conformance declaration (spec 21.3), and its check on any machine."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import click

from aisecops.ops.listing import cell, show_json
from aisecops.ops.session import FAILED, MISUSED, WELL, CommandError, Session, setting_flags

if TYPE_CHECKING:
    from aisecops.ops.maturity.assess import Assessment

MOST_NAME = 200


@click.group(invoke_without_command=True)
@setting_flags("paths")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write it here; without it, to stdout.")
@click.option("--organisation", default="", metavar="NAME", help="Who declares.")
@click.pass_context
def declare(ctx: click.Context, out: Path | None, organisation: str) -> None:
    """Sign what `aisecops maturity` says now: level, coverage, date of the last evaluation, known gaps."""
    if ctx.invoked_subcommand is not None:
        return
    if not organisation.isprintable() or len(organisation) > MOST_NAME:
        raise CommandError("this is no name", f"write one line of at most {MOST_NAME} characters", MISUSED)
    session = ctx.find_object(Session)
    assert session is not None
    document, now, fingerprint = asyncio.run(_declared(session, organisation.strip()))
    if out is None:
        click.echo(document, nl=False)
    else:
        out.write_bytes(document)
    click.echo(f"Level {now.level}, coverage {now.coverage:.0%}, signed with {fingerprint}", err=True)
    click.echo("publish that fingerprint where your readers trust it: they pin it with --key", err=True)


async def _declared(session: Session, organisation: str) -> tuple[bytes, Assessment, str]:
    from aisecops.ops.settings_read import environment
    from aisecops.ops.wiring.foundation import foundation
    from aisecops.ops.wiring.maturity import declare_now

    async with foundation(session.settings, environment()) as base:
        return await declare_now(base, organisation=organisation)


@declare.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--key", "pinned", default="", metavar="FINGERPRINT", help="The key that must have signed it.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def verify(file: Path, pinned: str, as_json: bool) -> int:
    """Check a declaration: offline, on any machine. Exit code 1 names each figure that is not as it was signed."""
    from aisecops.model.errors import WireError
    from aisecops.ops.maturity.declaration import checked

    try:
        found = checked(file.read_bytes(), pinned=pinned)
    except OSError as failed:
        raise CommandError(f"`{file}` cannot be read: {failed.strerror or failed}", "name a file", MISUSED) from None
    except WireError as error:
        raise CommandError(
            f"`{file}` cannot be verified: {error.detail}", "get it again from who published it"
        ) from None
    if as_json:
        show_json(
            {
                "ok": not found.problems,
                "pinned": bool(pinned),
                "fingerprint": found.fingerprint,
                "problems": found.problems,
                "declaration": found.figures,
            }
        )
    elif found.problems:
        for problem in found.problems:
            click.echo(cell(problem))
    else:
        click.echo(f"as it was signed: Level {cell(found.figures['level'])}, {cell(found.figures['at'])}")
        click.echo(
            f"by the pinned key {found.fingerprint}"
            if pinned
            else f"by {found.fingerprint}: anybody can make a key; pin the one you were told of with --key"
        )
    return FAILED if found.problems else WELL
