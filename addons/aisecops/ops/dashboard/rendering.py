"""Templates, and how times, numbers and names read in them. Everything is escaped; an unknown name is a fault."""

from __future__ import annotations

import hashlib
import unicodedata
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any

import jinja2
from markupsafe import Markup

from aisecops import __version__

TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".woff2": "font/woff2",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}
NONE = "\N{EN DASH}"
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_LAID_OUT = frozenset("\n\t")
_SECOND, _MINUTE, _HOUR, _DAY = 1, 60, 3600, 86400
_TENTHS_BELOW = 10


def static_files() -> dict[str, bytes]:
    """Everything that pages load, by name: a handful of files, read once."""
    found: dict[str, bytes] = {}
    folder = files(__package__).joinpath("static")
    for one in folder.iterdir():
        if one.is_file():
            found[one.name] = one.read_bytes()
    return found


def templates(static: dict[str, bytes]) -> jinja2.Environment:
    """The environment that all pages are rendered in."""
    made = jinja2.Environment(
        loader=jinja2.PackageLoader(__package__),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=visible,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    digests = {name: hashlib.sha256(data).hexdigest()[:12] for name, data in static.items()}
    made.globals |= {
        "version": __version__,
        "static": lambda name: f"/static/{name}?v={digests[name]}",
        "nothing": NONE,
    }
    made.filters |= {
        "number": number,
        "percent": percent,
        "figure": figure,
        "ago": ago,
        "clock": clock,
        "day": day,
        "stretch": stretch,
        "lasted": lasted,
        "short": short,
        "plain": plain,
        "parts": parts,
    }
    return made


def visible(value: Any) -> Any:
    """`value` as it is written: what has no shape, or would turn what stands beside it around, is a mark.

    Agents choose much of what people decide by; a body must not read as another than the one that would leave.
    """
    if not isinstance(value, str) or isinstance(value, Markup) or value.isprintable():
        return value
    return "".join("\N{REPLACEMENT CHARACTER}" if _is_unseen(character) else character for character in value)


def _is_unseen(character: str) -> bool:
    return unicodedata.category(character) in _UNSEEN and character not in _LAID_OUT


def number(value: float | None, digits: int = 3) -> str:
    """`1,234` or `0.185`."""
    if value is None:
        return NONE
    return f"{value:,.{digits}f}".rstrip("0").rstrip(".") if value % 1 else f"{value:,.0f}"


def percent(value: float | None) -> str:
    """`99.5 %`, and never 100 for what is not all."""
    if value is None:
        return NONE
    shown = min(99.9, round(value * 100, 1)) if value < 1 else value * 100
    return f"{number(shown, 1)} %"


def figure(value: float | None, unit: str) -> str:
    """A figure as its unit is read."""
    match unit:
        case "ratio":
            return percent(value)
        case "seconds":
            return NONE if value is None else lasted(value * 1000)
        case _:
            return number(value, 3)


def stretch(at: str) -> str:
    """`2026-11-27 11:00`: the beginning of a stretch of time, as the record's own words have it."""
    return f"{at[:10]} {at[11:]}{':00' if len(at) == len('2026-11-27T11') else ''}".strip()


def lasted(ms: float) -> str:
    """`48 ms`, `1.5 s`, `3 min`."""
    seconds = ms / 1000
    if seconds < _SECOND:
        return f"{ms:.0f} ms"
    if seconds < _MINUTE:
        return f"{number(seconds, 1)} s"
    if seconds < _HOUR:
        return f"{seconds / _MINUTE:.0f} min"
    hours = seconds / _HOUR
    return f"{number(hours, 1) if hours < _TENTHS_BELOW else round(hours)} h"


def ago(at_s: float | None, now_s: float) -> str:
    """`12 s ago`, `in 3 min`."""
    if at_s is None:
        return "never"
    apart = now_s - at_s
    size, word = next(((s, w) for s, w in ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "min")) if abs(apart) >= s), (1, "s"))
    told = f"{abs(apart) / size:.0f} {word}"
    return f"in {told}" if apart < 0 else f"{told} ago"


def clock(at: float | str | None) -> str:
    """`11:20:43`; in UTC, like the record."""
    return _time(at).strftime("%H:%M:%S") if at is not None else NONE


def day(at: float | str | None) -> str:
    """`2026-11-27 11:20 UTC`."""
    return _time(at).strftime("%Y-%m-%d %H:%M UTC") if at is not None else NONE


def short(name: str | None, length: int = 6) -> str:
    """The end of an id, which is where ids differ; of a digest the beginning."""
    if not name:
        return NONE
    if name.startswith("sha256:"):
        return name[7 : 7 + 2 * length]
    return f"…{name[-length:]}"


def plain(name: str) -> str:
    """`human_approval_required` as words."""
    return name.replace("_", " ")


def parts(text: Any) -> Markup:
    """A text with its `quoted` parts as code."""
    said = visible(str(text))
    pieces = said.split("`")
    if len(pieces) % 2 == 0:  # a stray backtick is not ours
        return Markup.escape(said)
    shown = [
        Markup("<code>{}</code>").format(piece) if at % 2 else Markup.escape(piece) for at, piece in enumerate(pieces)
    ]
    return Markup("").join(shown)


def _time(at: float | str) -> datetime:
    return datetime.fromisoformat(at).astimezone(UTC) if isinstance(at, str) else datetime.fromtimestamp(at, UTC)
