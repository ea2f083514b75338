"""Where one thing on the disk can be found: a file system that is mounted twice has two names for each file."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path, PurePath

MOUNTS = "/proc/self/mountinfo"


@dataclass(frozen=True, slots=True)
class Mounted:
    """One mount: which file system, from which folder of it, seen where."""

    device: str
    root: str
    point: str
    kind: str


def mounted(table: str) -> tuple[Mounted, ...]:
    """What `table`, in the form of `MOUNTS`, lists."""
    return tuple(_line(line.split(" ")) for line in table.splitlines())


def _line(fields: list[str]) -> Mounted:
    return Mounted(
        device=fields[2], root=_plain(fields[3]), point=_plain(fields[4]), kind=fields[fields.index("-") + 1]
    )


def _plain(text: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), text)


def all_names(path: Path) -> tuple[str, ...]:
    """`path` without symbolic links, and every other name this very file or folder has through another mount."""
    real = path.resolve()
    table = mounted(Path(MOUNTS).read_text())
    own = [each for each in table if real.is_relative_to(each.point)]
    found = {str(real)}
    for here in own:
        inner = PurePath(here.root) / real.relative_to(here.point)
        for there in table:
            if there.device == here.device and inner.is_relative_to(there.root):
                other = Path(there.point) / inner.relative_to(there.root)
                if _same(other, real):
                    found.add(str(other))
    return tuple(sorted(found))


def _same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return False
