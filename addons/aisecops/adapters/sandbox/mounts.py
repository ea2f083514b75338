"""What a sandboxed command sees of the disk.

1. Everything is there, read-only.
2. Folders where programs meet (temporary files, sockets, devices, processes) are new and empty.
3. What the plan names as writable is put back as it was.
4. What is the gateway's own is put over that: read-only, or empty.

Knows mounts, not why a path is in the plan. Nothing here is to be undone: it ends with the namespace.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path, PurePath

from aisecops.adapters.sandbox import kernel
from aisecops.adapters.sandbox.namespaces import allow_no_more
from aisecops.adapters.sandbox.places import MOUNTS, mounted
from aisecops.adapters.sandbox.plan import PRIVATE, Plan
from aisecops.adapters.sandbox.steps import step

_DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
_LINKS = {"fd": "/proc/self/fd", "stdin": "/proc/self/fd/0", "stdout": "/proc/self/fd/1", "stderr": "/proc/self/fd/2"}
_SYSTEM_LINKS = ("/run/current-system", "/run/booted-system", "/run/opengl-driver")
"""Where some systems keep what programs are found by; links to places that are read-only anyway."""

_PLAIN = kernel.MS_NOSUID | kernel.MS_NODEV
_EMPTY = "/dev/null"
_NAMES = "/etc/hosts"


def arrange(plan: Plan) -> None:
    """Make this mount namespace look as `plan` says. Raises Refused."""
    with step("private mounts"):
        kernel.mount(None, "/", flags=kernel.MS_REC | kernel.MS_PRIVATE)
    with step("copies of mounts"):
        seen, writable, kept, shown = (
            _copies(paths) for paths in (plan.seen, plan.writable, plan.kept, plan.shown)
        )  # before anything is covered
        devices = _copies(f"/dev/{name}" for name in _DEVICES)
        links = {path: Path(path).readlink() for path in _SYSTEM_LINKS if Path(path).is_symlink()}
    with step("read-only mounts"):
        kernel.make_read_only("/")
    with step("private folders"):
        _devices(devices)
        for folder in filter(_is_folder, PRIVATE):
            kernel.mount("tmpfs", folder, flags=_PLAIN, data="mode=1777")
        for path, target in links.items():
            Path(path).symlink_to(target)
        _cover_automatic_mounts()
    with step("processes"):
        _processes()
    with step("folders of the command"):
        for path in _shallow_first(seen):
            _attach(seen[path], path)
            kernel.make_read_only(path)
        for path in _shallow_first(writable):
            _attach(writable[path], path)
    with step("folders of the gateway"):
        _protect(plan, kept, shown)
    with step("names"):
        if plan.names:
            _name_loopback(plan.names)
    for tree in (*seen.values(), *writable.values(), *kept.values(), *shown.values(), *devices.values()):
        os.close(tree)


def _copies(paths: Iterable[str]) -> dict[str, int]:
    return {path: kernel.cloned_tree(path) for path in dict.fromkeys(paths) if Path(path).exists()}


def _is_folder(path: str) -> bool:
    return Path(path).is_dir() and not Path(path).is_symlink()


def _shallow_first(paths: Iterable[str]) -> list[str]:
    return sorted(paths, key=lambda path: len(PurePath(path).parts))


def _attach(tree: int, path: str) -> None:
    """Put `tree` at `path`, which is made when a private folder lies over where it was."""
    place = Path(path)
    if not place.exists():
        place.parent.mkdir(parents=True, exist_ok=True)
        if Path(f"/proc/self/fd/{tree}").is_dir():
            place.mkdir()
        else:
            place.touch()
    kernel.attach_tree(tree, path)


def _devices(nodes: dict[str, int]) -> None:
    """A `/dev` of six harmless devices and terminals of its own. No disks: for root their files are open."""
    kernel.mount("tmpfs", "/dev", flags=kernel.MS_NOSUID, data="mode=755")
    for path, node in nodes.items():
        Path(path).touch()
        kernel.attach_tree(node, path)
    for name, target in _LINKS.items():
        Path("/dev", name).symlink_to(target)
    for name in ("pts", "shm"):
        Path("/dev", name).mkdir()
    kernel.mount("devpts", "/dev/pts", flags=kernel.MS_NOSUID | kernel.MS_NOEXEC, data="newinstance,ptmxmode=0666")
    Path("/dev/ptmx").symlink_to("pts/ptmx")


def _processes() -> None:
    """The new namespace's own `/proc`. Read-only, as root may write half the kernel's settings without a capability."""
    kernel.mount("proc", "/proc", flags=_PLAIN | kernel.MS_NOEXEC)
    allow_no_more()
    kernel.make_read_only("/proc")


def _name_loopback(names: Iterable[str]) -> None:
    """A table of names that has these too."""
    table, own = Path(_NAMES), Path("/dev/hosts")
    own.write_bytes(table.read_bytes() + "".join(f"127.0.0.1 {name}\n::1 {name}\n" for name in names).encode())
    kernel.mount(None, _NAMES, source=str(own), flags=kernel.MS_BIND)
    kernel.make_read_only(_NAMES)


def _cover_automatic_mounts() -> None:
    """A name looked up below one of these asks a daemon outside, which asks the network."""
    for each in mounted(Path(MOUNTS).read_text()):
        if each.kind == "autofs" and not each.point.startswith("/proc"):
            kernel.mount("tmpfs", each.point, flags=_PLAIN | kernel.MS_RDONLY)


def _protect(plan: Plan, kept: dict[str, int], shown: dict[str, int]) -> None:
    hidden = [path for path in plan.hidden if Path(path).exists()]
    _pin_the_ways_to((*kept, *hidden), plan.writable)
    for path in _shallow_first({*kept, *hidden}):
        if path in kept:
            _attach(kept[path], path)
            kernel.make_read_only(path)
        if path in hidden:
            _hide(path)
    for path, tree in shown.items():
        _attach(tree, path)
    for path in {*hidden, *shown}:
        kernel.make_read_only(path)


def _hide(path: str) -> None:
    if Path(path).is_dir():
        kernel.mount("tmpfs", path, flags=_PLAIN | kernel.MS_NOEXEC, data="mode=755")
    else:
        kernel.mount(None, path, source=_EMPTY, flags=kernel.MS_BIND)


def _pin_the_ways_to(paths: Iterable[str], writable: Iterable[str]) -> None:
    """Make every folder between a writable one and one of `paths` a mount, which cannot be renamed.

    Otherwise the folder above the rules could be moved away, and one with other rules put in its place.
    """
    roots = {PurePath(folder) for folder in writable}
    between = {str(above) for path in paths for above in PurePath(path).parents if roots & set(above.parents)}
    for path in _shallow_first(between):
        kernel.mount(None, path, source=path, flags=kernel.MS_BIND | kernel.MS_REC)
