"""Sandboxed commands of a real installation, as root and as somebody; and the world outside they must not reach.

Loudly skips where the kernel forbids sandboxes, by what the product itself says about it.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import aisecops
from aisecops.adapters.sandbox.outside import Sandbox
from aisecops.adapters.sandbox.plan import Plan
from aisecops.adapters.sandbox.unavailable import Unavailable
from support.installation import Installation
from support.installation_rules import AGENTS

SOMEBODY = 54321
PROBE = Path(__file__).with_name("sandbox_probe.py")
SECONDS = 60


def needs_sandboxes() -> None:
    """Skip the test where the kernel has none."""
    try:
        Sandbox(Plan(folder="/", doors=())).close()
    except Unavailable as unavailable:
        pytest.skip(f"NO SANDBOX TESTED: {unavailable}; {unavailable.mend}")


class Outside:
    """Listeners of this machine. `heard` has where something arrived."""

    def __init__(self, folder: Path, stack: contextlib.ExitStack) -> None:
        self.heard: list[str] = []
        self.abstract = f"aisecops-{os.getpid()}-{id(self)}"
        self.temporary = Path(stack.enter_context(tempfile.TemporaryDirectory(dir="/tmp")))
        self.temporary.chmod(0o755)
        with socket.create_server(("0.0.0.0", 0)) as free:
            self.port = free.getsockname()[1]
        self.socket, self.datagrams = folder / "door.sock", folder / "datagrams.sock"
        stream, datagram, unix = socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.AF_UNIX
        for name, family, kind, address in (
            ("tcp", socket.AF_INET, stream, ("0.0.0.0", self.port)),
            ("tcp6", socket.AF_INET6, stream, ("::1", self.port)),
            ("udp", socket.AF_INET, datagram, ("0.0.0.0", self.port)),
            ("file", unix, stream, str(self.socket)),
            ("datagrams", unix, datagram, str(self.datagrams)),
            ("temporary", unix, stream, str(self.temporary / "door.sock")),
            ("abstract", unix, stream, "\0" + self.abstract),
        ):
            listener = stack.enter_context(socket.socket(family, kind))
            listener.bind(address)
            if isinstance(address, str) and address[0] != "\0":
                Path(address).chmod(0o777)
                stack.callback(os.unlink, address)
            if kind == stream:
                listener.listen()
            thread = threading.Thread(target=self._listen, args=(name, listener), daemon=True)
            thread.start()
            stack.callback(thread.join)
            stack.callback(_wake, listener)

    def _listen(self, name: str, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                if listener.type == socket.SOCK_DGRAM:
                    data, whence = listener.recvfrom(64)
                    if data and listener.family == socket.AF_INET:
                        listener.sendto(b"!", whence)
                else:
                    connection, _ = listener.accept()
                    with connection:
                        data = connection.recv(64)
                if not data:
                    return
                self.heard.append(name)

    def told(self) -> dict[str, Any]:
        """What the probe must know to reach them."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
            try:
                one.connect(("192.0.2.1", 9))  # sends nothing; says by which address one would
                address = one.getsockname()[0]
            except OSError:
                address = "127.0.0.2"
        return {
            "port": self.port, "address": address, "socket": str(self.socket), "abstract": self.abstract,
            "datagrams": str(self.datagrams), "temporary_socket": str(self.temporary / "door.sock"),
        }  # fmt: skip


def _wake(listener: socket.socket) -> None:
    with contextlib.suppress(OSError):
        listener.shutdown(socket.SHUT_RDWR)
    if listener.type == socket.SOCK_DGRAM:
        with socket.socket(listener.family, socket.SOCK_DGRAM) as one, contextlib.suppress(OSError):
            one.sendto(b"", listener.getsockname())


