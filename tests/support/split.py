"""`aisecops control` and `aisecops gateway` as on two machines: separate processes, folders, rules, records and keys.

Between them are the store, the shared keys that `docs/deployment.md` names, and the control plane's port.
"""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from aisecops.adapters.policies.bundle import packed
from aisecops.adapters.system.secrets import secret_key
from aisecops.adapters.system.signing import file_signer, make_key
from aisecops.ops.wiring.stores import SHARED_KEYS
from support.gateway import rules_of
from support.installation import START_S, Installation, until
from support.installation_rules import RULES
from support.installation_upstream import HOSTS, answering
from support.redis_server import Server
from support.upstream import Upstream

STOP_S = 30.0


class Machine:
    """One process in a folder of its own."""

    def __init__(self, folder: Path, role: str, environment: dict[str, str]) -> None:
        self.folder, self.role, self.environment = folder, role, environment
        folder.mkdir(parents=True, exist_ok=True)
        self.settings: dict[str, Any] = {}
        self.process: subprocess.Popen[str] | None = None

    def attempt(self, **more: Any) -> str:
        """Start it with its settings and `more`; its ready line, or nothing when it ended instead."""
        (self.folder / "aisecops.yaml").write_bytes(orjson.dumps(self.settings | more))  # JSON is YAML
        with (self.folder / "stderr").open("w") as said:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "aisecops", self.role],
                cwd=self.folder, env=self.environment, stdout=subprocess.PIPE, stderr=said, text=True,
            )  # fmt: skip
        assert self.process.stdout is not None
        readable, _, _ = select.select([self.process.stdout], [], [], START_S)
        line = self.process.stdout.readline() if readable else ""
        if not line.startswith("aisecops ready "):
            self.kill()
        return line

    def start(self, **more: Any) -> str:
        """Start it; its ready line. Fails with what it said."""
        line = self.attempt(**more)
        assert line, self.said()
        return line

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        if self.process is None:
            return 0
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(STOP_S)
        finally:
            self.kill()

    def kill(self) -> None:
        """It is gone at once."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            assert self.process.stdout is not None
            self.process.stdout.close()
            self.process = None

    def command(self, *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
        """`aisecops ARGUMENTS` in its folder, with these lines to read."""
        return subprocess.run(
            [sys.executable, "-m", "aisecops", *arguments],
            cwd=self.folder, env=self.environment, input=given, capture_output=True, text=True, timeout=200, check=False,
        )  # fmt: skip

    @contextlib.contextmanager
    def frozen(self) -> Iterator[None]:
        """It holds its connections and answers nothing."""
        assert self.process is not None
        os.kill(self.process.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.process.pid, signal.SIGCONT)

    def said(self) -> str:
        """What it wrote to stderr."""
        return (self.folder / "stderr").read_text()

    def events(self, name: str, **fields: Any) -> list[dict[str, Any]]:
        """The events of its own record."""
        files = sorted((self.folder / ".aisecops" / "audit").glob("*.jsonl"))
        found = [orjson.loads(line) for file in files for line in file.read_bytes().splitlines()]
        return [
            e for e in found if e.get("event") == name and all(e.get(key) == value for key, value in fields.items())
        ]


class Split(Installation):
    """Speaks to both as `Installation` speaks to one; `control` and `gateway` are the machines."""

    def __init__(self, folder: Path, *, rules: str = RULES, store: Server | None = None) -> None:
        super().__init__(folder / "control", rules=rules)
        self.control = Machine(folder / "control", "control", self.environment)
        self.gateway = Machine(folder / "gateway", "gateway", self.environment)
        self.another = Machine(folder / "another", "gateway", self.environment)
        self.signing = folder / "signing"
        self.signing.mkdir()
        make_key(self.signing / "rules.key", now_s=int(time.time()))
        self._store, self._serial = store, 0

    def bundle(self, rules: str, *, serial: int | None = None, key: str = "rules.key") -> bytes:
        """`rules` signed with the next serial, or with that one."""
        self._serial = self._serial + 1 if serial is None else self._serial
        number = self._serial if serial is None else serial
        return packed({"rules.yaml": rules.encode()}, file_signer(self.signing / key), serial=number, issued_at=1)

    def give(self, machine: Machine, bundle: bytes) -> None:
        """Put `bundle` on `machine` as a deployment does."""
        new = machine.folder / "rules.new"
        new.write_bytes(bundle)
        new.replace(machine.folder / "rules.bundle")

    def give_all(self, rules: str) -> None:
        """New rules on both, and in force in both."""
        new, wanted = self.bundle(rules), rules_of(rules).policy_version
        for machine in (self.control, self.gateway):
            self.give(machine, new)
        until(lambda: self.versions() == {wanted}, 20, what="new rules in force on both")

    def versions(self) -> set[str]:
        """What is in force on the one and on the other."""
        asked = self.api(self.operator, "GET", "/v1/policy").json["policy_version"]
        return {asked} | self.versions_in_force()

    def start(self) -> None:
        self.upstream = Upstream(self._authority.server_context(*HOSTS))
        self.upstream.answer = answering
        states = [machine.folder / ".aisecops" for machine in (self.control, self.gateway)]
        for state in states:
            state.mkdir(mode=0o700)
        for name in SHARED_KEYS:
            secret_key(states[0], name)
            shutil.copy2(states[0] / f"{name}.key", states[1])
        if self._store is None:  # one file, as two processes of one machine would have it
            (states[1] / "store.sqlite").symlink_to(states[0] / "store.sqlite")
        shared = {
            "store": self._store.url if self._store else "sqlite",
            "paths": {"rules": "rules.bundle"},
            "rules": {"signed_by": [str(self.signing / "rules.jwks.json")]},
            "hold_seconds": "100ms",
            "evaluation": {"live": True, "folder": str(self.signing.parent / "rounds")},
        }
        self.control.settings = shared | {
            "control": {"listen": f"127.0.0.1:{self.control_port}"},
            "proxy": {"public_url": f"http://127.0.0.1:{self.proxy_port}"},
        }
        self.gateway.settings = shared | {
            "proxy": {"listen": f"127.0.0.1:{self.proxy_port}"},
            "control": {"public_url": f"http://127.0.0.1:{self.control_port}", "fetch_keys": True},
            "metrics": {"listen": f"127.0.0.1:{self.metrics_port}"},
            "upstream": {
                "ca": [str(self._authority.file)],
                "resolve": {f"{host}:443": f"127.0.0.1:{self.upstream.port}" for host in HOSTS},
            },
        }
        first = self.bundle(self.rules_file.read_text())
        for machine in (self.control, self.gateway):
            self.give(machine, first)
            machine.start()
        self._bundle = ssl.create_default_context(cafile=str(self.gateway.folder / "certs" / "bundle.pem"))

    @contextlib.contextmanager
    def at_another_gateway(self) -> Iterator[None]:
        """Inside, agents speak to a gateway on a third machine; both run."""
        if self.another.process is None:
            for part in ("certs", ".aisecops"):
                (self.another.folder / part).mkdir(mode=0o700)
            for path in (*self.gateway.folder.glob("certs/*"), *self._shared_files()):
                shutil.copy2(path, self.another.folder / path.parent.name, follow_symlinks=False)
            self.give(self.another, (self.gateway.folder / "rules.bundle").read_bytes())
            free = {"listen": "127.0.0.1:0"}
            self.another.settings = self.gateway.settings | {"proxy": free, "metrics": free}
            self._another_port = int(self.another.start().rpartition(" proxy=")[2].split()[0].rpartition(":")[2])
        self.proxy_port, here = self._another_port, self.proxy_port
        try:
            yield
        finally:
            self.proxy_port = here

    def _shared_files(self) -> list[Path]:
        state = self.gateway.folder / ".aisecops"
        return [*(state / f"{name}.key" for name in SHARED_KEYS), *state.glob("store.*")]

    def stop(self) -> int:
        try:
            return max(abs(machine.stop()) for machine in (self.another, self.gateway, self.control))
        finally:
            self.another.kill()
            self.gateway.kill()
            self.control.kill()
            self.upstream.close()

    def said(self) -> str:
        return self.control.said() + self.gateway.said()
