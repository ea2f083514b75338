"""`aisecops gateway`: one gateway process, alone or as a worker of `aisecops up`."""

from __future__ import annotations

import click

from aisecops.ops.session import Session, setting_flags


@click.command
@setting_flags()
@click.option("--supervised-by", "lifeline", type=int, hidden=True)
@click.pass_obj
def gateway(session: Session, lifeline: int | None) -> int:
    """Run one gateway process; it serves its own metrics."""
    from aisecops.ops import lifeline as lifelines
    from aisecops.ops import logs
    from aisecops.ops.descriptors import check_descriptors
    from aisecops.ops.serve import run_gateway

    settings = session.settings
    logs.configure(settings.log.format, "gateway")
    check_descriptors()
    if lifeline is not None:
        return run_gateway(settings, lifelines.hold(lifeline, drain_seconds=settings.drain_seconds))

    from aisecops.ops.metrics import Scrape, process_metrics

    scrape = Scrape(settings.metrics, process_metrics().registry)
    metrics_url = f"{settings.metrics.scheme}://{settings.metrics.listen.reachable.host}:{scrape.port}/metrics"
    try:
        return run_gateway(settings, lambda url: click.echo(f"aisecops ready proxy={url} metrics={metrics_url}"))
    finally:
        scrape.close()
