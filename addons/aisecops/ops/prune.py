"""Retention of the record: which segments an operator takes out, and what every reader of the rest is told of them."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import click
from nacl.signing import SigningKey

from aisecops.adapters.audit import checkpoints
from aisecops.adapters.audit.chain import ChainLog
from aisecops.adapters.audit.retention import Old, gone, removable, remove
from aisecops.adapters.audit.statement import Signing
from aisecops.adapters.audit.verify import verify
from aisecops.adapters.system.clock import SystemClock
from aisecops.adapters.system.secrets import secret_key
from aisecops.model.errors import RecordError
from aisecops.model.record import Event, EventName

KEY_ID = "record"
_DAY = 10


class Asked(NamedTuple):
    """What is to stay, at the most, and where the rest goes: nowhere without `archive`."""

    keep_days: int | None
    keep_bytes: int | None
    archive: Path | None


def may_go(folder: Path, asked: Asked, *, now_ms: int) -> tuple[Old, ...]:
    """The segments that are beyond what is to stay; none of a record that is not whole.

    Raises `RecordError`, `OSError`.
    """
    found = verify(folder, checkpoints.public_keys(folder))
    if not found.ok:
        raise RecordError("the record is not as it was written, so nothing is taken out; see `aisecops audit verify`")
    before = None
    if asked.keep_days is not None:
        before = datetime.fromtimestamp(now_ms / 1000, UTC) - timedelta(days=asked.keep_days)
    return removable(folder, signed_seq=found.signed_seq, before=before, most_bytes=asked.keep_bytes)


def take_out(
    folder: Path, state: Path, asked: Asked, old: tuple[Old, ...], *, by: str, why: str, clock: SystemClock
) -> None:
    """Put it into the record, sign it, and take the segments out. Raises `RecordError`, `OSError`."""
    key = SigningKey(secret_key(state, KEY_ID))
    signing = Signing(KEY_ID, lambda message: key.sign(message).signature, bytes(key.verify_key))
    event = Event(
        event=EventName.RECORD_REMOVED,
        control=("AIS-OBS-01",),
        fields={
            "by": by,
            "why": why,
            "archive": str(asked.archive) if asked.archive is not None else None,
            "segments": [one.segment for one in old],
            "up_to_seq": old[-1].seq,
            "up_to_at": old[-1].last_at,
        },
    )

    async def recorded() -> None:
        log = ChainLog(folder, clock=clock, sign=signing.sign, key_id=KEY_ID, public_key=signing.public_key)
        try:
            await log.append(event, durable=True)
        finally:
            await log.close()

    if asked.archive is not None:
        asked.archive.mkdir(mode=0o700, parents=True, exist_ok=True)
    asyncio.run(recorded())
    remove(folder, old, by=by, why=why, at_ms=clock.now_ms(), signing=signing, archive=asked.archive)


def what_is_gone(folder: Path) -> str | None:
    """A sentence about what was taken out of the record on purpose; None when it has its beginning."""
    try:
        last = gone(folder, checkpoints.public_keys(folder))
    except (OSError, RecordError):
        return None  # whoever reads the record itself says what is wrong with it
    if last is None:
        return None
    where = f"; they are in {last.archive}" if last.archive else ""
    until, at = last.last_at[:_DAY], last.at[:_DAY]
    return f"events up to seq {last.seq} ({until}) were taken out of the record on {at} by {last.by}: {last.why}{where}"


def say_what_is_gone(folder: Path) -> None:
    """The sentence, on standard error, where there is one."""
    if sentence := what_is_gone(folder):
        click.echo(sentence, err=True)
