"""How far something long is: one line on standard error while a person watches, written over each second."""

from __future__ import annotations

import sys
import time

import click

_EACH_S = 1.0
_MIB = 1024 * 1024


class Progress:
    """Of `what`, such as `checked`. Silent within the first second, and where nobody watches."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._said_s = time.monotonic()
        self._width = 0

    def __call__(self, done: int, whole: int) -> None:
        """`done` of `whole` bytes."""
        if time.monotonic() - self._said_s >= _EACH_S and is_watched():
            self._said_s = time.monotonic()
            self._show(f"{self._what} {done // _MIB} of {whole // _MIB} MiB")

    def over(self) -> None:
        """Take the line away."""
        if self._width:
            self._show("")

    def _show(self, words: str) -> None:
        click.echo(f"\r{words:{self._width}}{'' if words else '\r'}", err=True, nl=False)
        self._width = len(words)


def is_watched() -> bool:
    """True when a person sees standard error."""
    return sys.stderr.isatty()
