"""What a sandbox is to be: said by whoever starts one, carried out inside.

Knows words only. Paths are absolute and without symbolic links: inside they are taken as they stand.
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from typing import Any, Self

PRIVATE = ("/tmp", "/var/tmp", "/run", "/var/run", "/dev/shm")  # noqa: S108  (covered, not written to)
"""Folders that are new and empty inside, and gone at the end: other programs leave sockets and secrets there."""


@dataclass(frozen=True, slots=True)
class Door:
    """An address inside at which the gateway is found."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Plan:
    """One sandbox. Where several speak of one path: hidden over kept over writable over seen."""

    folder: str
    """Where the command starts."""
    doors: tuple[Door, ...]
    names: tuple[str, ...] = ()
    """Names that mean loopback inside."""
    seen: tuple[str, ...] = ()
    """Read-only as nearly everything, though they lie in a folder that is private."""
    writable: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    """Read-only, though they lie in something writable."""
    hidden: tuple[str, ...] = ()
    """Folders and files that are empty inside."""
    shown: tuple[str, ...] = ()
    """Files in hidden folders that are read all the same."""
    unix_sockets: bool = False

    def written(self) -> str:
        """As one line of text."""
        return json.dumps(dataclasses.asdict(self))

    @classmethod
    def read(cls, text: str) -> Self:
        """What `written` wrote; raises TypeError, KeyError or ValueError for anything else."""
        told: dict[str, Any] = json.loads(text)
        doors = tuple(Door(**door) for door in told.pop("doors"))
        plain: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in told.items()
        }
        return cls(doors=doors, **plain)


@dataclass(frozen=True, slots=True)
class Start:
    """The command, and all the variables it gets."""

    command: tuple[str, ...]
    environment: dict[str, str]

    def written(self) -> str:
        """As one line of text; any bytes of arguments and variables come through."""
        return json.dumps(dataclasses.asdict(self))

    @classmethod
    def read(cls, text: str) -> Self:
        """What `written` wrote."""
        told = json.loads(text)
        return cls(command=tuple(told["command"]), environment=told["environment"])
