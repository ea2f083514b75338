"""A network of one machine, in which a client can do two things: come to the gateway, or go round it and be seen.

`Enclosure` starts this file as a process in namespaces of its own: no interface but loopback, a hosts file that leads
every name to a trap on 127.0.0.9, and on 127.0.0.1 the proxy's port, carried out over a socket in the file system.
What arrives at an upstream outside can only have come through the gateway; what arrives at the trap went round it.
Needs Linux that lets this user make namespaces; `forbidden` says why not. Uses the standard library alone.
"""

from __future__ import annotations

import base64
import contextlib
import ctypes
import fcntl
import json
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

TRAP = "127.0.0.9"
OPEN_PORTS = (80, 443)
_MS_BIND, _MS_REC, _MS_PRIVATE = 4096, 16384, 1 << 18
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 1


class Seen(NamedTuple):
    """What one command did. `tunnels` and `plain` are heads that came to the proxy; `direct` counts trap connections."""

    code: int
    output: str
    tunnels: list[dict[str, str]]
    direct: int

    @property
    def came(self) -> bool:
        return bool(self.tunnels)

    @property
    def names(self) -> set[str]:
        """The names in the proxy credentials that were shown."""
        return {tunnel["name"] for tunnel in self.tunnels if tunnel["name"]}


class Enclosure:
    """One command at a time. `hosts` lead to the trap; `proxy_port` leads to the same port outside."""

    def __init__(self, folder: Path, hosts: tuple[str, ...], proxy_port: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._door = folder / "door"
        self._proxy_port = proxy_port
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self._door))
        self._listener.listen(64)
        threading.Thread(target=self._carry_out, daemon=True).start()
        self._process = subprocess.Popen(
            [sys.executable, __file__, str(folder), str(proxy_port), *hosts],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True,
        )  # fmt: skip
        assert self._answer() == {"ready": True}

    def run(
        self, argv: list[str], env: dict[str, str], folder: Path, *, seconds: float = 60, only_where: bool = False
    ) -> Seen:
        """Run a command to its end, or with `only_where` until it is seen where it goes; late ones are ended: -9."""
        assert self._process.stdin is not None
        order = {"argv": argv, "env": env, "cwd": str(folder), "seconds": seconds, "only_where": only_where}
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return Seen(**self._answer())

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(10)
        self._process.stdout.close()
        self._listener.close()

    def _answer(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the enclosure ended"
        return json.loads(line)

    def _carry_out(self) -> None:
        while True:
            try:
                inner, _ = self._listener.accept()
            except OSError:
                return
            try:
                _join(inner, socket.create_connection(("127.0.0.1", self._proxy_port)))
            except OSError:
                inner.close()


def forbidden() -> str:
    """Why no enclosure can be made here; empty when one can."""
    if sys.platform != "linux":
        return "only Linux has network namespaces"
    tried = subprocess.run([sys.executable, __file__], capture_output=True, text=True, check=False)
    return "" if tried.returncode == 0 else (tried.stderr.strip().splitlines() or ["no namespaces"])[-1]


@contextlib.contextmanager
def enclosed(folder: Path, hosts: tuple[str, ...], proxy_port: int) -> Iterator[Enclosure]:
    enclosure = Enclosure(folder, hosts, proxy_port)
    try:
        yield enclosure
    finally:
        enclosure.close()


# inside


def _enter(hosts_file: Path | None) -> None:
    uid, gid = os.getuid(), os.getgid()
    spaces = os.CLONE_NEWNET | os.CLONE_NEWNS
    try:
        os.unshare(spaces)
    except PermissionError:
        os.unshare(spaces | os.CLONE_NEWUSER)
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"0 {uid} 1")
        Path("/proc/self/gid_map").write_text(f"0 {gid} 1")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        asked = struct.pack("16sh", b"lo", 0)
        flags = struct.unpack("16sh", fcntl.ioctl(any_socket, _SIOCGIFFLAGS, asked))[1]
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sh", b"lo", flags | _IFF_UP))
    _mount("none", "/", _MS_REC | _MS_PRIVATE)
    if hosts_file is not None:
        _mount(str(hosts_file), "/etc/hosts", _MS_BIND)


