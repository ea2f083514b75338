"""`aisecops doctor` says whether there can be a sandbox; that there cannot is no fault."""

from __future__ import annotations

from aisecops.adapters.sandbox.unavailable import Unavailable
from aisecops.ops.doctor import isolation
from aisecops.ops.settings_read import load
from support.sandbox import needs_sandboxes


def said(folder):
    (line,) = isolation.CHECKS[0](load({}, environ={}, folder=folder))
    return line


def test_where_there_can_be_one_it_is_said(tmp_path):
    needs_sandboxes()

    assert said(tmp_path).words == "`aisecops run --sandbox` works on this machine"


def test_where_there_cannot_the_mend_is_said_and_nothing_is_bad(tmp_path, monkeypatch):
    def refusing(_):
        raise Unavailable("this machine allows no sandbox: user map", "as root: `sysctl`")

    monkeypatch.setattr(isolation, "Sandbox", refusing)

    assert said(tmp_path).well
    assert "user map; as root: `sysctl`" in said(tmp_path).words
