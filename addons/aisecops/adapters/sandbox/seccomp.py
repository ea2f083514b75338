"""Which calls to the kernel a sandboxed command may not make.

The namespaces already leave it nothing to talk to. This closes what is not namespaced: sockets to the
hypervisor and other exotic families, sockets that are files of this machine's programs, keyrings, and typing
into the terminal of whoever started it. Knows the two architectures whose numbers stand below; pure.
"""

from __future__ import annotations

import errno
import struct
from dataclasses import dataclass

_LOAD, _LOAD_AND_MASK, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x54, 0x15, 0x35, 0x06
_NUMBER, _ARCHITECTURE = 0, 4
_ARGUMENT = (16, 24, 32)
"""Where the lower halves of the first three arguments lie; the kernel reads no more of these (int, unsigned int)."""

_ALLOW, _KILL, _ERROR = 0x7FFF0000, 0x80000000, 0x00050000
_X32 = 0x40000000
"""Calls with this bit are a second table of x86-64, and would slip by numbers of the first."""

AF_UNIX, AF_INET, AF_INET6, AF_NETLINK = 1, 2, 10, 16
_NETLINK_ROUTE = 0
_SOCK_STREAM, _SOCK_SEQPACKET, _TYPE_MASK = 1, 5, 0xF
_TYPING_INTO_THE_TERMINAL = (0x5412, 0x541C)
"""TIOCSTI and TIOCLINUX: what they type is run by the shell outside when the command has ended."""


@dataclass(frozen=True, slots=True)
class Architecture:
    """The numbers of the calls that are looked at. `refused` has those refused whatever they ask."""

    audit: int
    socket: int
    socketpair: int
    ioctl: int
    refused: dict[str, int]
    second_table: bool = False


_RINGS = {"io_uring_setup": 425, "io_uring_enter": 426, "io_uring_register": 427}  # they open sockets unseen
ARCHITECTURES = {
    "x86_64": Architecture(
        audit=0xC000003E,
        socket=41,
        socketpair=53,
        ioctl=16,
        refused={"add_key": 248, "request_key": 249, "keyctl": 250, "perf_event_open": 298, "bpf": 321}
        | {"userfaultfd": 323}
        | _RINGS,
        second_table=True,
    ),
    "aarch64": Architecture(
        audit=0xC00000B7,
        socket=198,
        socketpair=199,
        ioctl=29,
        refused={"add_key": 217, "request_key": 218, "keyctl": 219, "perf_event_open": 241, "bpf": 280}
        | {"userfaultfd": 282}
        | _RINGS,
    ),
}

_Instruction = tuple[int, int, int, int]
"""Code, how many to skip when true, how many when not, operand."""


def program(machine: str, *, unix_sockets: bool) -> bytes:
    """The filter for `machine` (as uname says it), 8 bytes an instruction; raises KeyError for one without numbers."""
    known = ARCHITECTURES[machine]
    code: list[_Instruction] = [(_LOAD, 0, 0, _ARCHITECTURE), (_EQUAL, 1, 0, known.audit), _return(_KILL)]
    code.append((_LOAD, 0, 0, _NUMBER))
    if known.second_table:
        code += [(_AT_LEAST, 0, 1, _X32), _return(_KILL)]
    for name, number in known.refused.items():
        no = errno.ENOSYS if name in _RINGS else errno.EPERM  # runtimes fall back from rings that are not there
        code += _only_for(number, [_return(_ERROR | no)])
    code += _only_for(known.socket, _families(unix_sockets=unix_sockets))
    code += _only_for(known.socketpair, _pairs(unix_sockets=unix_sockets))
    code += _only_for(known.ioctl, _terminal())
    code.append(_return(_ALLOW))
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in code)


def _only_for(number: int, block: list[_Instruction]) -> list[_Instruction]:
    """`block`, which always returns, for this call; the call's number must be loaded, and is when it is skipped."""
    return [(_EQUAL, 0, len(block), number), *block]


def _families(*, unix_sockets: bool) -> list[_Instruction]:
    """Internet sockets, which see only our own loopback; netlink to ask for addresses; nothing else."""
    allowed = [AF_INET, AF_INET6, *([AF_UNIX] if unix_sockets else [])]
    code: list[_Instruction] = [(_LOAD, 0, 0, _ARGUMENT[0])]
    for family in allowed:
        code += [(_EQUAL, 0, 1, family), _return(_ALLOW)]
    code += [(_EQUAL, 0, 3, AF_NETLINK), (_LOAD, 0, 0, _ARGUMENT[2]), (_EQUAL, 0, 1, _NETLINK_ROUTE), _return(_ALLOW)]
    return [*code, _return(_ERROR | errno.EAFNOSUPPORT)]


def _pairs(*, unix_sockets: bool) -> list[_Instruction]:
    """Pairs that stay with their other end: one for datagrams could be pointed at any socket file."""
    if unix_sockets:
        return [_return(_ALLOW)]
    code: list[_Instruction] = [(_LOAD, 0, 0, _ARGUMENT[0]), (_EQUAL, 1, 0, AF_UNIX)]
    code += [_return(_ERROR | errno.EAFNOSUPPORT), (_LOAD, 0, 0, _ARGUMENT[1]), (_LOAD_AND_MASK, 0, 0, _TYPE_MASK)]
    for kind in (_SOCK_STREAM, _SOCK_SEQPACKET):
        code += [(_EQUAL, 0, 1, kind), _return(_ALLOW)]
    return [*code, _return(_ERROR | errno.EPROTONOSUPPORT)]


def _terminal() -> list[_Instruction]:
    code: list[_Instruction] = [(_LOAD, 0, 0, _ARGUMENT[1])]
    for request in _TYPING_INTO_THE_TERMINAL:
        code += [(_EQUAL, 0, 1, request), _return(_ERROR | errno.EPERM)]
    return [*code, _return(_ALLOW)]


def _return(action: int) -> _Instruction:
    return (_RETURN, 0, 0, action)
