"""What was in a file that was opened before, so that a document of a resent history is opened once.

Kept in memory alone, up to a bound in characters; what unfolds to much is opened again. The oldest unused go first.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict

from aisecops.wire.files.opened import Opened
from aisecops.wire.files.shelf import File

MAX_CHARS = 16 * 1024 * 1024
"""Characters of texts in files that are kept."""
_LARGEST_PART = 4
_DIGEST_BYTES = 32


class OpenedBefore:
    """The texts of files by a keyed digest of the file and its place."""

    def __init__(self, *, max_chars: int = MAX_CHARS) -> None:
        self._max_chars = max_chars
        self._known: OrderedDict[bytes, Opened] = OrderedDict()
        self._chars = 0

    def __len__(self) -> int:
        return len(self._known)

    @staticmethod
    def name(file: File, key: bytes) -> bytes:
        """What `file` is known by: its bytes, where it stands, and as what."""
        digest = hashlib.blake2b(key=key, digest_size=_DIGEST_BYTES)
        digest.update(f"{len(file.data)}\0{file.reason}\0{file.where}\0".encode("utf-8", "surrogatepass"))
        digest.update(file.data)
        return digest.digest()

    def get(self, name: bytes) -> Opened | None:
        """What was in it, or None when that is not known (any more)."""
        found = self._known.get(name)
        if found is not None:
            self._known.move_to_end(name)
        return found

    def put(self, name: bytes, opened: Opened) -> None:
        """Remember what was in it, if it is not too much; forget the longest unused when there is too much."""
        if _size(opened) * _LARGEST_PART > self._max_chars or name in self._known:
            return
        self._known[name] = opened
        self._chars += _size(opened)
        while self._chars > self._max_chars:
            _, forgotten = self._known.popitem(last=False)
            self._chars -= _size(forgotten)


def _size(opened: Opened) -> int:
    """Characters of all texts, and of all places."""
    return sum(len(where) + len(text) for where, text in opened.parts) + sum(len(one.where) for one in opened.unread)
