from __future__ import annotations

import os
import subprocess
import sys

import pytest

from aisecops.adapters.sandbox.outside import Sandbox
from aisecops.adapters.sandbox.plan import Plan, Start
from support.sandbox import needs_sandboxes


@pytest.fixture
def ended(tmp_path):
    """Run a shell script in a sandbox of its own; the exit code. It starts in the test's folder, writable."""
    needs_sandboxes()

    def run(script, *arguments, **plan):
        whole = Plan(**{"folder": str(tmp_path), "doors": (), "writable": (str(tmp_path),), **plan})
        with Sandbox(whole) as sandbox:
            sandbox.start(Start(("sh", "-c", script, "sh", *arguments), dict(os.environ)))
            return sandbox.wait()

    return run


@pytest.fixture
def with_bind():
    """Run a test of this folder in a mount namespace where one folder is also seen at another."""
    if os.geteuid() != 0:
        pytest.skip("mounting takes root")

    def run(one, two, code, *arguments):
        script = 'mount --bind "$0" "$1"; shift; exec "$@"'
        return subprocess.run(
            ["unshare", "--mount", "sh", "-c", script, one, two, sys.executable, "-c", code, *map(str, arguments)],
            capture_output=True, text=True, check=True, env={**os.environ, "PYTHONPATH": ":".join(sys.path)},
        ).stdout  # fmt: skip

    return run
