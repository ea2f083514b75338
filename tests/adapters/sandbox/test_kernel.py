"""Whatever the kernel refuses is an error with its number and what it was about."""

from __future__ import annotations

import errno

import pytest

from aisecops.adapters.sandbox import kernel


@pytest.mark.parametrize(
    ("call", "number"),
    [
        (lambda: kernel.mount("tmpfs", "/no/such/place"), errno.ENOENT),
        (lambda: kernel.cloned_tree("/no/such/place"), errno.ENOENT),
        (lambda: kernel.make_read_only("/no/such/place"), errno.ENOENT),
        (lambda: kernel.attach_tree(-1, "/no/such/place"), errno.EBADF),
    ],
)
def test_a_refusal_has_number_and_place(call, number):
    with pytest.raises(OSError, match="/no/such/place") as refused:
        call()

    # without the right to mount, that is said before the place is looked at
    assert refused.value.errno in {number, errno.EPERM, errno.ENOENT}


def test_nothing_is_left_of_privileges(ended):
    expected = {"CapEff": "0" * 16, "CapPrm": "0" * 16, "CapBnd": "0" * 16, "NoNewPrivs": "1", "Seccomp": "2"}
    script = " && ".join(f"grep -qP '^{name}:\\t{value}$' /proc/self/status" for name, value in expected.items())

    assert ended(script) == 0
