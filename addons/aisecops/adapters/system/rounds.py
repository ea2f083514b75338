"""The open round of an evaluation, as all processes of this machine see it: one signed file in a folder of theirs.

Whoever has no key of that folder can open no round, lengthen none, and lead none to another port.
"""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path

import msgspec

from aisecops.adapters.system.files import PRIVATE, PRIVATE_FOLDER, locked, made_folder, read_private, write_whole
from aisecops.adapters.system.secrets import secret_key
from aisecops.gateway.ports import Clock
from aisecops.model.errors import ConfigError
from aisecops.model.round import MOST_S, Round
from aisecops.model.value import Value

_MOST_BYTES = 4096


class _Signed(Value):
    round: Round
    mac: str


class Rounds:
    """Opens, closes and finds the round; at most one is open."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder = folder
        self._clock = clock
        self._file = folder / "round.json"

    def folder(self, evaluation_id: str) -> Path:
        """What a round keeps: nothing of it is the installation's."""
        return self._folder / evaluation_id

    def current(self) -> Round | None:
        """The open round. None for one that is over, is not ours, or cannot be read."""
        try:
            signed = msgspec.json.decode(read_private(self._file)[:_MOST_BYTES], type=_Signed)
            good = hmac.compare_digest(signed.mac, self._mac(signed.round))
        except (OSError, msgspec.MsgspecError, ConfigError):
            return None
        now_ms = self._clock.now_ms()
        lasts = now_ms < signed.round.ends_ms <= now_ms + MOST_S * 1000
        return signed.round if good and lasts else None

    def open(self, new: Round) -> bool:
        """False when one is open already. Raises `OSError` when it cannot be written."""
        with locked(made_folder(self._folder, mode=PRIVATE_FOLDER)):
            if self.current() is not None:
                return False
            write_whole(self._file, msgspec.json.encode(_Signed(round=new, mac=self._mac(new))), mode=PRIVATE)
        return True

    def close(self, evaluation_id: str) -> bool:
        """False when it is not the open one."""
        with locked(made_folder(self._folder, mode=PRIVATE_FOLDER)):
            found = self.current()
            if found is None or found.evaluation_id != evaluation_id:
                return False
            self._file.unlink()
        return True

    def secret(self, of: Round, whose: str) -> str:
        """A secret that exists for this round alone, and that nobody keeps."""
        return self._keyed(f"secret:{whose}:{of.evaluation_id}".encode())

    def _mac(self, of: Round) -> str:
        return self._keyed(b"round:" + msgspec.json.encode(of))

    def _keyed(self, data: bytes) -> str:
        return hmac.new(secret_key(self._folder / "signing", "evaluation"), data, hashlib.sha256).hexdigest()
