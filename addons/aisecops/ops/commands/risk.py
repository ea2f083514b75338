"""`aisecops risk`: what live signals have moved of agents' risk, why, and the way back."""

from __future__ import annotations

import click

from aisecops.ops.session import Session, setting_flags


@click.group()
def risk() -> None:
    """Risk that moves with what happens (`risk.adaptive` in the rules): list, reset."""


@risk.command("list")
@click.option("--agent", help="Only this agent's.")
@click.option("--json", "as_json", is_flag=True, help="As JSON, with the newest moves of each.")
@setting_flags("control", "paths")
@click.pass_obj
def list_risk(session: Session, agent: str | None, as_json: bool) -> None:
    """List by how much base risk and trust factor are moved, for each agent and tool, and why last."""
    from aisecops.ops.client import ControlPlane
    from aisecops.ops.listing import show_json, show_rows

    with ControlPlane.as_operator(session.settings) as control:
        told = control.get("/v1/risk")["moved"]
    found = [one for one in told if agent in (None, one["agent_id"])]
    if as_json:
        show_json({"moved": found})
        return
    rows = [one | {"tool": one["tool"] or "all", "why": one["moves"][-1]["why"]} for one in found]
    show_rows(rows, ("agent_id", "tool", "base", "trust", "why"), nothing="nothing was moved")


@risk.command()
@click.argument("agent")
@click.argument("tool", default="")
@click.option("--reason", required=True, help="Why; it goes into the record.")
@setting_flags("control", "paths")
@click.pass_obj
def reset(session: Session, agent: str, tool: str, reason: str) -> None:
    """Take back what was moved of AGENT's risk with TOOL; without one, with whatever it does."""
    from aisecops.ops.client import ControlPlane

    with ControlPlane.as_operator(session.settings) as control:
        control.post("/v1/risk/reset", {"agent_id": agent, "tool": tool, "reason": reason})
    click.echo(f"{agent} {tool or 'all'} as the rules say")
