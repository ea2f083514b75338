"""`aisecops config`: the settings in force and where each came from."""

from __future__ import annotations

from urllib.parse import urlsplit

import click

from aisecops.ops.session import Session, setting_flags


@click.command
@setting_flags()
@click.option("--json", "as_json", is_flag=True, help="As JSON: value and origin of each key.")
@click.pass_obj
def config(session: Session, as_json: bool) -> None:
    """Print the settings in force and where each came from."""
    from aisecops.ops.settings_keys import KEYS, plain, value_of

    settings = session.settings
    values = {name: _without_password(plain(value_of(settings, name))) for name in KEYS}
    if as_json:
        import orjson

        listed = {name: {"value": value, "origin": settings.origins[name]} for name, value in values.items()}
        click.echo(orjson.dumps(listed, option=orjson.OPT_INDENT_2))
        return
    shown = {name: _shown(value) for name, value in values.items()}
    widest = max(map(len, shown)), min(40, max(map(len, shown.values())))  # one long value moves no other line
    for name, value in shown.items():
        click.echo(f"{name:{widest[0]}}  {value:{widest[1]}}  {settings.origins[name]}")


def _without_password(value: object) -> object:
    """A URL without the password in it: what is printed ends up in tickets."""
    if not isinstance(value, str) or "@" not in value or not (password := urlsplit(value).password):
        return value
    return value.replace(f":{password}@", ":...@")


def _shown(value: object) -> str:
    if value in (None, [], {}):
        return "-"
    match value:
        case bool():
            return str(value).lower()
        case list():
            return ", ".join(map(str, value))
        case dict():
            return ", ".join(f"{name}={address}" for name, address in value.items())
        case _:
            return str(value)
