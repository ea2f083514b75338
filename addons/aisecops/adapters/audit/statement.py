"""What one line of a signed file says, and who vouches for it.

The key signs nothing but statements, and the signed bytes begin with what they are for: a signature under one sort of
statement is none under another.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import ClassVar, NamedTuple, Self

import msgspec
from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

from aisecops.adapters.audit import lines
from aisecops.model.value import Value


class Signing(NamedTuple):
    """The key: its id, what signs with it, and its raw public half."""

    key_id: str
    sign: Callable[[bytes], bytes]
    public_key: bytes


class Statement(Value):
    """`kid` says by whose key, `sig` is Ed25519 over the rest, in base64."""

    PURPOSE: ClassVar[bytes]

    v: int
    kid: str
    sig: str

    def signed(self, sign: Callable[[bytes], bytes]) -> Self:
        """The statement with its signature, in place of whatever stands there."""
        return msgspec.structs.replace(self, sig=base64.b64encode(sign(self._message())).decode())

    def is_signed(self, public_key: bytes) -> bool:
        """True when the signature is this key's."""
        try:
            VerifyKey(public_key).verify(self._message(), base64.b64decode(self.sig, validate=True))
        except (BadSignatureError, ValueError):
            return False
        return True

    def line(self) -> bytes:
        """The statement as it stands in its file."""
        return lines.canonical(msgspec.structs.asdict(self)) + b"\n"

    def _message(self) -> bytes:
        row = msgspec.structs.asdict(self)
        del row["sig"]
        return self.PURPOSE + lines.canonical(row)
