"""Stand-ins as stores keep them: sealed, and found again by keyed digests.

Each tree of runs has a key of its own (`sealing.py`). Who has both the store and the key can read what is kept.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import msgspec
from nacl.exceptions import CryptoError
from nacl.secret import SecretBox

from aisecops.adapters.store.sealing import tree_key
from aisecops.model.errors import StoreError
from aisecops.model.ids import RunId
from aisecops.model.stand_in import Given
from aisecops.model.value import Value

_DIGEST_BYTES = 16

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Given)


class Sealed(Value):
    """One stand-in as it is kept: keyed digests of whom it was given, its value and its text; and all of it, sealed."""

    receiver: bytes
    value: bytes
    text: bytes
    sealed: bytes


class Sealing:
    """Seals with `key`, the installation's 32 bytes."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def sealed(self, root_run_id: RunId, given: Given) -> Sealed:
        """`given` as it is kept in this tree."""
        key = tree_key(self._key, root_run_id)

        def digest(text: str) -> bytes:
            return hashlib.blake2b(text.encode(), key=key, digest_size=_DIGEST_BYTES).digest()

        return Sealed(
            receiver=digest(f"{given.run_id} {given.to}"),
            value=digest(given.stand_in.value),
            text=digest(given.stand_in.text.lower()),
            sealed=bytes(SecretBox(key).encrypt(_encoder.encode(given))),
        )

    def opened(self, root_run_id: RunId, sealed: Iterable[bytes]) -> list[Given]:
        """What was sealed in this tree. Raises `StoreError` when it was not, or not with this key."""
        box = SecretBox(tree_key(self._key, root_run_id))
        return [_opened(box, one) for one in sealed]


def _opened(box: SecretBox, sealed: bytes) -> Given:
    try:
        found: Given = _decoder.decode(box.decrypt(sealed))
    except (CryptoError, msgspec.MsgspecError) as error:
        raise StoreError("the store holds stand-ins that cannot be opened with this installation's key") from error
    return found
