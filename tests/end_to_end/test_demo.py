"""The demo as a newcomer starts it: every scene must end as it must."""

import subprocess
import sys
from pathlib import Path

import pytest

from aisecops.ops.settings_read import environment

ADDONS = Path(__file__).parents[2] / "addons"


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_every_scene_of_the_demo_ends_as_it_must(tmp_path):
    done = subprocess.run(
        [sys.executable, "-P", "-m", "aisecops", "demo", "--folder", str(tmp_path / "demo")],
        cwd=tmp_path,
        env={**environment(), "PYTHONPATH": str(ADDONS)},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "NOT AS IT MUST BE" not in done.stdout
    for code in ("token_missing", "budget_exceeded", "destination_denied", "egress_blocked", "human_approval_required"):
        assert code in done.stdout
