"""A named step of the set-up, so that a refusal of the kernel says what it was about."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from aisecops.adapters.sandbox.channel import Failure


class Refused(Exception):
    """The kernel did not let a step happen."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(f"{failure.step}: {failure.number}")
        self.failure = failure


@contextlib.contextmanager
def step(name: str) -> Iterator[None]:
    """Whatever the kernel refuses in here is `Refused` with this name."""
    try:
        yield
    except OSError as refused:
        raise Refused(Failure(name, refused.errno or 0)) from refused
