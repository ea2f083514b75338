"""A network of three namespaces: agents, the gateway's machine, and the whole rest of the world, which keeps every packet.

    agents 10.77.1.2, fd77:1::2 ── g0 ── gateway ── g1 ── world: has every address there is

The gateway's machine forwards packets, so that nothing but the rules under test stands between the two.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from support.upstream import Upstream

AGENTS_V4, AGENTS_V6 = "10.77.1.2", "fd77:1::2"
GATEWAY_V4, GATEWAY_V6 = "10.77.1.1", "fd77:1::1"
WORLD_V4, WORLD_V6 = "10.77.2.2", "fd77:2::2"
TO_AGENTS = "g0"
_ETH_P_ALL = 3
_BARRIER_S = 10


def unavailable() -> str:
    """Why there can be no such network here; empty when there can."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    if missing := [tool for tool in ("ip", "nft") if shutil.which(tool) is None]:
        return f"`{missing[0]}` is not installed (Debian: iproute2, nftables)"
    name = f"aisecops-try-{os.getpid()}"
    if (tried := _run("ip", "netns", "add", name)).returncode:
        return f"this kernel makes no network namespace: {tried.stderr.strip()}"
    try:
        nat = "table inet t { chain c { type nat hook prerouting priority dstnat; meta l4proto tcp redirect to :1; }; }"
        loaded = _run("ip", "netns", "exec", name, "nft", nat)
        return f"this kernel has no nftables NAT: {loaded.stderr.strip()}" if loaded.returncode else ""
    finally:
        _run("ip", "netns", "del", name)


