"""What was found in a text before, so that a resent history costs nothing.

Keys are digests, values are findings: no content is kept. The oldest unused go first.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict

from aisecops.model.finding import Finding

Key = tuple[bytes, frozenset[str]]
Findings = tuple[Finding, ...]

_DIGEST_BYTES = 32


def digest(text: bytes, key: bytes = b"") -> bytes:
    """The keyed digest a text is known by: long enough that nobody finds two texts with one."""
    return hashlib.blake2b(text, key=key, digest_size=_DIGEST_BYTES).digest()


class VerdictCache:
    """The findings of at most `max_texts` texts, with at most `max_findings` in all of them."""

    def __init__(self, *, max_texts: int = 50_000, max_findings: int = 100_000) -> None:
        self._max_texts = max_texts
        self._max_findings = max_findings
        self._known: OrderedDict[Key, Findings] = OrderedDict()
        self._findings = 0

    def __len__(self) -> int:
        return len(self._known)

    def get(self, key: Key) -> Findings | None:
        """What was found, or None when that is not known (any more)."""
        findings = self._known.get(key)
        if findings is not None:
            self._known.move_to_end(key)
        return findings

    def put(self, key: Key, findings: Findings) -> None:
        """Remember `findings`; forget the longest unused when there are too many."""
        self._findings += len(findings) - len(self._known.pop(key, ()))
        self._known[key] = findings
        while len(self._known) > self._max_texts or self._findings > self._max_findings:
            _, forgotten = self._known.popitem(last=False)
            self._findings -= len(forgotten)
