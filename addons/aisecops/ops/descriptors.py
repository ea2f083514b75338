"""How many files a process of ours may open at all: said at the start, and not by whatever first finds none left."""

from __future__ import annotations

from aisecops.adapters.mitm.load import RAISE_DESCRIPTORS, raise_descriptors
from aisecops.model.errors import ConfigError

LEAST_DESCRIPTORS = 256
"""For store, record, rules and scans, and for some connections."""


def check_descriptors() -> None:
    """Take as many as the system lets this process have. Raises ConfigError where these are too few to begin with."""
    most = raise_descriptors()
    if most < LEAST_DESCRIPTORS:
        what = f"a process may open {most} files here, and needs {LEAST_DESCRIPTORS} at least"
        raise ConfigError(what, RAISE_DESCRIPTORS)