class Network:
    """The three, connected. `packets` are those that arrived in the world, as they came off the wire."""

    def __init__(self) -> None:
        self.agents, self.gateway, self.world = (f"{part}-{os.getpid()}" for part in ("agents", "gateway", "world"))
        self.packets: list[bytes] = []
        self._numbers = itertools.count(1)
        self._resolv = Path("/etc/netns") / self.agents
        self._closing = False

    def open(self) -> None:
        """Make it; what was made is unmade by `close`, also after a failure."""
        for name in (self.agents, self.gateway, self.world):
            _must("ip", "netns", "add", name)
            self.run(name, "ip", "link", "set", "lo", "up")
        self._connect((self.agents, "a0", AGENTS_V4, AGENTS_V6), (self.gateway, TO_AGENTS, GATEWAY_V4, GATEWAY_V6))
        self._connect((self.gateway, "g1", "10.77.2.1", "fd77:2::1"), (self.world, "w0", WORLD_V4, WORLD_V6))
        for where, via_v4, via_v6 in (
            (self.agents, GATEWAY_V4, GATEWAY_V6),
            (self.gateway, WORLD_V4, WORLD_V6),
        ):
            self.run(where, "ip", "route", "add", "default", "via", via_v4)
            self.run(where, "ip", "-6", "route", "add", "default", "via", via_v6)
        self.run(self.world, "ip", "route", "add", "10.77.1.0/24", "via", "10.77.2.1")
        self.run(self.world, "ip", "-6", "route", "add", "fd77:1::/64", "via", "fd77:2::1")
        for family in ("-4", "-6"):  # whatever address is dialled is somebody's here
            self.run(self.world, "ip", family, "route", "add", "local", "default", "dev", "lo", "table", "main")
        for knob in ("net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding"):
            self.run(self.gateway, "sh", "-c", f"echo 1 > /proc/sys/{knob.replace('.', '/')}")
        self._resolv.mkdir(parents=True, exist_ok=True)
        (self._resolv / "resolv.conf").write_text("nameserver 8.8.8.8\noptions attempts:1 timeout:2\n")
        self._wire = self.socket(self.world, socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ETH_P_ALL))
        self._wire.bind(("w0", _ETH_P_ALL))
        self._wire.settimeout(0.2)
        self._listening = threading.Thread(target=self._listen, daemon=True)
        self._listening.start()

    def close(self) -> None:
        """Unmake it."""
        self._closing = True
        if hasattr(self, "_listening"):
            self._listening.join(5)
            self._wire.close()
        for name in (self.agents, self.gateway, self.world):
            _run("ip", "netns", "del", name)
        shutil.rmtree(self._resolv, ignore_errors=True)

    def within(self, name: str, does: Callable[[], Any]) -> Any:
        """What `does` returns in that namespace; a socket it makes stays there."""
        made: list[Any] = []

        def run() -> None:
            with Path(f"/run/netns/{name}").open() as handle:
                os.setns(handle.fileno(), os.CLONE_NEWNET)
            try:
                made.append(does())
            except OSError as failed:
                made.append(failed)

        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
        if isinstance(made[0], OSError):
            raise made[0]
        return made[0]

    def socket(self, name: str, *kind: int) -> socket.socket:
        """A socket of that namespace, usable from here."""
        made: socket.socket = self.within(name, lambda: socket.socket(*kind))
        made.settimeout(5)
        return made

    def dial(self, host: str, port: int) -> socket.socket:
        """A TCP connection of an agent to an address."""
        conn = self.socket(self.agents, socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
        try:
            conn.connect((host, port))
        except OSError:
            conn.close()
            raise
        return conn

    def command(self, name: str, *command: str) -> list[str]:
        """`command` as it is run inside that namespace."""
        return ["ip", "netns", "exec", name, *command]

    def run(self, name: str, *command: str, stdin: str | None = None, check: bool = True) -> str:
        """What a command inside that namespace prints."""
        done = _run(*self.command(name, *command), stdin=stdin)
        assert not check or done.returncode == 0, (command, done.stderr)
        return done.stdout

    def serve(self, port: int, tls: Any = None) -> Upstream:
        """A server of the world, on every address of both families."""
        place = ("::", port)
        listener = self.within(
            self.world, lambda: socket.create_server(place, family=socket.AF_INET6, dualstack_ipv6=True)
        )
        return Upstream(tls, listener)

    @contextlib.contextmanager
    def watched(self) -> Iterator[list[bytes]]:
        """The packets that arrive in the world meanwhile; complete at the end."""
        self._barrier()
        begin = len(self.packets)
        seen: list[bytes] = []
        yield seen
        self._barrier()
        seen += self.packets[begin:]

    def _barrier(self) -> None:
        """Returns when everything that was sent before has arrived: a packet of ours has, behind it."""
        mark = f"barrier {next(self._numbers)} of {os.getpid()}".encode()
        with self.socket(self.gateway, socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.sendto(mark, (WORLD_V4, 9))
        ends = time.monotonic() + _BARRIER_S
        while not any(mark in packet for packet in self.packets[-200:]):
            assert time.monotonic() < ends, "the world hears nothing"
            time.sleep(0.01)

    def _listen(self) -> None:
        while not self._closing:
            with contextlib.suppress(TimeoutError):
                packet, address = self._wire.recvfrom(65536)
                if address[2] != socket.PACKET_OUTGOING:
                    self.packets.append(packet)

    def _connect(self, one: tuple[str, str, str, str], other: tuple[str, str, str, str]) -> None:
        """A cable between two ends: a namespace, a link in it, its addresses of both families."""
        _must("ip", "link", "add", one[1], "netns", one[0], "type", "veth", "peer", "name", other[1], "netns", other[0])
        for name, link, v4, v6 in (one, other):
            self.run(name, "ip", "addr", "add", f"{v4}/24", "dev", link)
            self.run(name, "ip", "addr", "add", f"{v6}/64", "dev", link, "nodad")
            self.run(name, "ip", "link", "set", link, "up")


def of_agents(packets: list[bytes]) -> list[bytes]:
    """Those of `packets` that an agent's address is on: forwarded, not sent by the gateway."""
    v4, v6 = socket.inet_aton(AGENTS_V4), socket.inet_pton(socket.AF_INET6, AGENTS_V6)
    return [packet for packet in packets if v4 in packet[14:54] or v6 in packet[14:54]]


@contextlib.contextmanager
def network() -> Iterator[Network]:
    """One, unmade at the end."""
    made = Network()
    try:
        made.open()
        yield made
    finally:
        made.close()


def _run(*command: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=60, check=False)


def _must(*command: str) -> None:
    done = _run(*command)
    assert done.returncode == 0, (command, done.stderr)
