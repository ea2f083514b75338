"""Too few file descriptors are said at the start, by each long-lived command."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize("role", ["up", "gateway", "control"])
def test_a_process_that_may_open_too_few_files_says_so_and_does_not_start(tmp_path, role):
    began = "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (200, 200))\n"
    code = f"{began}from aisecops.ops.cli import main\nraise SystemExit(main([{role!r}]))"
    environ = {"PYTHONPATH": ":".join(sys.path)}

    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environ, capture_output=True, text=True, check=False, timeout=60
    )

    assert done.returncode == 2
    assert done.stdout == ""
    assert "aisecops: a process may open 200 files here, and needs 256 at least\n  raise the limit" in done.stderr
