"""A real `aisecops up` in a folder of its own: real processes, real ports, a recording upstream over TLS on loopback.

Speaks to it as an agent, a run or an operator would, over sockets alone, and looks at what came out at the other end.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import os
import re
import select
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from aisecops.adapters.policies.files import read_folder
from aisecops.controls.policy.parse import policy_version
from support.installation_rules import AGENTS, RULES, Party
from support.installation_upstream import HOSTS, answering
from support.processes import below
from support.speaking import SILENCE, Line, Run, Said, once, request_bytes
from support.upstream import Authority, Upstream

START_S = 90
STOP_S = 40
_numbers = itertools.count(1)


def fresh(prefix: str = "c") -> str:
    """A name that no other test uses: what it marks can be found again at the upstream and in the record."""
    return f"{prefix}{os.getpid()}x{next(_numbers)}"


class Installation:
    """`start` it, use it, `stop` it. Settings are those of `aisecops.yaml`, rules a text or a folder to copy."""

    def __init__(self, folder: Path, *, rules: str | Path = RULES, workers: int = 1, **settings: Any) -> None:
        self.folder = folder
        self.upstream: Upstream
        self.process: subprocess.Popen[str]
        self.proxy_port, self.control_port, self.metrics_port = _free_ports(3)
        self._authority = Authority(_made(folder / "upstream"))
        self._settings, self._workers = settings, workers
        self.elsewhere: dict[str, str] = {}
        """More names and where they lead, `host:port` each; a server of their own is shown by `context_for`."""
        self.rules_file = folder / "rules" / "rules.yaml"
        if isinstance(rules, Path):
            shutil.copytree(rules, folder / "rules")
        else:
            _made(folder / "rules")
            self.rules_file.write_text(rules)

    # its life

    def start(self) -> None:
        """Start everything and wait for the ready line; fails with what the processes said."""
        self.upstream = Upstream(self._authority.server_context(*HOSTS))
        self.upstream.answer = answering
        places = {f"{host}:443": f"127.0.0.1:{self.upstream.port}" for host in HOSTS}
        own = {"own-proxy.internal": self.proxy_port, "own-control.internal": self.control_port}
        places |= {f"{name}:443": f"127.0.0.1:{port}" for name, port in own.items()}
        places |= self.elsewhere
        settings = {
            "proxy": {"listen": f"127.0.0.1:{self.proxy_port}", "workers": self._workers},
            "control": {"listen": f"127.0.0.1:{self.control_port}"},
            "metrics": {"listen": f"127.0.0.1:{self.metrics_port}"},
            "upstream": {"ca": [str(self._authority.file)], "resolve": places},
            "hold_seconds": "100ms",
        } | self._settings
        (self.folder / "aisecops.yaml").write_bytes(orjson.dumps(settings))  # JSON is YAML
        with (self.folder / "stderr").open("w") as said:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "aisecops", "up"],
                cwd=self.folder, env=self.environment, stdout=subprocess.PIPE, stderr=said, text=True,
            )  # fmt: skip
        assert self.process.stdout is not None
        readable, _, _ = select.select([self.process.stdout], [], [], START_S)
        self.ready_line = self.process.stdout.readline() if readable else ""
        if not self.ready_line.startswith("aisecops ready "):
            self.process.kill()
            self.process.wait()
            self.process.stdout.close()
            self.upstream.close()
            raise AssertionError(f"it did not start: {self.said()}")
        self._bundle = ssl.create_default_context(cafile=str(self.bundle_file))

    def stop(self) -> int:
        """SIGTERM; the exit code. Fails when it does not end, or leaves a process behind."""
        try:
            left = below(self.process.pid)
            self.process.send_signal(signal.SIGTERM)
            try:
                code = self.process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                for pid in [*below(self.process.pid), self.process.pid]:
                    os.kill(pid, signal.SIGKILL)
                self.process.wait()
                raise AssertionError(f"it did not stop: {self.said()}") from None
            until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in left), what="nothing left running")
            return code
        finally:
            if self.process.stdout is not None:
                self.process.stdout.close()
            self.upstream.close()

    def context_for(self, *names: str) -> ssl.SSLContext:
        """TLS for one more upstream."""
        return self._authority.server_context(*names)

    @property
    def bundle_file(self) -> Path:
        """The authorities that a client trusts."""
        return self.folder / "certs" / "bundle.pem"

    @property
    def bundle(self) -> ssl.SSLContext:
        """What a client trusts."""
        return self._bundle

    @property
    def environment(self) -> dict[str, str]:
        secrets = {f"{agent.name.upper()}_SECRET": agent.secret for agent in AGENTS.values()}
        named = RULES + "".join(path.read_text() for path in self.rules_file.parent.glob("*.yaml"))
        known = {variable: secret for variable, secret in secrets.items() if variable in named}
        return {"PYTHONPATH": ":".join(sys.path), "PATH": "/usr/bin:/bin", **known}

    def said(self) -> str:
        """What the processes wrote to stderr."""
        return (self.folder / "stderr").read_text()

    def workers(self, role: str) -> list[int]:
        """The processes of `gateway` or `control` that run now."""
        return below(self.process.pid, role)

    def command(self, *arguments: str, timeout: float = 60) -> subprocess.CompletedProcess[str]:
        """`aisecops ARGUMENTS` in the installation's folder."""
        return subprocess.run(
            [sys.executable, "-m", "aisecops", *arguments],
            cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=timeout, check=False,
        )  # fmt: skip

    # through the proxy

    @contextlib.contextmanager
    def line(self, who: Party | str | None, place: str) -> Iterator[Line]:
        """A connection of `who` (or of raw credentials) to `host:port`."""
        credentials = who.basic if isinstance(who, Party) else who
        with contextlib.ExitStack() as stack:
            yield Line(self.proxy_port, credentials, place, self._bundle, stack)

    def ask(self, who: Party | Run | str | None, method: str, url: str, *, headers: Any = (), body: Any = None) -> Said:
        """One request on a connection of its own. A `Run` speaks as its agent and names itself in the header."""
        pairs = list(headers.items() if isinstance(headers, dict) else headers)
        if isinstance(who, Run):
            pairs.append(("AISecOps-Run", who.run_id))
            who = who.agent
        scheme, _, rest = url.partition("://")
        place, slash, path = rest.partition("/")
        if scheme == "http":
            shown = who.basic if isinstance(who, Party) else who
            pairs = [*pairs, *([] if shown is None else [("Proxy-Authorization", shown)])]
            return once(self.proxy_port, request_bytes(method, url, place, pairs, body))
        try:
            with self.line(who, place if re.search(r":\d+$", place) else f"{place}:443") as line:
                return line.ask(method, f"{slash or '/'}{path}", headers=pairs, body=body)
        except (OSError, AssertionError):
            return SILENCE

    def received(self, marker: str) -> list[bytes]:
        """The connections to the upstream on which `marker` arrived, whole."""
        return [bytes(data) for data in list(self.upstream.connections) if marker.encode() in data]

    def arrived(self, marker: str) -> int:
        """How many times `marker` arrived at the upstream."""
        return sum(data.count(marker.encode()) for data in self.received(marker))

    # the control plane

    @functools.cached_property
    def operator(self) -> str:
        return "Bearer " + (self.folder / ".aisecops" / "operator.secret").read_text().strip()

    def api(self, who: Party | str | None, method: str, path: str, body: Any = None) -> Said:
        """A call of the control plane's API as `who`, or with raw credentials."""
        credentials = who.basic if isinstance(who, Party) else who
        headers = [("Connection", "close"), *([] if credentials is None else [("Authorization", credentials)])]
        return once(self.control_port, request_bytes(method, path, "127.0.0.1", headers, body))

    def run(self, agent: str, *, by: str | None = None, **asked: Any) -> Run:
        """A new run of `agent`, opened by itself or by the operator (`by`)."""
        party = AGENTS[agent]
        if by is not None:
            asked["agent_id"] = agent
        said = self.api(by or party, "POST", "/v1/runs", asked)
        assert said.status == 201, said
        told = said.json
        return Run(told["run_id"], party, Party(told["run_id"], told["run_secret"]), told)

    def token(self, run: Run, tool: str, scope: str, **asked: Any) -> str:
        """A capability token, asked for by the run's agent."""
        said = self.api(run.agent, "POST", "/v1/tokens", {"run_id": run.run_id, "tool": tool, "scope": scope, **asked})
        assert said.status == 201, said
        return said.json["token"]

    def with_token(self, run: Run, tool: str, scope: str, **asked: Any) -> dict[str, str]:
        """The header that shows such a token."""
        return {"AISecOps-Capability": self.token(run, tool, scope, **asked)}

    def tree(self, run: Run) -> dict[str, Any]:
        """The run as the API tells it to an operator."""
        return self.api(self.operator, "GET", f"/v1/runs/{run.run_id}").json

    # what is left behind

    def events(self, name: str | None = None, **fields: Any) -> list[dict[str, Any]]:
        """The record's events of that name and with these fields, in order."""
        lines = [line for file in self.record_files() for line in file.read_bytes().splitlines()]
        found = [orjson.loads(line) for line in lines]
        return [
            event
            for event in found
            if name in (None, event.get("event")) and all(event.get(key) == value for key, value in fields.items())
        ]

    def put_in_force(self, rules: str) -> None:
        """Replace the rules as an editor does, and wait until every process runs on them and finds them good."""
        self.edit("rules.yaml", rules)

    def edit(self, name: str, text: str) -> None:
        """The same for one file of the rules."""
        new = self.folder / "rules.new"
        new.write_text(text)
        new.replace(self.rules_file.with_name(name))
        wanted = policy_version(read_folder(self.rules_file.parent))

        def in_force() -> bool:
            asked = self.api(self.operator, "GET", "/v1/policy").json["policy_version"]
            return asked == wanted and self.versions_in_force() == {wanted}

        until(in_force, 10, what="new rules in force")

    def versions_in_force(self) -> set[str]:
        """The versions in force in any process, while all of them find the rules good."""
        found = self.metrics()
        versions = {name.split('"')[1] for name, value in found.items() if "policy_info" in name and value}
        return versions if found["aisecops_policy_valid"] == 1 else set()

    def record_files(self) -> list[Path]:
        """The record's files, oldest first."""
        return sorted((self.folder / ".aisecops" / "audit").glob("*.jsonl"))

    def metrics(self) -> dict[str, float]:
        """Every sample of the one scrape, by its name with labels."""
        said = once(self.metrics_port, request_bytes("GET", "/metrics", "127.0.0.1", [("Connection", "close")]))
        samples = (line.rpartition(" ") for line in said.body.decode().splitlines() if line and line[0] != "#")
        return {name: float(value) for name, _, value in samples}

    def everything_written(self) -> bytes:
        """Whatever it has written anywhere: logs, record, store, metrics; not the keys and the rules."""
        skipped = {self.folder / "certs", self.folder / "rules", self.folder / "upstream"}
        files = [f for f in self.folder.rglob("*") if f.is_file() and not skipped & set(f.parents)]
        return b"".join(file.read_bytes() for file in files)


