"""`aisecops env`: the variables that make clients use and trust the gateway."""

from __future__ import annotations

import click

from aisecops.ops.session import Session, setting_flags


@click.command
@click.option("--agent", help="Put this agent's credentials into the proxy URL.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["sh", "fish", "powershell", "dotenv", "json"]),
    default="sh",
    show_default=True,
    help="Who shall read it.",
)
@setting_flags()
@click.pass_obj
def env(session: Session, agent: str | None, form: str) -> None:
    """Print the variables: `eval "$(aisecops env --agent support-bot)"`.

    Without a secret of the agent's that can be read here, a run is opened for it and its credentials are used.
    """
    from aisecops.ops.environment import made_trust, variables, written

    settings = session.settings
    credentials = None
    if agent is not None:
        from aisecops.ops.agents import chosen, credentials_of
        from aisecops.ops.opened import open_run

        rule = chosen(settings, agent)
        credentials = credentials_of(settings, rule) or open_run(settings, rule, parent=None).credentials
    click.echo(written(variables(settings, made_trust(settings), credentials), form))
