"""`aisecops telemetry`: the record to a collector, under `aisecops up` or beside a gateway that runs alone."""

from __future__ import annotations

from pathlib import Path

import click

from aisecops.ops.session import Session, setting_flags


@click.command
@setting_flags()
@click.option("--from-now", is_flag=True, help="Leave out what is recorded already.")
@click.option("--supervised-by", "lifeline", type=int, hidden=True)
@click.pass_obj
def telemetry(session: Session, from_now: bool, lifeline: int | None) -> int:
    """Follow the record and send it to `telemetry.otlp`: every event as a log record, every run as a trace.

    It goes on where it stopped. `aisecops up` starts it by itself when the setting is there, and then the metrics are
    sent too.
    """
    from aisecops.ops import lifeline as lifelines
    from aisecops.ops import logs
    from aisecops.ops.metrics import FOLDER_VARIABLE
    from aisecops.ops.settings_read import environment
    from aisecops.ops.telemetry.serve import run_telemetry

    settings = session.settings
    logs.configure(settings.log.format, "telemetry")
    folder = environment().get(FOLDER_VARIABLE)
    numbers = Path(folder) if folder else None
    if lifeline is not None:
        ready = lifelines.hold(lifeline, drain_seconds=settings.drain_seconds)
        return run_telemetry(settings, ready, numbers=numbers, from_now=from_now)
    return run_telemetry(
        settings, lambda url: click.echo(f"aisecops ready telemetry={url}"), numbers=numbers, from_now=from_now
    )
