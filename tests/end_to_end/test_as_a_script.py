"""The gate inside `mitmdump -s`: while the script stands it governs, and when it goes, so does the traffic."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from aisecops.adapters.system.certificates import CertificateAuthority
from aisecops.adapters.system.clock import SystemClock
from support.raw import NOTHING, Reply, secure
from support.upstream import Authority, Upstream, running_upstream

ROOT = Path(__file__).resolve().parents[2]
GET = b"GET /hello HTTP/1.1\r\nHost: api.test\r\n\r\n"
SCRIPT = """
import contextlib, sys
from pathlib import Path
from aisecops.adapters.mitm.embedded import Embedded
from aisecops.adapters.mitm.host import HostSettings
from support.proxy import Lets, problem

@contextlib.asynccontextmanager
async def enforcer():
    yield Lets({{("api.test", 443): ("127.0.0.1", {upstream})}})

settings = HostSettings(confdir=Path({confdir!r}), listen_port={port}, upstream_trust=Path({trust!r}))
addons = [Embedded(settings, enforcer, problem)]
"""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def ask(port: int, ca: Path) -> Reply:
    try:
        with secure(port, "api.test:443", ca) as wire:
            return wire.ask(GET)
    except (OSError, AssertionError):
        return NOTHING


class Script:
    """A running `mitmdump` with our gate as a script."""

    def __init__(self, folder: Path, upstream: Upstream, trust: Path) -> None:
        self.port = free_port()
        self.upstream = upstream
        self.ca = folder / "certs" / "mitmproxy-ca-cert.pem"
        CertificateAuthority(folder / "certs", SystemClock()).create_if_missing()
        self.file = folder / "script.py"
        self.file.write_text(
            SCRIPT.format(upstream=upstream.port, confdir=str(folder / "certs"), port=self.port, trust=str(trust))
        )
        self.process = self.start(str(self.file))

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        program = "from mitmproxy.tools.main import mitmdump; mitmdump()"
        return subprocess.Popen(
            [sys.executable, "-c", program, "-q", "-s", *arguments],
            env={"PYTHONPATH": f"{ROOT / 'addons'}:{ROOT / 'tests'}", "HOME": str(self.file.parent)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def end(self) -> None:
        self.process.kill()
        self.process.communicate()


def wait_for(script: Script, status: int) -> Reply:
    """The first answer with `status`."""
    end = time.monotonic() + 20
    while (reply := ask(script.port, script.ca)).status != status:
        assert time.monotonic() < end
        assert script.process.poll() is None, script.process.communicate()
        time.sleep(0.1)
    return reply


@pytest.fixture
def script(tmp_path: Path) -> Iterator[Script]:
    authority = Authority(tmp_path)
    with running_upstream(authority.server_context("api.test")) as upstream:
        script = Script(tmp_path, upstream, authority.file)
        try:
            wait_for(script, 200)
            yield script
        finally:
            script.end()


@pytest.mark.parametrize("broken", ["deleted", "edited", "touched"])
def test_without_its_script_no_traffic_passes(script, broken):
    if broken == "deleted":
        script.file.unlink()
    elif broken == "edited":
        script.file.write_text("this is not python")
    else:
        script.file.touch()
    assert script.process.wait(15) is not None
    script.upstream.reset()
    assert ask(script.port, script.ca) == NOTHING
    assert not script.upstream.connections


def test_an_addon_that_changes_what_was_admitted_stops_it(script):
    script.end()
    script.upstream.reset()
    script.process = script.start(str(script.file), "--map-remote", "|api.test/hello|api.test/elsewhere")
    assert b"changed after it was admitted" in wait_for(script, 503).body
    assert not script.upstream.received


def test_options_of_the_command_line_give_way_to_the_pinned_ones(script):
    script.end()
    script.process = script.start(str(script.file), "--set", "rawtcp=true", "--set", "connection_strategy=eager")
    assert wait_for(script, 200).body == b"ok"
