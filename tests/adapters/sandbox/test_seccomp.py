"""The filter, carried out by a small machine of its own: which calls pass, and what the others get."""

from __future__ import annotations

import errno
import struct

import pytest

from aisecops.adapters.sandbox.seccomp import ARCHITECTURES, program

ALLOWED, KILLED = "allowed", "killed"
UNIX, INET, INET6, NETLINK, PACKET, VSOCK = 1, 2, 10, 16, 17, 40
STREAM, DGRAM, RAW, SEQPACKET = 1, 2, 3, 5
CLOEXEC = 0o2000000


def said(machine, number, *arguments, audit=None, unix_sockets=False):
    """What the kernel does with this call."""
    data = struct.pack("=iIQ6Q", number, audit or ARCHITECTURES[machine].audit, 0, *(*arguments, 0, 0, 0, 0, 0, 0)[:6])
    code = list(struct.iter_unpack("=HBBI", program(machine, unix_sockets=unix_sockets)))
    at, held = 0, 0
    while True:
        operation, if_true, if_not, operand = code[at]
        at += 1
        match operation:
            case 0x20:
                (held,) = struct.unpack_from("=I", data, operand)
            case 0x54:
                held &= operand
            case 0x15:
                at += if_true if held == operand else if_not
            case 0x35:
                at += if_true if held >= operand else if_not
            case 0x06:
                return {0x7FFF0000: ALLOWED, 0x80000000: KILLED}.get(operand) or operand & 0xFFFF


machines = pytest.mark.parametrize("machine", ARCHITECTURES)


@machines
@pytest.mark.parametrize("family", [INET, INET6, NETLINK])
def test_families_of_the_own_network_pass(machine, family):
    assert said(machine, ARCHITECTURES[machine].socket, family, STREAM) == ALLOWED


@machines
@pytest.mark.parametrize("family", [0, UNIX, 3, 4, PACKET, 29, 30, 31, 38, VSOCK, 42, 44, 45, 2**32 - 1])
def test_no_other_family_passes(machine, family):
    assert said(machine, ARCHITECTURES[machine].socket, family, STREAM) == errno.EAFNOSUPPORT


@machines
def test_what_the_kernel_does_not_read_of_a_family_changes_nothing(machine):
    assert said(machine, ARCHITECTURES[machine].socket, VSOCK + 2**32) == errno.EAFNOSUPPORT


@machines
def test_of_netlink_only_addresses_are_asked(machine):
    assert said(machine, ARCHITECTURES[machine].socket, NETLINK, RAW, 16) == errno.EAFNOSUPPORT


@machines
@pytest.mark.parametrize(
    ("kind", "result"),
    [(STREAM, ALLOWED), (SEQPACKET, ALLOWED), (STREAM | CLOEXEC, ALLOWED)]
    + [(kind, errno.EPROTONOSUPPORT) for kind in (DGRAM, RAW, DGRAM | CLOEXEC)],
)
def test_pairs_are_for_two(machine, kind, result):
    assert said(machine, ARCHITECTURES[machine].socketpair, UNIX, kind) == result


@machines
def test_pairs_of_other_families_do_not_pass(machine):
    assert said(machine, ARCHITECTURES[machine].socketpair, 30, STREAM) == errno.EAFNOSUPPORT


@machines
def test_sockets_that_are_files_pass_where_they_are_wanted(machine):
    known = ARCHITECTURES[machine]

    assert said(machine, known.socket, UNIX, unix_sockets=True) == ALLOWED
    assert said(machine, known.socketpair, UNIX, DGRAM, unix_sockets=True) == ALLOWED
    assert said(machine, known.socket, VSOCK, unix_sockets=True) == errno.EAFNOSUPPORT


@machines
@pytest.mark.parametrize(
    ("request_number", "result"), [(0x5412, errno.EPERM), (0x541C, errno.EPERM), (0x5413, ALLOWED)]
)
def test_nothing_is_typed_into_the_terminal(machine, request_number, result):
    assert said(machine, ARCHITECTURES[machine].ioctl, 0, request_number) == result
    assert said(machine, ARCHITECTURES[machine].ioctl, 0, request_number + 2**32) == result


@machines
def test_calls_that_go_around_a_filter_do_not_pass(machine):
    refused = {name: said(machine, number) for name, number in ARCHITECTURES[machine].refused.items()}

    assert set(refused.values()) == {errno.EPERM, errno.ENOSYS}


@machines
def test_another_architectures_calls_are_deadly(machine):
    assert said(machine, ARCHITECTURES[machine].socket, INET, audit=0x40000003) == KILLED


def test_so_is_the_second_table():
    assert said("x86_64", 0x40000000 + 41, INET) == KILLED


@machines
def test_everything_else_passes(machine):
    known = ARCHITECTURES[machine]
    looked_at = {known.socket, known.socketpair, known.ioctl, *known.refused.values()}

    assert {said(machine, number) for number in range(460) if number not in looked_at} == {ALLOWED}
