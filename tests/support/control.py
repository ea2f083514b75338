"""A real control plane in a folder of its own, as a process, for tests of what asks it."""

from __future__ import annotations

import contextlib
import subprocess
import sys

RULES = """
version: 1
agents:
  bot:
    authenticate: {secret: "env:BOT_SECRET"}
    grants:
      - {tool: crm.read, scope: "crm.customers.*"}
tools:
  crm.read:
    match: {host: crm.internal, method: [GET], path: "/v1/customers/**"}
    effect: read
    base_risk: 0.2
    trust: internal
    scope: "crm.customers.{path[2]}"
"""
SECRET = "correct horse battery"


def laid_out(folder):
    """The rules of one agent, `bot`, in `folder`."""
    (folder / "rules").mkdir(parents=True)
    (folder / "rules" / "rules.yaml").write_text(RULES)
    return folder


@contextlib.contextmanager
def started(folder, *arguments, secret=SECRET):
    """`aisecops ARGUMENTS` in `folder`, once it is ready; yields the process and its ready line as a mapping."""
    environ = {"PYTHONPATH": ":".join(sys.path), "BOT_SECRET": secret, "PATH": "/usr/bin:/bin"}
    with (folder / "stderr").open("w") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "aisecops", *arguments],
            cwd=folder, env=environ, stdout=subprocess.PIPE, stderr=said, text=True,
        )  # fmt: skip
    try:
        ready = process.stdout.readline()
        assert ready.startswith("aisecops ready "), (folder / "stderr").read_text()
        yield process, dict(pair.split("=", 1) for pair in ready.split()[2:])
    finally:
        process.terminate()
        try:
            process.wait(20)
        finally:
            process.kill()
            process.stdout.close()
            process.wait()
