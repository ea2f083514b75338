"""`aisecops people`: who may speak to the control plane; `aisecops login`: which of them asks for a command."""

from __future__ import annotations

import sys

import click

from aisecops.ops.session import MISUSED, CommandError, Session, setting_flags

ROLES = ("viewer", "approver", "operator")


@click.group()
def people() -> None:
    """Who may speak to the control plane: list, add, secret, remove."""


@people.command("list")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@setting_flags("paths")
@click.pass_obj
def list_people(session: Session, as_json: bool) -> None:
    """Show everybody whom the rules name, how they come in, and who is on duty."""
    from aisecops.adapters.system.clock import SystemClock
    from aisecops.adapters.system.rule_secrets import RuleSecrets
    from aisecops.controls.policy.duty import on_duty
    from aisecops.ops.listing import show_json, show_rows
    from aisecops.ops.people import rules_now
    from aisecops.ops.settings_read import environment

    now_ms = SystemClock().now_ms()
    secrets = RuleSecrets(environment(), session.settings.paths.rules)
    rows = [
        {
            "name": one.name,
            "role": one.role.value,
            "secret": "none" if not one.secret else "set" if secrets.secret(one.secret) else "not set",
            "login": one.login or None,
            "slack": one.slack or None,
            "on_duty": on_duty(one.duty, now_ms=now_ms) if one.duty else None,
            "place": str(one.place),
        }
        for one in rules_now(session.settings).people.values()
    ]
    if as_json:
        show_json({"people": rows})
    else:
        columns = ("name", "role", "secret", "login", "slack", "on_duty", "place")
        show_rows(rows, columns, nothing="the rules name nobody; the operator has the secret in the state folder")


@people.command()
@click.argument("name")
@click.option("--role", type=click.Choice(ROLES), required=True, help="What they may do.")
@click.option("--duty", multiple=True, help="When they answer, such as `Mo-Fr 08:00-18:00 Europe/Berlin`.")
@click.option("--login", default="", help="What the OpenID provider calls them.")
@click.option("--slack", default="", help="Their member id at Slack.")
@click.option("--no-secret", is_flag=True, help="They come in by other ways alone.")
@setting_flags("paths")
@click.pass_obj
def add(  # noqa: PLR0917 - one argument for each option
    session: Session, name: str, role: str, duty: tuple[str, ...], login: str, slack: str, no_secret: bool
) -> None:
    """Name somebody in the rules, and make a secret for them, shown this once."""
    from aisecops.ops.people import added

    fields = {"role": role, "duty": duty, "login": login, "slack": slack}
    secret = added(session.settings, name, fields, secret=not no_secret)
    click.echo(f"`{name}` is {'an' if role[0] in 'ao' else 'a'} {role} (people/{name}.yaml in the rules)", err=True)
    _tell(secret)


@people.command()
@click.argument("name")
@setting_flags("paths")
@click.pass_obj
def secret(session: Session, name: str) -> None:
    """Make a new secret for somebody, shown this once; the one before opens nothing from now on."""
    from aisecops.ops.people import has_kept_secret, new_secret, person_named, rules_now

    person = person_named(rules_now(session.settings), name)
    if not has_kept_secret(session.settings, person):
        where = f"`{person.secret}`" if person.secret else "nowhere"
        raise CommandError(f"the secret of `{name}` is {where}, not one that was made here", "change it there", MISUSED)
    _tell(new_secret(session.settings, name))


@people.command()
@click.argument("name")
@setting_flags("paths")
@click.pass_obj
def remove(session: Session, name: str) -> None:
    """Take somebody out of the rules, with their secret."""
    from aisecops.ops.people import person_named, removed, rules_now

    removed(session.settings, person_named(rules_now(session.settings), name))
    click.echo(f"`{name}` is nobody here any more", err=True)


@click.command()
@setting_flags("control", "paths")
@click.pass_obj
def login(session: Session) -> None:
    """Be somebody for the commands in this folder: asks for their secret, and keeps it for the owner alone.

    Where nobody is at a terminal it is read from what is piped in.
    """
    from aisecops.ops.client import ControlPlane

    typed = click.prompt("secret", hide_input=True, err=True) if sys.stdin.isatty() else sys.stdin.readline()
    given = typed.strip()
    with ControlPlane.with_secret(session.settings, given) as control:
        told = control.get("/v1/me")
    ControlPlane.keep(session.settings, given)
    click.echo(f"{told['name']}, {told['role']}")


@click.command()
@setting_flags("paths")
@click.pass_obj
def logout(session: Session) -> None:
    """Be nobody but the operator of this state folder again."""
    from aisecops.ops.client import ControlPlane

    if not ControlPlane.forget(session.settings):
        click.echo("nobody was logged in", err=True)


def _tell(secret: str) -> None:
    if secret:
        click.echo("the secret, shown this once:", err=True)
        click.echo(secret)
