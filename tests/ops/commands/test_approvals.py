"""`aisecops approvals` asks the control plane and shows what it says."""

from __future__ import annotations

import json

import pytest

from aisecops.ops.cli import main
from aisecops.ops.commands.approvals import named


def test_nothing_is_held(control, capsys):
    assert main(["approvals", "list"]) == 0
    assert capsys.readouterr().err == "nothing is held\n"

    assert main(["approvals", "list", "--json", "--state", "pending"]) == 0
    assert json.loads(capsys.readouterr().out) == {"approvals": []}


@pytest.mark.parametrize("act", ["show", "approve", "deny"])
def test_an_unknown_approval_is_a_failed_check(control, capsys, act):
    assert main(["approvals", act, "apr_none"]) == 1

    assert "aisecops: " in capsys.readouterr().err


def test_a_name_stays_one_segment_of_the_path():
    assert named("../runs?x#y") == "..%2Fruns%3Fx%23y"
