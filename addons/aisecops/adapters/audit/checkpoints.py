"""Signed checkpoints: `the chain had line SEQ with this hash`, so that a record cut short is found out.

Somebody who can write the folder can cut both files back to an older checkpoint; only a checkpoint or a public
key kept elsewhere shows that.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator
from pathlib import Path

import msgspec

from aisecops.adapters.audit import lines
from aisecops.adapters.audit.folder import CHECKPOINTS, KEYS, OpenFile, Torn, set_aside
from aisecops.adapters.audit.statement import Signing, Statement
from aisecops.adapters.audit.tail import START_OVER, End
from aisecops.model.errors import RecordError

_WINDOW = 4096


class Checkpoint(Statement):
    """One line of `checkpoints.jsonl`. `hash` is that of line `seq`."""

    PURPOSE = b"aisecops record checkpoint\n"

    seq: int
    hash: str
    segment: int
    at: str


def parse(line: bytes) -> Checkpoint | None:
    """A checkpoint from its line without newline; None when it is none."""
    try:
        return msgspec.json.decode(line, type=Checkpoint)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def prepare(folder: Path, signing: Signing) -> None:
    """Make the checkpoint file and publish the public key, before the first use. Needs the lock; raises `OSError`."""
    if not (folder / KEYS).exists() and not (folder / CHECKPOINTS).exists():
        OpenFile(folder / CHECKPOINTS, new=True)
    known = public_keys(folder)
    if known.get(signing.key_id) == signing.public_key:
        return
    if signing.key_id in known:
        raise RecordError(f"`{KEYS}` holds another key named `{signing.key_id}`; give the new key a new name")
    new = folder / f"{KEYS}.new"
    new.unlink(missing_ok=True)
    encoded = {
        kid: base64.b64encode(key).decode() for kid, key in {**known, signing.key_id: signing.public_key}.items()
    }
    file = OpenFile(new, new=True)
    file.append(lines.canonical(encoded) + b"\n", size=0)
    os.fsync(file.fd)
    new.replace(folder / KEYS)


def public_keys(folder: Path) -> dict[str, bytes]:
    """The published keys by `kid`; none when there is no key file. Raises `RecordError`, `OSError`."""
    path = folder / KEYS
    return parse_keys(path.read_bytes(), path.name) if path.exists() else {}


def parse_keys(data: bytes, name: str) -> dict[str, bytes]:
    """Raw public keys by `kid` from `{kid: base64}`. Raises `RecordError` for anything else."""
    try:
        encoded = msgspec.json.decode(data, type=dict[str, str])
        keys = {kid: base64.b64decode(text, validate=True) for kid, text in encoded.items()}
    except (ValueError, msgspec.DecodeError):
        raise RecordError(
            f"`{name}` is not a set of public keys; it should hold one JSON object of base64 by name"
        ) from None
    if any(len(key) != 32 for key in keys.values()):  # noqa: PLR2004 - Ed25519
        raise RecordError(f"`{name}` holds a key that is not 32 bytes long")
    return keys


def add(folder: Path, end: End, *, at_ms: int, signing: Signing) -> list[Torn]:
    """Sign that the chain, durable up to there, came to `end`; return what was torn in the file.

    Does nothing when a checkpoint is already as far. Needs the lock; raises `RecordError`, `OSError`.
    """
    file, torn, last = _opened(folder)
    if last is not None and last.seq >= end.seq:
        return torn
    new = Checkpoint(
        v=lines.VERSION,
        seq=end.seq,
        hash=end.hash,
        segment=end.segment,
        at=lines.timestamp(at_ms),
        kid=signing.key_id,
        sig="",
    ).signed(signing.sign)
    file.append(new.line(), size=file.size())
    os.fdatasync(file.fd)
    return torn


def check_end(folder: Path, end: End) -> list[Torn]:
    """Refuse a record that ends before its last checkpoint, or not as signed; return what was torn in the file.

    Needs the lock; raises `RecordError`, `OSError`.
    """
    path = folder / CHECKPOINTS
    if not path.exists():
        if (folder / KEYS).exists() and end.seq:
            raise RecordError(f"`{CHECKPOINTS}` is gone from the record; {START_OVER}")
        return []
    _, torn, last = _opened(folder)
    if last is None:
        return torn
    key = public_keys(folder).get(last.kid)
    if key is not None and not last.is_signed(key):
        raise RecordError(f"the last line of `{CHECKPOINTS}` does not carry a valid signature; {START_OVER}")
    if last.seq > end.seq:
        raise RecordError(f"the record ends at seq {end.seq} but was signed up to {last.seq}; {START_OVER}")
    if last.seq == end.seq and last.hash != end.hash:
        raise RecordError(f"line seq {end.seq} is not the one that was signed; {START_OVER}")
    return torn


def stream(path: Path, size: int) -> Iterator[tuple[int, Checkpoint | None]]:
    """Every line of the first `size` bytes by its number, None where it is no checkpoint; streaming."""
    with path.open("rb") as file:
        number = 0
        while file.tell() < size and (line := file.readline(size - file.tell())):
            number += 1
            whole = line.endswith(b"\n")
            yield number, parse(line[:-1]) if whole and lines.is_canonical(line[:-1]) else None


def _opened(folder: Path) -> tuple[OpenFile, list[Torn], Checkpoint | None]:
    """The checkpoint file, the torn last line it is now rid of, and its last checkpoint."""
    file = OpenFile(folder / CHECKPOINTS)
    size = file.size()
    data = file.read(max(0, size - _WINDOW), size)
    *whole, half = data.split(b"\n")
    torn = [set_aside(file, size - len(half), size)] if half else []
    if not whole:
        return file, torn, None
    last = parse(whole[-1])
    if last is None:
        raise RecordError(f"the last line of `{CHECKPOINTS}` cannot be read; {START_OVER}")
    return file, torn, last
