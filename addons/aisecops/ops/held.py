"""A held step for the person who decides about it, in lines for a terminal.

Knows how the API tells of one. Nothing in it reaches the terminal as anything but printable text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import click

from aisecops.ops.listing import cell

_WIDTH = 10
_FACTORS = ("escalation", "trust", "stress")


def show_held(told: Mapping[str, Any]) -> None:
    """Print it, a line for each thing that is known of it."""
    for name, words in held_lines(told):
        click.echo(f"{name:{_WIDTH}}{cell(words)}" if words else cell(name))


def held_lines(told: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Name and words of each line; a name that is empty belongs to the line above."""
    yield told["approval_id"], ""
    until = cell(told["expires_at"], "expires_at")
    by = f", by {told['answered_by']}: {told['reason'] or 'no reason given'}" if told["answered_by"] else ""
    yield "state", f"{told['state']}{by}" if told["state"] != "pending" else f"pending until {until} UTC"
    yield from _named("asked by", (_asker(run) for run in told["asked_by"]))
    yield from _request(told["request"])
    yield from _named("why", (_reason(one) for one in told["evidence"] if not _is_path(one)))
    yield "risk", _risk(told["risk"])
    yield from _named("path", (str(one["detail"]) for one in told["evidence"] if _is_path(one)))
    yield from _named("like it", (_similar(one) for one in told["similar"]))


def _named(name: str, lines: Iterator[str]) -> Iterator[tuple[str, str]]:
    for line in lines:
        yield name, line
        name = ""


def _asker(run: Mapping[str, Any]) -> str:
    return f"{run['agent_id']} in {run['run_id']}, opened by {run['opened_by']}"


def _request(request: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    where = f"{request['method']} https://{request['host']}{request.get('path', '')}" if request["host"] else "a call"
    yield "request", f"{request['tool']} ({request['effect']}) on {request['scope']}"
    yield "", f"{where}, {request.get('size_bytes', 0)} bytes, {request['digest']}"
    if request.get("body"):
        yield "body", request["body"] + (" … (cut)" if request.get("cut") else "")
    yield from _named("found", (str(one) for one in request.get("found", ())))


def _reason(reason: Mapping[str, Any]) -> str:
    rule = f" ({reason['rule']})" if reason.get("rule") else ""
    return f"{reason['code']}: {reason['detail']}{rule}"


def _risk(risk: Mapping[str, Any]) -> str:
    total = f"{risk['before']:g} before, {risk['total']:g} with it; asked from {risk['approve_above']:g}"
    if "step" not in risk:
        return total
    terms = "".join(f" x {risk[name]:g} {name}" for name in _FACTORS if risk[name] != 1)
    return f"{risk['step']:g} = {risk['base']:g} base{terms}; {total}, halted from {risk['halt_above']:g}"


def _similar(one: Mapping[str, Any]) -> str:
    same = "the same request" if one["same_request"] else f"on {one['scope']}"
    said = f" by {one['answered_by']}: {one['reason'] or 'no reason given'}" if one["answered_by"] else ""
    came = f"; {one['outcome']}" if one["outcome"] else ""
    return f"{cell(one['opened_at'], 'opened_at')}  {one['state']}{said}, {same}{came}"


def _is_path(one: Mapping[str, Any]) -> bool:
    return one["code"] in {"provenance", "proposal"}
