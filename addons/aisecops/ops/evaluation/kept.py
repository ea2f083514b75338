"""Reports in the state folder, and how they are found again.

A report in the state folder is evidence only with its event: the record holds its digest and figures (`evaluation`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

import msgspec

from aisecops.adapters.system.files import PRIVATE, made_folder, write_whole
from aisecops.model.errors import ConfigError
from aisecops.model.record import Event, EventName
from aisecops.ops.evaluation.outcome import Report

LAST = "last.json"


def encoded(report: Report) -> bytes:
    """A report as JSON, the same for the same."""
    return msgspec.json.format(msgspec.json.encode(report), indent=2)


def digest_of(data: bytes) -> str:
    """How a report is named in the record."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def finished(report: Report) -> Event:
    """What the record holds of an evaluation: its report's digest and figures."""
    figures = {
        one.name: {"attacks": one.attacks, "contained": one.contained, "twins": one.twins, "alarms": one.alarms}
        for one in report.by_suite()
    }
    return Event(
        event=EventName.EVALUATION_FINISHED,
        policy_version=report.policy_version,
        control=("AIS-GOV-01",),
        fields={
            "digest": digest_of(encoded(report)),
            "ok": report.ok,
            "suites": figures,
            "agents": list(report.agents),
            "seed": report.seed,
            "mutations": report.mutations,
            "version": report.version,
            "live": report.live,
        },
    )


def keep(state: Path, data: bytes) -> Path:
    """Put a report into the state folder, by its digest and as the last one; durable on return."""
    folder = made_folder(folder_of(state), mode=0o700)
    path = folder / f"{digest_of(data).removeprefix('sha256:')[:16]}.json"
    for target in (path, last_path(state)):
        write_whole(target, data, mode=PRIVATE)
    return path


def last_path(state: Path) -> Path:
    """Where the report that was kept last is."""
    return folder_of(state) / LAST


def folder_of(state: Path) -> Path:
    """Where reports are kept."""
    return state / "evaluations"


def read_report(path: Path) -> Report:
    """The report at `path`. Raises `ConfigError`."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Report)
    except FileNotFoundError:
        raise ConfigError(f"there is no report `{path}`", "`aisecops eval --json` writes one") from None
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as failed:
        raise ConfigError(
            f"`{path}` cannot be read as a report: {failed}", "make it anew with `aisecops eval`"
        ) from None


def last_reports(state: Path) -> Iterable[tuple[Report, str]]:
    """Every kept report with its digest, the newest first; those that cannot be read are left out."""
    folder = folder_of(state)
    found = []
    for path in folder.glob("*.json") if folder.is_dir() else ():
        if path.name != LAST:
            data = path.read_bytes()
            try:
                found.append((msgspec.json.decode(data, type=Report), digest_of(data)))
            except msgspec.MsgspecError:
                continue
    return sorted(found, key=lambda pair: pair[0].at, reverse=True)
