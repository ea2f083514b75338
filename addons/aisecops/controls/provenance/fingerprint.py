"""Text to the fingerprints it is known again by, and the bytes in which a store keeps them."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from aisecops.controls.provenance.letters import letters
from aisecops.controls.provenance.winnow import QUOTE, Hashes, Key, once_each, whole, winnow

MAX_CHARACTERS = 4_000_000
"""Of one content so much is fingerprinted; the answer it came in may be no larger anyway."""


def fingerprint(texts: Iterable[str], key: Key) -> Hashes:
    """The distinct fingerprints of `texts`, sorted: of long ones their stretches, of short ones the whole."""
    found, left, first = [np.empty(0, dtype=np.uint64)], MAX_CHARACTERS, ""
    for text in texts:
        normal = letters(text[:left])
        left -= len(text)
        # INVARIANT: each stretch of a text is one of any text that it stands in
        if len(normal) < QUOTE or text not in first:
            found += [winnow(normal, key).hashes, whole(normal, key)]
        first = first or text[:MAX_CHARACTERS]
        if left <= 0:
            break
    return once_each(found)


def packed(hashes: Hashes) -> bytes:
    """`hashes` as bytes, eight each, little end first."""
    return hashes.astype("<u8").tobytes()


def unpacked(data: bytes) -> Hashes:
    """The reverse of `packed`. Raises ValueError for a length that is no multiple of eight."""
    return np.frombuffer(data, dtype="<u8").astype(np.uint64)
