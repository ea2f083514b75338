"""`aisecops doctor`: what is wrong here, and the mend."""

from __future__ import annotations

import click

from aisecops.ops.session import FAILED, WELL, Session, setting_flags


@click.command
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@setting_flags()
@click.pass_obj
def doctor(session: Session, as_json: bool) -> int:
    """Check rules, trust, keys, store, permissions, ports, clock and clients; exit 1 when something is wrong.

    A client that would go round the gateway is said, and is no fault of this installation.
    """
    from msgspec import to_builtins

    from aisecops.ops.doctor import examine
    from aisecops.ops.listing import show_json

    told = examine(session.settings)
    bad = [each for each in told if not each.well]
    if as_json:
        show_json({"well": not bad, "checks": [to_builtins(each) for each in told]})
        return FAILED if bad else WELL
    widest = max(len(each.check) for each in told)
    for each in told:
        mark = "BAD " if not each.well else "note" if each.warns else "ok  "
        click.echo(f"{mark} {each.check:{widest}}  {each.words}")
        if each.mend:
            click.echo(f"     {'':{widest}}  {each.mend}")
    return FAILED if bad else WELL