def _mount(source: str, target: str, flags: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(source.encode(), target.encode(), None, flags, None):
        raise OSError(ctypes.get_errno(), f"cannot mount {source}")


def _join(one: socket.socket, other: socket.socket, first: bytes = b"") -> None:
    """Carry bytes both ways until both sides have ended."""

    def pump(source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_WR)

    def both() -> None:
        with one, other:
            if first:
                other.sendall(first)
            back = threading.Thread(target=pump, args=(other, one), daemon=True)
            back.start()
            pump(one, other)
            back.join()

    threading.Thread(target=both, daemon=True).start()


class _Inside:
    def __init__(self, folder: Path, proxy_port: int) -> None:
        self.heads: list[bytes] = []
        self.direct = 0
        self._door = folder / "door"
        self._listen(("127.0.0.1", proxy_port), self._to_the_gateway)
        for port in OPEN_PORTS:
            self._listen((TRAP, port), self._trapped)

    def _listen(self, address: tuple[str, int], meet: Any) -> None:
        listener = socket.create_server(address, backlog=64)

        def accept() -> None:
            while True:
                met, _ = listener.accept()
                threading.Thread(target=meet, args=(met,), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()

    def _to_the_gateway(self, met: socket.socket) -> None:
        first = b""
        with contextlib.suppress(OSError):
            while b"\r\n\r\n" not in first and (piece := met.recv(65536)):
                first += piece
        if not first:
            met.close()
            return
        self.heads.append(first)
        outer = socket.socket(socket.AF_UNIX)
        outer.connect(str(self._door))
        _join(met, outer, first)

    def _trapped(self, met: socket.socket) -> None:
        self.direct += 1
        met.close()

    def carry_out(self, order: dict[str, Any]) -> Seen:
        self.heads, self.direct = [], 0
        # a file, not a pipe: what a command leaves running would hold a pipe open
        with tempfile.TemporaryFile() as said:
            started = subprocess.Popen(
                order["argv"], env=order["env"], cwd=order["cwd"],
                stdin=subprocess.DEVNULL, stdout=said, stderr=said, start_new_session=True,
            )  # fmt: skip
            code = self._wait(started, order["seconds"], only_where=order["only_where"])
            with contextlib.suppress(ProcessLookupError):
                os.killpg(started.pid, signal.SIGKILL)
            started.wait()
            said.seek(0)
            output = said.read().decode(errors="replace")
        time.sleep(0.02)
        return Seen(code, output, [_told(head) for head in self.heads], self.direct)

    def _wait(self, started: subprocess.Popen[bytes], seconds: float, *, only_where: bool) -> int:
        ends = time.monotonic() + seconds
        while time.monotonic() < ends and not (only_where and (self.heads or self.direct)):
            with contextlib.suppress(subprocess.TimeoutExpired):
                return started.wait(0.02 if only_where else seconds)
        return -9


def _told(head: bytes) -> dict[str, str]:
    line = head.split(b"\r\n", 1)[0].decode("latin-1")
    shown = re.search(rb"(?i)\r\nproxy-authorization: *basic +([A-Za-z0-9+/=]+)", head)
    name = base64.b64decode(shown[1]).decode("latin-1").partition(":")[0] if shown else ""
    return {"line": line, "name": name}


def _main() -> None:
    if len(sys.argv) == 1:
        _enter(None)
        return
    folder, proxy_port, hosts = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
    hosts_file = folder / "hosts"
    hosts_file.write_text("127.0.0.1 localhost\n" + "".join(f"{TRAP} {host}\n" for host in hosts))
    _enter(hosts_file)
    inside = _Inside(folder, proxy_port)
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        print(json.dumps(inside.carry_out(json.loads(line))._asdict()), flush=True)


if __name__ == "__main__":
    _main()
