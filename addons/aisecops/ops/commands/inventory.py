"""`aisecops inventory`: every integration, declared and seen, and a person's yes to what has changed."""

from __future__ import annotations

import click

from aisecops.ops.session import Session, setting_flags


@click.group(invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.option("--sbom", is_flag=True, help="As a CycloneDX 1.6 document.")
@setting_flags("control", "paths")
@click.pass_context
def inventory(ctx: click.Context, as_json: bool, sbom: bool) -> None:
    """List every integration: state, owner, review, last use; or accept what has changed."""
    if ctx.invoked_subcommand is not None:
        return
    from aisecops.ops.client import ControlPlane
    from aisecops.ops.listing import show_json, show_rows
    from aisecops.ops.sbom import bill_of_materials

    session = ctx.find_object(Session)
    assert session is not None
    with ControlPlane.as_operator(session.settings) as control:
        told = control.get("/v1/integrations")
    if sbom:
        show_json(bill_of_materials(told["integrations"]))
    elif as_json:
        show_json(told)
    else:
        columns = ("name", "state", "owner", "review", "last_used_at")
        show_rows(told["integrations"], columns, nothing="nothing is declared, and nothing was used")


@inventory.command()
@click.argument("name")
@click.option("--reason", required=True, help="Why; it goes into the record.")
@click.option("--digest", default="", help="Which of several system prompts; without it, the newest.")
@setting_flags("control", "paths")
@click.pass_obj
def accept(session: Session, name: str, reason: str, digest: str) -> None:
    """Accept a changed MCP tool or system prompt as it is now."""
    from aisecops.ops.client import ControlPlane

    with ControlPlane.as_operator(session.settings) as control:
        body = {"name": name, "reason": reason, "digest": digest}
        told = control.post("/v1/integrations/accept", body)
    click.echo(f"{told['name']} {told['state']}")
