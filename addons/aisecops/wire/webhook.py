"""Signatures of webhooks, made and checked: those of the Standard Webhooks specification, and Slack's `v0`.

Both are an HMAC-SHA256 over a time and the raw body, before anything of it is read. Knows no clock and keeps nothing:
whoever checks also sees to it that what is right comes in once.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping

from aisecops.model.value import Value

WINDOW_S = 300
"""How far a webhook's time may be from ours; Slack says the same. A signature is remembered for twice as long."""
_PREFIX = "whsec_"
_LONGEST_ID = 256


class Signed(Value):
    """A webhook whose signature is right. `once` is what it may come in under one single time."""

    once: str


def signature_headers(secret: bytes, message_id: str, body: bytes, *, now_s: int) -> dict[str, str]:
    """The three headers of an outgoing webhook."""
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(now_s),
        "webhook-signature": f"v1,{_standard(secret, message_id, str(now_s), body)}",
    }


def signed_by(secret: bytes, headers: Mapping[str, str], body: bytes, *, now_s: int) -> Signed | None:
    """The webhook, if `secret` signed it within the window. Several signatures: one right one is enough."""
    message_id, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not 0 < len(message_id) <= _LONGEST_ID or not _within(stamp, now_s):
        return None
    wanted = _standard(secret, message_id, stamp, body)
    given = [one.partition(",") for one in headers.get("webhook-signature", "").split()]
    right = [hmac.compare_digest(value.encode(), wanted.encode()) for version, _, value in given if version == "v1"]
    return Signed(once=f"webhook:{_digest(secret, wanted)}") if any(right) else None


def signed_by_slack(secret: bytes, headers: Mapping[str, str], body: bytes, *, now_s: int) -> Signed | None:
    """What Slack has sent, if `secret` is the app's signing secret and it was sent within the window."""
    stamp = headers.get("x-slack-request-timestamp", "")
    if not _within(stamp, now_s):
        return None
    wanted = hmac.new(secret, b"v0:" + stamp.encode() + b":" + body, hashlib.sha256).hexdigest()
    given = headers.get("x-slack-signature", "")
    if not hmac.compare_digest(given.encode(), f"v0={wanted}".encode()):
        return None
    return Signed(once=f"slack:{_digest(secret, wanted)}")


def _standard(secret: bytes, message_id: str, stamp: str, body: bytes) -> str:
    said = message_id.encode() + b"." + stamp.encode() + b"." + body
    return base64.b64encode(hmac.new(_key(secret), said, hashlib.sha256).digest()).decode()


def _key(secret: bytes) -> bytes:
    """The bytes of a secret: base64 behind `whsec_`, as tools of the specification write it, or the text itself."""
    text = secret.decode("latin-1")
    if not text.startswith(_PREFIX):
        return secret
    try:
        return base64.b64decode(text.removeprefix(_PREFIX), validate=True)
    except binascii.Error:
        return secret


def _within(stamp: str, now_s: int) -> bool:
    return stamp.isascii() and stamp.isdecimal() and len(stamp) < 16 and abs(int(stamp) - now_s) <= WINDOW_S  # noqa: PLR2004


def _digest(secret: bytes, signature: str) -> str:
    """A name for a signature that says nothing of it."""
    return hashlib.sha256(secret + signature.encode()).hexdigest()
