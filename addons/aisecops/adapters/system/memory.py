"""Large blocks of memory go back to the system when they are given up.

The C library of Linux raises the size from which a block is a mapping of its own to that of the largest one that was
given up so far. From the first body of megabytes on, bodies then lie among what lives for long, in a heap for each
thread, and a worker grows for hours towards what they all once took together. Knows nothing of Python's own memory.
"""

from __future__ import annotations

import ctypes

OWN_MAPPING_BYTES = 1024 * 1024
"""From this size on a block is a mapping of its own, always."""
KEPT_FREE_BYTES = 16 * 1024 * 1024
"""So much stays at the end of a heap for what comes next."""
HEAPS = 2

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8  # names of options in malloc.h


def give_back_large_blocks() -> bool:
    """To be called before there are threads. False where the C library has no such options."""
    try:
        set_option = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return False
    options = ((_MMAP_THRESHOLD, OWN_MAPPING_BYTES), (_TRIM_THRESHOLD, KEPT_FREE_BYTES), (_ARENA_MAX, HEAPS))
    taken = [set_option(name, value) == 1 for name, value in options]  # each of them, also after one that was not taken
    return all(taken)
