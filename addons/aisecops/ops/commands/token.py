"""`aisecops token`: capability tokens. `inspect` reads one, offline; nothing needs to run."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click
import orjson

from aisecops.adapters.system.clock import SystemClock
from aisecops.adapters.system.keys import PublicKeys
from aisecops.controls.tokens.chain import LINK, authentic_chain, links
from aisecops.controls.tokens.claims import read_claims, rfc3339, write_claims
from aisecops.controls.tokens.codec import UnverifiedToken
from aisecops.controls.tokens.verify import signature_holds, timely
from aisecops.model.errors import ConfigError, WireError
from aisecops.model.facts import TokenFacts
from aisecops.model.grant import Claims
from aisecops.ops.commands.keys import certs_option
from aisecops.ops.commands.token_service import request, revoke
from aisecops.ops.session import FAILED, CommandError

_MEND = "request a new one"


@click.group()
def token() -> None:
    """Capability tokens."""


token.add_command(request)
token.add_command(revoke)


@token.command()
@click.argument("text", metavar="TOKEN|-")
@certs_option
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def inspect(text: str, certs: Path, as_json: bool) -> int:
    """Print what a token says, whether its signature is good, and whether it is in time.

    With `-` it is read from standard input, which keeps it out of the shell's history.
    """
    whole = (sys.stdin.read() if text == "-" else text).strip()
    unverified = UnverifiedToken.parse(links(whole)[0])
    if isinstance(unverified, TokenFacts):
        raise CommandError(f"not a capability token: {unverified.detail}", _MEND)
    try:
        claims = read_claims(unverified.payload, unverified.kid)
    except WireError as error:
        raise CommandError(f"not a capability token: {error.detail}", _MEND) from None
    clock = SystemClock()
    signature = _signature(unverified, certs, clock)
    if LINK in whole:
        claims = _narrowed(whole, claims)
    untimely = timely(claims, now_s=clock.now_ms() // 1000)
    time = "in time" if untimely is None else untimely.detail
    click.echo(_as_json(claims, signature, time) if as_json else _for_people(claims, signature, time))
    return 0 if signature == "good" and untimely is None else FAILED


def _narrowed(whole: str, issued: Claims) -> Claims:
    """The claims of the last child of a chain. Raises `CommandError` unless each is what its parent's holder made."""
    found = authentic_chain(whole, lambda _first: issued)
    if isinstance(found, TokenFacts):
        raise CommandError(f"the token was narrowed, and not soundly: {found.detail} ({found.fault})", _MEND)
    return found


def _signature(unverified: UnverifiedToken, certs: Path, clock: SystemClock) -> str:
    try:
        known = PublicKeys(certs / "jwks.json", clock).verify_keys()
    except ConfigError as error:
        return f"not checked: {error}"
    return "good" if signature_holds(unverified, known) else "bad: no key in use has signed it"


def _as_json(claims: Claims, signature: str, time: str) -> bytes:
    said: dict[str, Any] = orjson.loads(write_claims(claims))
    return orjson.dumps(
        {"signature": signature, "time": time, "kid": claims.kid, "claims": said}, option=orjson.OPT_INDENT_2
    )


def _for_people(claims: Claims, signature: str, time: str) -> str:
    """Each claim on a line, under the name it has in the token."""
    said: dict[str, Any] = orjson.loads(write_claims(claims))
    constraints: dict[str, Any] = said.pop("constraints")
    shown: dict[str, Any] = {"signature": signature, "time": time, "kid": claims.kid} | said
    shown |= {f"constraints.{name}": value for name, value in constraints.items()}
    shown |= {name: f"{said[name]}  {rfc3339(said[name])}" for name in ("iat", "nbf", "exp")}
    widest = max(map(len, shown))
    return "\n".join(f"{name:{widest}}  {_safe(value)}" for name, value in shown.items())


def _safe(value: Any) -> str:
    """`value` without anything a terminal would obey: nobody has vouched for it yet."""
    text = value if isinstance(value, str) else orjson.dumps(value).decode()
    return "".join(char if char.isprintable() else "\ufffd" for char in text)