def until(holds: Callable[[], Any], seconds: float = 30, *, what: str = "it") -> Any:
    """What `holds` returns as soon as it is true; fails after `seconds`."""
    ends = time.monotonic() + seconds
    while not (found := holds()):
        assert time.monotonic() < ends, f"{what} did not come about in {seconds} s"
        time.sleep(0.05)
    return found


@contextlib.contextmanager
def installed(folder: Path, *, rules: str | Path = RULES, workers: int = 1, **settings: Any) -> Iterator[Installation]:
    """An installation that runs; at the end it stops cleanly or the test fails."""
    installation = Installation(folder, rules=rules, workers=workers, **settings)
    installation.start()
    try:
        yield installation
    finally:
        assert installation.stop() == 0, installation.said()


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        held = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [one.getsockname()[1] for one in held]


@pytest.fixture(name="house")
def shared_installation(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """One installation for all tests of a session that only use it; it ends with the last of them."""
    session = request.session
    if _SHARED not in session.stash:
        session.stash[_SHARED] = None  # a second start would not fare better
        stack = contextlib.ExitStack()
        session.stash[_SHARED] = stack.enter_context(installed(tmp_path_factory.mktemp("house")))
        session.addfinalizer(stack.close)
    shared = session.stash[_SHARED]
    assert shared is not None, "the installation did not start; see the first failure"
    return shared


_SHARED = pytest.StashKey[Installation | None]()
