"""`aisecops up`: everything on this machine."""

from __future__ import annotations

import click

from aisecops.ops.session import Session, setting_flags


@click.command
@setting_flags()
@click.pass_obj
def up(session: Session) -> int:
    """Run the control plane, the gateway workers and metrics; stop on Ctrl-C or SIGTERM."""
    import asyncio

    from aisecops.ops import logs
    from aisecops.ops.descriptors import check_descriptors
    from aisecops.ops.supervise import Supervisor, alone

    settings = session.settings
    logs.configure(settings.log.format, "up")
    check_descriptors()

    async def supervised() -> int:
        return await Supervisor(settings, click.echo).run()

    with alone(settings.paths.state):
        return asyncio.run(supervised())
