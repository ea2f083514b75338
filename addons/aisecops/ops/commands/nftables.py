"""`aisecops nftables`: the rules that send an agent's traffic to the gateway or nowhere."""

from __future__ import annotations

import click

from aisecops.ops.session import Session, setting_flags


@click.command
@click.option(
    "--agents-interface",
    "agents",
    multiple=True,
    required=True,
    metavar="NAME",
    help="A network interface that agents are behind; may be given again.",
)
@click.option("--keep-forwarding", is_flag=True, help="Leave alone what this machine forwards for others.")
@setting_flags("proxy")
@click.pass_obj
def nftables(session: Session, agents: tuple[str, ...], keep_forwarding: bool) -> None:
    """Print rules for `nft -f -`: agents on these interfaces reach the gateway and nothing else.

    Ports are those of `proxy.listen` and `proxy.dns`. Printing changes nothing; docs/transparent.md tells the rest.
    """
    from aisecops.ops.redirects import ruleset

    proxy = session.settings.proxy
    if not proxy.transparent:
        click.echo("aisecops: proxy.transparent is false; without it the gateway refuses what is redirected", err=True)
    click.echo(
        ruleset(
            agents,
            proxy_port=proxy.listen.port,
            dns_port=proxy.dns.port if proxy.dns else None,
            keep_forwarding=keep_forwarding,
        ),
        nl=False,
    )
