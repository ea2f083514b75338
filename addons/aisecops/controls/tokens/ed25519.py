"""Whether a signature is a key's (RFC 8032), through PyNaCl."""

from __future__ import annotations

from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

SIGNATURE_BYTES = 64


def signed_by(public: bytes, signed: bytes, signature: bytes) -> bool:
    """True when `signature` is the key `public`'s (raw, 32 bytes) over exactly `signed`.

    The library refuses what could be altered and stay valid: `S` out of range, points of small order.
    """
    if len(signature) != SIGNATURE_BYTES:
        return False
    try:
        VerifyKey(public).verify(signed, signature)
    except BadSignatureError:
        return False
    return True
