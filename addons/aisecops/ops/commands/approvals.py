"""`aisecops approvals`: held steps, and a person's answer to them."""

from __future__ import annotations

import click

from aisecops.ops.session import Session, setting_flags

STATES = ("pending", "approved", "denied", "expired", "used")


@click.group()
def approvals() -> None:
    """Held steps: list, show, approve, deny."""


@approvals.command("list")
@click.option("--state", type=click.Choice(STATES), help="Only those.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@setting_flags("control", "paths")
@click.pass_obj
def list_approvals(session: Session, state: str | None, as_json: bool) -> None:
    """List held steps, newest first."""
    from aisecops.ops.client import ControlPlane
    from aisecops.ops.listing import show_json, show_rows

    with ControlPlane.as_operator(session.settings) as control:
        told = control.get("/v1/approvals", **({"state": state} if state else {}))
    if as_json:
        show_json(told)
        return
    columns = ("approval_id", "state", "agent_id", "tool", "run_id", "expires_at")
    show_rows(told["approvals"], columns, nothing="nothing is held")


@approvals.command()
@click.argument("approval")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@setting_flags("control", "paths")
@click.pass_obj
def show(session: Session, approval: str, as_json: bool) -> None:
    """Show a held step: the exact request, who asks, its risk, why, where its values come from, the last like it."""
    from aisecops.ops.client import ControlPlane
    from aisecops.ops.held import show_held
    from aisecops.ops.listing import show_json

    with ControlPlane.as_operator(session.settings) as control:
        told = control.get(f"/v1/approvals/{named(approval)}")
    (show_json if as_json else show_held)(told)


@approvals.command()
@click.argument("approval")
@click.option("--reason", default="", help="Why; it goes into the record.")
@setting_flags("control", "paths")
@click.pass_obj
def approve(session: Session, approval: str, reason: str) -> None:
    """Let exactly this request pass, once."""
    _answer(session, approval, "approve", reason)


@approvals.command()
@click.argument("approval")
@click.option("--reason", default="", help="Why; it goes into the record.")
@setting_flags("control", "paths")
@click.pass_obj
def deny(session: Session, approval: str, reason: str) -> None:
    """Refuse it for good."""
    _answer(session, approval, "deny", reason)


def _answer(session: Session, approval: str, decision: str, reason: str) -> None:
    from aisecops.ops.client import ControlPlane

    with ControlPlane.as_operator(session.settings) as control:
        told = control.post(f"/v1/approvals/{named(approval)}", {"decision": decision, "reason": reason})
    click.echo(f"{told['approval_id']} {told['state']}")


def named(text: str) -> str:
    """A name as one segment of a path, whatever was typed."""
    from urllib.parse import quote

    return quote(text, safe="")
