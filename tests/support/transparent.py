"""An installation in transparent mode on the gateway's machine of a `Network`, loaded with the rules it prints itself."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from support.installation import until
from support.namespaces import GATEWAY_V4, TO_AGENTS, WORLD_V4, WORLD_V6, Network
from support.processes import below
from support.raw import Reply, Wire
from support.upstream import Authority, Upstream

START_S = 90
NAMES = ("api.test", "six.test", "deep.wild.test")
MADE_UP_V6 = "fd53:a15e:1::/64"
RULES = """version: 1
agents:
  boxed:
    authenticate: {source: [10.77.1.2/32, "fd77:1::2/128"]}
    token: broker
    grants: [{tool: notes.write, scope: "notes.*"}]
  knows-its-proxy:
    authenticate: {secret: "env:KNOWS_SECRET"}
tools:
  notes.write: {match: {host: api.test, method: POST, path: "/notes/*"}, effect: write, base_risk: 0, scope: "notes.{path[1]}"}
sources:
  - {match: {host: api.test}, tier: external}
  - {match: {host: six.test}, tier: external}
  - {match: {host: "*.wild.test"}, tier: external}
"""


class Transparent:
    """`start` it, use it, `stop` it. `received` is what the world's servers got through the gateway."""

    def __init__(self, net: Network, folder: Path) -> None:
        self.net, self.folder = net, folder
        self._authority = Authority(folder)
        self.secret = os.urandom(12).hex()
        self.process: subprocess.Popen[str]
        self.servers: list[Upstream] = []

    def start(self) -> None:
        """Servers in the world, the gateway, and the rules around it."""
        self.servers = [self.net.serve(443, self._authority.server_context(*NAMES)), self.net.serve(80)]
        for port in (22, 853, 8080):
            self.servers.append(self.net.serve(port))
        places = {f"{name}:{port}": f"{WORLD_V4}:{port}" for name in NAMES for port in (80, 443)}
        places |= {f"six.test:{port}": f"[{WORLD_V6}]:{port}" for port in (80, 443)}
        settings = {
            "proxy": {"listen": "[::]:8080", "insecure": True, "transparent": True, "dns": "[::]:5353",
                      "dns_ipv6": MADE_UP_V6},
            "upstream": {"ca": [str(self._authority.file)], "resolve": places},
            "drain_seconds": 1,
        }  # fmt: skip
        (self.folder / "aisecops.yaml").write_bytes(orjson.dumps(settings))
        (self.folder / "rules").mkdir()
        (self.folder / "rules" / "rules.yaml").write_text(RULES)
        self.load_rules()
        with (self.folder / "stderr").open("w") as said:
            self.process = subprocess.Popen(
                self.net.command(self.net.gateway, sys.executable, "-m", "aisecops", "up"),
                cwd=self.folder, env=self._environment, stdout=subprocess.PIPE, stderr=said, text=True,
            )  # fmt: skip
        assert self.process.stdout is not None
        readable, _, _ = select.select([self.process.stdout], [], [], START_S)
        ready = self.process.stdout.readline() if readable else ""
        assert ready.startswith("aisecops ready "), self.said()
        self.bundle = self.folder / "certs" / "bundle.pem"

    def load_rules(self) -> None:
        """`aisecops nftables ... | nft -f -`."""
        printed = subprocess.run(
            [sys.executable, "-m", "aisecops", "nftables", "--agents-interface", TO_AGENTS],
            cwd=self.folder, env=self._environment, capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip
        self.net.run(self.net.gateway, "nft", "-f", "-", stdin=printed)

    def unload_rules(self) -> None:
        self.net.run(self.net.gateway, "nft", "delete", "table", "inet", "aisecops")

    def kill(self) -> None:
        """Nothing of it is left to say goodbye."""
        pids = [*below(self.process.pid), self.process.pid]
        for pid in reversed(pids):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()
        until(lambda: not self._listens(), what="nothing of it is left")

    def _listens(self) -> bool:
        """True while the gateway's machine has any TCP port open: a killed process may take a while to let go of it."""
        tables = self.net.run(self.net.gateway, "cat", "/proc/net/tcp", "/proc/net/tcp6")
        return any(line.split()[3] == "0A" for line in tables.splitlines() if ":" in line)

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(60)
        if self.process.stdout is not None:
            self.process.stdout.close()
        for server in self.servers:
            server.close()

    @property
    def _environment(self) -> dict[str, str]:
        path = "/usr/sbin:/sbin:/usr/bin:/bin"
        return {"PYTHONPATH": ":".join(sys.path), "PATH": path, "KNOWS_SECRET": self.secret}

    def said(self) -> str:
        return (self.folder / "stderr").read_text()

    @property
    def received(self) -> bytes:
        return b"".join(server.received for server in self.servers)

    def events(self, **fields: Any) -> list[dict[str, Any]]:
        """The record's events with these fields."""
        files = sorted((self.folder / ".aisecops" / "audit").glob("*.jsonl"))
        lines = [orjson.loads(line) for file in files for line in file.read_bytes().splitlines()]
        return [line for line in lines if all(line.get(name) == value for name, value in fields.items())]

    def metrics(self) -> str:
        return self.net.run(self.net.gateway, "curl", "-s", "http://127.0.0.1:9464/metrics")

    # as an agent

    def curl(self, *arguments: str) -> str:
        """The real curl of an agent that was told nothing but which authority to trust."""
        command = ("curl", "-s", "-m", "15", "--cacert", str(self.bundle), *arguments)
        return self.net.run(self.net.agents, *command, check=False)

    @contextlib.contextmanager
    def plain(self, address: str, port: int = 80) -> Iterator[Wire]:
        with self.net.dial(address, port) as conn:
            yield Wire(conn)

    @contextlib.contextmanager
    def secure(self, address: str, sni: str | None, port: int = 443) -> Iterator[Wire]:
        """TLS to an address under a name, or under none. What the certificate says is not looked at."""
        context = ssl.create_default_context(cafile=str(self.bundle))
        context.check_hostname = False
        with self.net.dial(address, port) as raw, context.wrap_socket(raw, server_hostname=sni) as conn:
            yield Wire(conn)

    def look_up(self, message: bytes, *, resolver: str = "8.8.8.8", tcp: bool = False) -> bytes | None:
        """The answer to a DNS query of an agent; None when there is none."""
        family = socket.AF_INET6 if ":" in resolver else socket.AF_INET
        with self.net.socket(self.net.agents, family, socket.SOCK_STREAM if tcp else socket.SOCK_DGRAM) as sock:
            try:
                sock.connect((resolver, 53))
                sock.sendall(len(message).to_bytes(2) + message if tcp else message)
                reply = sock.recv(600)
            except OSError:
                return None
            return (reply[2:] if tcp else reply) or None


def get(host: str, path: str = "/", *headers: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: {host}\r\n{''.join(f'{line}' + chr(13) + chr(10) for line in headers)}\r\n".encode()


def code(reply: Reply) -> str:
    """The problem's code."""
    return str(orjson.loads(reply.body)["code"]) if "problem" in reply.headers.get("content-type", "") else ""


__all__ = ["GATEWAY_V4", "Transparent", "code", "get"]
