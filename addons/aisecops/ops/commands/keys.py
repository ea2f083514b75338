"""`aisecops keys`: the keys that sign capability tokens, and those that sign rules. Works on the files alone."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from typing import IO

import click
import orjson

from aisecops.adapters.system.clock import SystemClock
from aisecops.adapters.system.files import PRIVATE, write_whole
from aisecops.adapters.system.keys import DEFAULT_OVERLAP_S, KeyFolder, in_use
from aisecops.adapters.system.signing import TOKEN_KEY, make_key, public_path
from aisecops.controls.tokens.jwks import PublicKey
from aisecops.ops.session import CommandError, Session
from aisecops.ops.settings_read import environment

_UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_DURATION = re.compile(r"(\d{1,6})([smhd])")


def certs_of(ctx: click.Context, param: click.Parameter, named: Path | None) -> Path:
    """The folder named on the command line, else the one of the settings."""
    del param
    session = ctx.find_object(Session)
    return named or (session.settings.paths.certs if session else Path("certs"))


certs_option = click.option(
    "--certs",
    type=click.Path(path_type=Path, file_okay=False),
    callback=certs_of,
    help="The folder with the keys, if not that of the settings.",
)


def seconds_of(ctx: click.Context, param: click.Parameter, text: str) -> int:
    """The option's duration, `90s`, `15m`, `1h` or `2d`, in seconds."""
    found = _DURATION.fullmatch(text)
    if found is None:
        raise click.BadParameter(f"`{text}` is not a duration; write `90s`, `15m`, `1h` or `2d`", ctx, param)
    return int(found[1]) * _UNITS_S[found[2]]


@click.group()
def keys() -> None:
    """Signing keys of capability tokens and of rules."""


@keys.command("list")
@certs_option
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def list_keys(certs: Path, as_json: bool) -> None:
    """Show every key that signs or still verifies."""
    clock = SystemClock()
    now_s = clock.now_ms() // 1000
    published = KeyFolder(certs, clock).published()
    used = in_use(published)
    listed = [
        {"kid": key.kid, "state": _state(key, used, now_s), "made_at": key.iat, "ends_at": key.exp} for key in published
    ]
    if as_json:
        click.echo(orjson.dumps({"keys": listed}, option=orjson.OPT_INDENT_2))
        return
    for key in published:
        ends = "" if key.exp is None else f"  until {when(key.exp)}"
        click.echo(f"{key.kid}  {_state(key, used, now_s):9}  made {when(key.iat)}{ends}")


@keys.command()
@certs_option
@click.option(
    "--overlap",
    callback=seconds_of,
    default="15m",
    show_default=True,
    help="How long the old key still verifies; 0s after a theft.",
)
def rotate(certs: Path, overlap: int) -> None:
    """Make a new signing key. What runs takes it up by itself, within seconds."""
    if TOKEN_KEY in environment():
        raise CommandError(
            f"the key that signs is in {TOKEN_KEY}, and one made here would take its place until the next start",
            "put another key there and start the control plane anew; the old one verifies for 15 minutes more",
        )
    new = KeyFolder(certs, SystemClock()).rotate(overlap_s=overlap)
    click.echo(f"{new.kid} signs from now on")
    if overlap < DEFAULT_OVERLAP_S:
        click.echo("tokens that older keys have signed may be refused before they end", err=True)


@keys.command("export")
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), required=True, help="The file to write.")
@click.option("--gateway", is_flag=True, help="For a machine that only runs gateways: it can sign no token.")
@click.pass_context
def export_keys(ctx: click.Context, output: Path, gateway: bool) -> None:
    """Write what other machines on the same store need: authority, keys, secrets. Makes what is missing."""
    from aisecops.ops.shared_keys import packed

    data = packed(ctx.ensure_object(Session).settings.paths, SystemClock(), signs=not gateway)
    write_whole(output, data, mode=PRIVATE)
    held = "the authority that agents trust" if gateway else "the installation"
    click.echo(f"{output}: whoever has it has {held}; carry it safely, and remove it then", err=True)


@keys.command("import")
@click.argument("file", type=click.File("rb"))
@click.pass_context
def import_keys(ctx: click.Context, file: IO[bytes]) -> None:
    """Take what `aisecops keys export` wrote on another machine; before the first start here. - is standard input."""
    from aisecops.ops.shared_keys import MAX_BYTES, unpacked

    new = unpacked(ctx.ensure_object(Session).settings.paths, file.read(MAX_BYTES + 1))
    click.echo(f"{len(new)} files taken" if new else "all of it is here already")


@keys.command()
@click.argument("file", type=click.Path(path_type=Path))
def make(file: Path) -> None:
    """Make a key that signs rules: FILE for whoever signs, its `.jwks.json` for whoever shall believe it."""
    new = make_key(file, now_s=SystemClock().now_ms() // 1000)
    click.echo(f"{new.kid}\n{file}: keep it where rules are signed\n{public_path(file)}: name it in rules.signed_by")


def when(seconds: int) -> str:
    """A time for people, in UTC."""
    return dt.datetime.fromtimestamp(seconds, dt.UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _state(key: PublicKey, used: PublicKey, now_s: int) -> str:
    if key.kid == used.kid:
        return "signs"
    return "verifies" if key.accepted(now_s) else "ended"
