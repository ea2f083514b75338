"""Secrets of this installation, made on first use and kept in the state folder."""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Callable
from pathlib import Path

from aisecops.adapters.system.files import PRIVATE, PRIVATE_FOLDER, locked, made_folder, read_private, write_whole
from aisecops.model.errors import ConfigError

SECRET_BYTES = 32
_USABLE = re.compile(rb"[!-~]{32,}")  # long enough not to be guessed, and fit for a header


def secret_key(state: Path, name: str) -> bytes:
    """The 32 random bytes in `state/NAME.key`, the same for every process that asks; made when missing.

    For keyed hashes: fingerprints of findings, the record's checkpoints. Raises ConfigError when the
    file is open to others or is not 32 bytes.
    """
    path = state / f"{name}.key"
    key = _kept(path, lambda: os.urandom(SECRET_BYTES))
    if len(key) != SECRET_BYTES:
        raise ConfigError(f"`{path}` does not hold {SECRET_BYTES} bytes", "restore it, or remove it to have one made")
    return key


def operator_secret(state: Path) -> str:
    """The operator's bearer secret in `state/operator.secret`, as URL-safe text; made when missing."""
    path = state / "operator.secret"
    secret = _kept(path, lambda: base64.urlsafe_b64encode(os.urandom(SECRET_BYTES)).rstrip(b"=") + b"\n")
    if not _USABLE.fullmatch(secret.strip()):
        raise ConfigError(f"`{path}` holds no usable secret", "remove it to have one made")
    return secret.strip().decode()


def _kept(path: Path, make: Callable[[], bytes]) -> bytes:
    try:
        return read_private(path)
    except FileNotFoundError:
        pass
    # INVARIANT: of several processes that start at once, one makes it and all get the same
    with locked(made_folder(path.parent, mode=PRIVATE_FOLDER)):
        if not path.exists():
            write_whole(path, make(), mode=PRIVATE)
    return read_private(path)
