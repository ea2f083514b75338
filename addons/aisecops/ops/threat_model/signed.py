"""A signed worksheet as a file that people read and version control shows the changes of: `AGENT.md`.

Three parts: the rules part as it was signed, the record at that time, and every signature there ever was.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from aisecops.adapters.system.files import PRIVATE, locked, made_folder, write_whole
from aisecops.model.errors import ConfigError
from aisecops.model.value import Value
from aisecops.ops.threat_model.recorded import SECTION as RECORDED
from aisecops.ops.threat_model.worksheet import Worksheet, as_text, digest_of

_SIGNATURES = "## Signatures"
_BEFORE_SIGNATURES = f"\n{_SIGNATURES}\n"
_AFTER_RULES = f"\n## {RECORDED}\n"


class Signature(Value):
    """Who signed which rules part when (UTC), under which rules, and what they said."""

    at: str
    by: str
    note: str
    digest: str
    policy_version: str


class Signed(Value):
    """A signed worksheet: the rules part as it stands in the file, and the signatures, oldest first, at least one."""

    rules: str
    signatures: tuple[Signature, ...]

    @property
    def last(self) -> Signature:
        """The signature that counts."""
        return self.signatures[-1]

    @property
    def is_intact(self) -> bool:
        """True when the rules part is what was signed."""
        return digest_of(self.rules) == self.last.digest


def path_of(state: Path, agent_id: str) -> Path:
    """Where an agent's signed worksheet is kept; an agent's name is a file's name too."""
    return state / "threat-models" / f"{agent_id}.md"


def as_markdown(sheet: Worksheet, signatures: tuple[Signature, ...] = ()) -> str:
    """The whole worksheet."""
    head = f"# Threat model of `{sheet.agent_id}`\n\nRules {sheet.policy_version}, facts {sheet.digest}.\n"
    signed = [f"- {msgspec.json.encode(one).decode()}" for one in signatures] or ["- nobody has signed it"]
    return "\n".join((head, as_text(sheet.rules), as_text(sheet.recorded), _SIGNATURES, "", *signed, ""))


def read_signed(path: Path) -> Signed | None:
    """The signed worksheet at `path`, None when there is none. Raises `ConfigError` for one that cannot be read."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError):
        raise _unreadable(path) from None
    start, end = text.find("## "), text.find(_AFTER_RULES)
    _, found, below = text.rpartition(_BEFORE_SIGNATURES)
    try:
        signatures = tuple(
            msgspec.json.decode(line.removeprefix("- "), type=Signature) for line in below.split("\n") if line
        )
    except msgspec.MsgspecError:
        raise _unreadable(path) from None
    if not found or not signatures or not 0 < start < end:
        raise _unreadable(path)
    return Signed(rules=text[start:end], signatures=signatures)


def write_signed(path: Path, sheet: Worksheet, signature: Signature) -> None:
    """Put `sheet` at `path` with `signature` below those that are there. Durable on return; raises `ConfigError`."""
    with locked(made_folder(path.parent, mode=0o700)):
        before = read_signed(path)
        signatures = (*(before.signatures if before else ()), signature)
        write_whole(path, as_markdown(sheet, signatures).encode(), mode=PRIVATE)


def changed(signed: Signed, sheet: Worksheet) -> Iterator[str]:
    """Every fact that came or went since, under its heading."""
    was, now = _facts(signed.rules), _facts(as_text(sheet.rules))
    yield from (f"no longer: {fact}" for fact in was if fact not in now)
    yield from (f"now: {fact}" for fact in now if fact not in was)


def _facts(text: str) -> dict[str, None]:
    found: dict[str, None] = {}
    heading = ""
    for line in text.splitlines():
        if line.startswith("### "):
            heading = line.removeprefix("### ")
        elif line.startswith("- "):
            found[f"{heading}: {line.removeprefix('- ')}"] = None
    return found


def _unreadable(path: Path) -> ConfigError:
    return ConfigError(f"`{path}` cannot be read as a signed worksheet", "restore it from a backup, or sign anew")
