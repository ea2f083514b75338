"""`aisecops control`: the control plane, alone or under `aisecops up`."""

from __future__ import annotations

import socket

import click

from aisecops.ops.session import Session, setting_flags


@click.command
@setting_flags()
@click.option("--supervised-by", "lifeline", type=int, hidden=True)
@click.option("--listening-on", "listener", type=int, hidden=True)
@click.pass_obj
def control(session: Session, lifeline: int | None, listener: int | None) -> int:
    """Run the control plane: token service, approvals, runs, API."""
    from aisecops.ops import lifeline as lifelines
    from aisecops.ops import logs
    from aisecops.ops.control import run_control
    from aisecops.ops.descriptors import check_descriptors

    settings = session.settings
    logs.configure(settings.log.format, "control")
    check_descriptors()
    if lifeline is not None and listener is not None:
        held = lifelines.hold(lifeline, drain_seconds=settings.drain_seconds)
        return run_control(settings, held, socket.socket(fileno=listener))
    return run_control(settings, lambda url: click.echo(f"aisecops ready control={url}"))
