"""The key under which something of one tree of runs is sealed: in another tree it opens nothing."""

from __future__ import annotations

import hashlib

from nacl.secret import SecretBox

from aisecops.model.ids import RunId


def tree_key(key: bytes, root_run_id: RunId) -> bytes:
    """Of the installation's `key`, that of one tree."""
    return hashlib.blake2b(root_run_id.encode(), key=key, digest_size=SecretBox.KEY_SIZE).digest()
