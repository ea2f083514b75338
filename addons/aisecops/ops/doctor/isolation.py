"""Whether a command can be put where the gateway is its only way out. Not having it is no fault of an installation."""

from __future__ import annotations

from collections.abc import Iterator

from aisecops.adapters.sandbox.outside import Sandbox
from aisecops.adapters.sandbox.plan import Plan
from aisecops.adapters.sandbox.unavailable import Unavailable
from aisecops.ops.doctor.diagnosis import Diagnosis, well
from aisecops.ops.settings import Settings


def _sandbox(_: Settings) -> Iterator[Diagnosis]:
    """Set one up and take it down again: nothing else tells what a kernel and its settings allow together."""
    try:
        Sandbox(Plan(folder="/", doors=())).close()
    except Unavailable as unavailable:
        yield well("sandbox", f"`aisecops run --sandbox` will refuse: {unavailable}; {unavailable.mend}")
    else:
        yield well("sandbox", "`aisecops run --sandbox` works on this machine")


CHECKS = (_sandbox,)
