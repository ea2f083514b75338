"""Each reason for which there is no sandbox is said with its mend."""

from __future__ import annotations

import errno

import pytest

from aisecops.adapters.sandbox.channel import Failure
from aisecops.adapters.sandbox.unavailable import because


@pytest.mark.parametrize(
    ("name", "value", "mend"),
    [
        ("kernel/apparmor_restrict_unprivileged_userns", "1", "kernel.apparmor_restrict_unprivileged_userns=0"),
        ("kernel/unprivileged_userns_clone", "0", "kernel.unprivileged_userns_clone=1"),
        ("user/max_user_namespaces", "0", "user.max_user_namespaces=15000"),
    ],
)
def test_a_setting_that_forbids_it_is_named(tmp_path, name, value, mend):
    (tmp_path / name).parent.mkdir()
    (tmp_path / name).write_text(f"{value}\n")

    said = because(Failure("user map", errno.EPERM), settings=tmp_path, root=tmp_path)

    assert str(said) == "this machine allows no sandbox: user map: operation not permitted"
    assert f"sysctl -w {mend}" in said.mend


def test_a_setting_that_allows_it_is_not_blamed(tmp_path):
    (tmp_path / "user").mkdir()
    (tmp_path / "user" / "max_user_namespaces").write_text("15000")

    assert "sysctl" not in because(Failure("user map", errno.EPERM), settings=tmp_path, root=tmp_path).mend


def test_a_container_is_recognised(tmp_path):
    (tmp_path / ".dockerenv").touch()

    assert "container" in because(Failure("user namespace", errno.EPERM), settings=tmp_path, root=tmp_path).mend


@pytest.mark.parametrize(
    ("failure", "word"),
    [
        (Failure("read-only mounts", errno.ENOSYS), "5.12"),
        (Failure("listener", errno.EADDRNOTAVAIL), "proxy.listen"),
        (Failure("platform", 0), "docker/compose.yaml"),
        (Failure("filter of calls", 0), "docker/compose.yaml"),
        (Failure("start", 0), "docs/sandbox.md"),
    ],
)
def test_other_reasons_have_a_mend_too(tmp_path, failure, word):
    said = because(failure, settings=tmp_path, root=tmp_path)

    assert word in said.mend
    assert "\n" not in f"{said}{said.mend}"
