"""`aisecops token request` and `revoke`: asked of the control plane."""

from __future__ import annotations

from typing import Any

import click

from aisecops.ops.commands.approvals import named
from aisecops.ops.session import Session, setting_flags


@click.command()
@click.option("--run", "run_id", required=True, help="The run it is for.")
@click.option("--tool", required=True, help="The tool, as the rules name it.")
@click.option("--scope", required=True, help="What the tool may be used on.")
@click.option("--agent", help="Ask as this agent; without, as the operator.")
@click.option("--ttl", help="How long it shall live: 90s, 5m.")
@click.option("--uses", type=click.IntRange(min=1), help="How often it may be used.")
@click.option("--max-rows", type=click.IntRange(min=0), help="Narrower than the grant: rows.")
@click.option("--max-cost", type=click.FloatRange(min=0), help="Narrower than the grant: cost.")
@click.option("--json", "as_json", is_flag=True, help="The whole answer as JSON.")
@setting_flags("control", "paths")
@click.pass_obj
def request(session: Session, /, agent: str | None, as_json: bool, **asked: Any) -> None:
    """Ask for a capability token and print it."""
    from aisecops.ops.agents import chosen, credentials_of
    from aisecops.ops.client import ControlPlane
    from aisecops.ops.listing import show_json
    from aisecops.ops.session import MISUSED, CommandError

    settings = session.settings
    own = credentials_of(settings, chosen(settings, agent)) if agent else None
    if agent and own is None:
        raise CommandError(f"the secret of `{agent}` cannot be read here", "set it, or leave --agent out", MISUSED)
    constraints = {name: asked.pop(name) for name in ("max_rows", "max_cost")}
    body = {name: value for name, value in asked.items() if value is not None}
    body["constraints"] = {name: value for name, value in constraints.items() if value is not None}
    with ControlPlane.as_agent(settings, own) if own else ControlPlane.as_operator(settings) as control:
        told = control.post("/v1/tokens", body)
    if as_json:
        show_json(told)
        return
    click.echo(told["token"])


@click.command()
@click.argument("jti", required=False)
@click.option("--run", "run_id", help="Every token of this run.")
@click.option("--agent", "agent_id", help="Every token of this agent.")
@click.option("--key", "kid", help="Every token that this key signed.")
@click.option("--reason", default="", help="Why; it goes into the record.")
@setting_flags("control", "paths")
@click.pass_obj
def revoke(session: Session, /, jti: str | None, reason: str, **all_of: str | None) -> None:
    """Take back one token, by its JTI, or all of a run, an agent or a key; in force at once, everywhere.

    A whole token does for its JTI, which is all of it that goes to the control plane.
    """
    from aisecops.controls.tokens.chain import unproven_id
    from aisecops.ops.client import ControlPlane
    from aisecops.ops.session import MISUSED, CommandError

    chosen = {name: value for name, value in {"jti": jti, **all_of}.items() if value}
    if len(chosen) != 1:
        raise CommandError("what is to be revoked is not clear", "give a JTI, or one of --run, --agent, --key", MISUSED)
    [(kind, name)] = chosen.items()
    name = (unproven_id(name) if kind == "jti" else None) or name
    with ControlPlane.as_operator(session.settings) as control:
        if kind == "jti":
            control.post(f"/v1/tokens/{named(name)}/revoke", {"reason": reason})
        else:
            control.post("/v1/revocations", {kind: name, "reason": reason})
    click.echo(f"{name} revoked")
