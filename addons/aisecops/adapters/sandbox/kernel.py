"""The kernel's calls that Python has no words for: mounts, capabilities, attributes of a process.

Knows numbers and shapes of calls, not what they are for. Whatever the kernel refuses is an OSError.
Linux only; importing it elsewhere is a mistake of the caller.
"""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC = 1, 2, 4, 8
MS_BIND, MS_REC, MS_PRIVATE = 0x1000, 0x4000, 0x40000
_AT_FDCWD, _AT_EMPTY_PATH, _AT_RECURSIVE = -100, 0x1000, 0x8000
_OPEN_TREE_CLONE, _OPEN_TREE_CLOEXEC = 1, os.O_CLOEXEC
_MOVE_FROM_DESCRIPTOR = 4
_ATTR_RDONLY = 1
# These three have the same number on every architecture: they are younger than the common table.
_OPEN_TREE, _MOVE_MOUNT, _MOUNT_SETATTR = 428, 429, 442
_PR_SET_DUMPABLE, _PR_CAPBSET_DROP, _PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS, _PR_CAP_AMBIENT = 4, 24, 22, 38, 47
_SECCOMP_FILTER, _AMBIENT_CLEAR = 2, 4
_CAPABILITY_VERSION_3 = 0x20080522

_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long


class _MountAttributes(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint64) for name in ("set", "clear", "propagation", "user_namespace")]


class _CapabilityHeader(ctypes.Structure):
    _fields_ = [("version", ctypes.c_uint32), ("pid", ctypes.c_int)]


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p)]


def _checked(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), what)
    return result


def mount(kind: str | None, target: str, *, source: str = "none", flags: int = 0, data: str = "") -> None:
    """Mount a file system of `kind` at `target`; with the flags of a bind, `source` itself."""
    result = _libc.mount(
        os.fsencode(source),
        os.fsencode(target),
        kind.encode() if kind else None,
        ctypes.c_ulong(flags),
        data.encode() or None,
    )
    _checked(result, target)


def cloned_tree(path: str) -> int:
    """A descriptor of a copy of the mounts from `path` downwards, attached nowhere yet."""
    flags = _OPEN_TREE_CLONE | _OPEN_TREE_CLOEXEC | _AT_RECURSIVE
    result = _libc.syscall(ctypes.c_long(_OPEN_TREE), ctypes.c_int(_AT_FDCWD), os.fsencode(path), ctypes.c_uint(flags))
    return _checked(result, path)


def attach_tree(tree: int, target: str) -> None:
    """Put a tree from `cloned_tree` at `target`, on top of what is there. The descriptor stays open."""
    result = _libc.syscall(
        ctypes.c_long(_MOVE_MOUNT),
        ctypes.c_int(tree),
        b"",
        ctypes.c_int(_AT_FDCWD),
        os.fsencode(target),
        ctypes.c_uint(_MOVE_FROM_DESCRIPTOR),
    )
    _checked(result, target)


def make_read_only(path: str) -> None:
    """No mount from `path` downwards can be written through any more."""
    wanted = _MountAttributes(set=_ATTR_RDONLY)
    result = _libc.syscall(
        ctypes.c_long(_MOUNT_SETATTR),
        ctypes.c_int(_AT_FDCWD),
        os.fsencode(path),
        ctypes.c_uint(_AT_RECURSIVE),
        ctypes.byref(wanted),
        ctypes.c_size_t(ctypes.sizeof(wanted)),
    )
    _checked(result, path)


def drop_capabilities() -> None:
    """Give up every capability, and the way back to any: not even a program of root's gets one again."""
    last = int(Path("/proc/sys/kernel/cap_last_cap").read_text())
    for capability in range(last + 1):
        _process("bounding set", _PR_CAPBSET_DROP, capability)
    _process("ambient set", _PR_CAP_AMBIENT, _AMBIENT_CLEAR)
    header = _CapabilityHeader(_CAPABILITY_VERSION_3, 0)
    nothing = (ctypes.c_uint32 * 6)()
    _checked(_libc.capset(ctypes.byref(header), ctypes.byref(nothing)), "capabilities")


def gain_nothing_by_execution() -> None:
    """From here on set-user-id programs run as whoever starts them. Inherited, not to be undone."""
    _process("no_new_privs", _PR_SET_NO_NEW_PRIVS, 1)


def close_to_others() -> None:
    """Nobody of the same user may trace this process or read its memory."""
    _process("dumpable", _PR_SET_DUMPABLE, 0)


def filter_calls(instructions: bytes) -> None:
    """Put a seccomp program (8 bytes an instruction) over this process and all it starts."""
    program = _Program(len(instructions) // 8, instructions)
    _process("seccomp", _PR_SET_SECCOMP, _SECCOMP_FILTER, ctypes.addressof(program))


def _process(what: str, option: int, *arguments: int) -> None:
    words = [ctypes.c_ulong(argument) for argument in (*arguments, 0, 0, 0, 0)[:4]]
    _checked(_libc.prctl(ctypes.c_int(option), *words), what)