class Place(NamedTuple):
    """A folder from which somebody uses the installation. `user` None: root."""

    folder: Path
    environment: dict[str, str]
    user: int | None

    def argv(self, *arguments: str) -> list[str]:
        own = [sys.executable, "-m", "aisecops", *arguments]
        return own if self.user is None else as_somebody(self.user, own)

    def run(
        self, *command: str, flags: tuple[str, ...] = ("--sandbox",), **more: Any
    ) -> subprocess.CompletedProcess[str]:
        """`aisecops run --sandbox -- COMMAND` there."""
        return subprocess.run(
            self.argv("run", "--agent", "clerk", *flags, "--", *command),
            cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=SECONDS, check=False, **more,
        )  # fmt: skip

    def started(self, *command: str, **more: Any) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.argv("run", "--agent", "clerk", "--sandbox", "--", *command),
            cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, **more,
        )  # fmt: skip

    def told(self) -> dict[str, Any]:
        """What the probe must know of the gateway's own files here."""
        here = self.folder
        return {
            "folder": str(here), "state": str(here / ".aisecops"), "certs": str(here / "certs"),
            "rules": str(here / "rules"), "settings": str(here / "aisecops.yaml"), "beside": str(here.parent),
            "code": str(Path(aisecops.__file__).parent), "pid": os.getpid(),
        }  # fmt: skip

    def probed(self, outside: Outside) -> dict[str, str | None]:
        """What each way out came to, in a sandbox."""
        (self.folder / "probe.py").write_text(PROBE.read_text())
        ended = self.run(sys.executable, "-I", "probe.py", json.dumps(self.told() | outside.told()))
        assert ended.returncode == 0, ended.stderr
        return json.loads(ended.stdout)


def place_of_root(house: Installation) -> Place:
    """The installation's own folder."""
    return Place(house.folder, {**house.environment, "HOME": "/root"}, None)


def place_of_somebody(house: Installation, folder: Path) -> Place:
    """A folder of a user without rights, who knows the agent's secret, where the gateway is, and whom to trust."""
    for name in ("certs", "rules"):
        shutil.copytree(house.folder / name, folder / name)
    (folder / ".aisecops").mkdir(mode=0o700)
    (folder / ".aisecops" / "operator.secret").write_text("somebody's")
    (folder / ".aisecops" / "store.sqlite").write_text("somebody's")
    listens = {"proxy": house.proxy_port, "control": house.control_port}
    settings = {part: {"listen": f"127.0.0.1:{port}"} for part, port in listens.items()}
    (folder / "aisecops.yaml").write_text(json.dumps(settings))
    for path in (folder, *folder.rglob("*")):
        os.chown(path, SOMEBODY, SOMEBODY)
    secret = {"CLERK_SECRET": AGENTS["clerk"].secret}
    return Place(
        folder,
        {"HOME": str(folder.parent), "PATH": "/usr/bin:/bin", "PYTHONPATH": ":".join(sys.path)} | secret,
        SOMEBODY,
    )


_AS_SOMEBODY = """
set -e
for closed in $CLOSED; do
    kept=$(mktemp -d); mount --bind "$INTERPRETER" "$kept"
    mount -t tmpfs -o mode=755 none "$closed"; mkdir -p "$INTERPRETER"; mount --move "$kept" "$INTERPRETER"; rmdir "$kept"
done
exec setpriv --reuid "$SOMEBODY" --regid "$SOMEBODY" --clear-groups --inh-caps=-all --bounding-set=-all env -u CLOSED -u INTERPRETER -u SOMEBODY "$@"
"""


def as_somebody(user: int, command: list[str]) -> list[str]:
    """`command` without rights. Where the interpreter lies in a folder of root's alone, that is opened for it first."""
    interpreter = Path(sys.base_prefix).resolve()
    closed = [str(path) for path in reversed(interpreter.parents) if not path.stat().st_mode & 0o005]
    variables = [f"CLOSED={' '.join(closed[:1])}", f"INTERPRETER={interpreter}", f"SOMEBODY={user}"]
    return [
        "env",
        *variables,
        "unshare",
        "--mount",
        "--propagation",
        "private",
        "sh",
        "-c",
        _AS_SOMEBODY,
        "sh",
        *command,
    ]


@contextlib.contextmanager
def home_of(user: int | None = None) -> Iterator[Path]:
    """A folder in a home that is not among those that are private in a sandbox; everybody may go there."""
    where = "/var/lib" if os.geteuid() == 0 else Path.home()
    with tempfile.TemporaryDirectory(dir=where, prefix="aisecops-test-") as home:
        Path(home).chmod(0o755)
        folder = Path(home) / "work"
        folder.mkdir()
        if user is not None:
            os.chown(home, user, user)
        yield folder
