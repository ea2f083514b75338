"""What stands in addresses and forms: whole numbers from zero on, and reasons that are no longer than the API's."""

from __future__ import annotations

from starlette.requests import Request

from aisecops.ops.dashboard.gate import form_of

MOST_DIGITS = 15
MAX_REASON = 2000


def number_in(text: str) -> int:
    """The number that `text` is; 0 for anything else."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= MOST_DIGITS else 0


def whole_number(request: Request, name: str) -> int:
    """The number that the address gives under `name`; 0 when it gives none."""
    return number_in(request.query_params.get(name, ""))


async def reason_of(request: Request) -> str:
    """The reason that somebody typed into a form; empty when there is none."""
    return (await form_of(request)).get("reason", "").strip()[:MAX_REASON]
