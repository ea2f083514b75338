"""`aisecops store`: the store on a Redis or Valkey server, looked at and begun anew. Nothing else needs to run."""

from __future__ import annotations

import asyncio

import click

from aisecops.ops.session import FAILED, MISUSED, WELL, CommandError, Session, setting_flags


@click.group()
def store() -> None:
    """The store on a Redis or Valkey server."""


@store.command
@setting_flags("store", "paths")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_obj
def status(session: Session, as_json: bool) -> int:
    """Say whether the store can be used; exit 1 when it may not be asked, 3 when it cannot."""
    from msgspec import to_builtins

    from aisecops.adapters.store.redis.server import seen
    from aisecops.ops.listing import show_json
    from aisecops.ops.settings_read import environment
    from aisecops.ops.wiring.stores import known_store

    _is_on_a_server(session)
    settings = session.settings
    place = settings.store.place(environment())
    looked = asyncio.run(seen(place, known_store(settings.store_id)))
    code = FAILED if looked.wrong else WELL
    if as_json:
        show_json({"server": str(place), "usable": not looked.wrong} | to_builtins(looked))
        return code
    click.echo(
        f"{place}  {looked.store_id or ('no store' if looked.wrong else 'no store yet; the first start makes it')}"
    )
    click.echo(looked.wrong or "can be used")
    for note in looked.notes:
        click.echo(f"note: {note.words}\n      {note.mend}")
    return code


@store.command
@setting_flags("store", "paths")
@click.option("--yes", is_flag=True, help="Do it.")
@click.pass_obj
def begin(session: Session, yes: bool) -> None:
    """Go on with whatever the server has, after it was emptied or has lost writes.

    Budgets, halts, revocations and approvals that are gone stay gone: revoke and halt again what must be.
    """
    from aisecops.adapters.store.redis.server import begun
    from aisecops.ops.settings_read import environment
    from aisecops.ops.wiring.stores import known_store, remember_store

    _is_on_a_server(session)
    if not yes:
        raise CommandError(
            "what the store has lost would be gone for good: budgets begin anew, revocations and halts are not there",
            "restore it from a backup if there is one; else say `aisecops store begin --yes`",
            MISUSED,
        )
    settings = session.settings
    known_id = known_store(settings.store_id)
    store_id = asyncio.run(begun(settings.store.place(environment()), known_id))
    if not known_id:
        remember_store(settings.store_id, store_id)
    click.echo(f"{store_id} goes on; every gateway that uses it takes it up by itself")


def _is_on_a_server(session: Session) -> None:
    if session.settings.store.is_sqlite:
        raise CommandError("the store is the SQLite file of this machine", "`aisecops doctor` looks at it", MISUSED)
