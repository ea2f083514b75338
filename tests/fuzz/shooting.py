"""Sends made-up requests to a real installation, and looks whether anything arrived that no record allows.

`python -m fuzz.shooting --seconds 600 [--seed N]` (with `addons` and `tests` on the path; `make fuzz` does that), or
`--replay FILE` for what it found. It ends with 1 when it found something, and says where that is written.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import hashlib
import itertools
import json
import re
import secrets
import ssl
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import orjson

from support.fuzzing import HOST, Case, Maker
from support.installation import Installation, installed
from support.installation_rules import AGENTS
from support.strict_http import Ambiguous, requests_in
from support.upstream import Authority, Upstream

BATCH = 96
FIRST_S, NEXT_S = 1.2, 0.2
"""How long an answer is waited for, and what follows it; half a request is never answered."""
NAME = HOST.decode()
AUTH = b"Proxy-Authorization: " + AGENTS["clerk"].basic.encode()

RULES = f"""version: 1
agents:
  clerk:
    authenticate: {{secret: "env:CLERK_SECRET"}}
    token: broker
    grants:
      - {{tool: fuzz.say, scope: "fuzz.**"}}
tools:
  fuzz.say:
    match: {{host: {NAME}, method: POST, path: "/say"}}
    effect: read
    base_risk: 0
    trust: internal
    scope: "fuzz.say"
sources:
  - {{match: {{host: {NAME}}}, tier: external}}
"""


class Range:
    """The installation, two upstreams that keep every byte, and what the record has allowed so far."""

    def __init__(self, site: Installation, upstreams: Sequence[Upstream]) -> None:
        self.site = site
        self.answers: Counter[str] = Counter()
        self.arrived = 0
        self._upstreams = upstreams
        self._allowed: Counter[tuple[str, str]] = Counter()
        self._read: dict[Path, int] = {}
        self._trust = ssl.create_default_context(cafile=str(site.folder / "certs" / "bundle.pem"))

    async def shoot(self, cases: Sequence[Case]) -> None:
        """All of them at once."""
        async with asyncio.TaskGroup() as tasks:
            for case in cases:
                tasks.create_task(self._shoot(case))

    def faults(self) -> list[str]:
        """What is wrong since the last look; empty when every byte that arrived belongs to an allowed request."""
        self._read_on()
        found = []
        for upstream in self._upstreams:
            # a connection still open may yet get more; what is whole by now is judged now, and each byte once
            for data in list(upstream.connections):
                found += self._faults_of(bytes(data))
            upstream.connections.clear()
        if internal := self.answers["503"]:
            found.append(f"{internal} requests were answered as faults of the gateway's own")
            self.answers["503"] = 0
        return found

    def _faults_of(self, data: bytes) -> list[str]:
        try:
            requests = requests_in(data)
        except Ambiguous as unclear:
            return [f"what arrived can be read in two ways: {unclear!r}"]
        self.arrived += len(requests)
        found = []
        for request in requests:
            method, path, _ = request.line.decode().split(" ")
            act = (method, hashlib.sha256(path.encode()).hexdigest())
            self._allowed[act] -= 1
            if self._allowed[act] < 0:
                found.append(f"it arrived without an allow record: {request!r}")
        return found

    def _read_on(self) -> None:
        for file in self.site.record_files():
            with file.open("rb") as lines:
                lines.seek(self._read.get(file, 0))
                for line in lines:
                    event = orjson.loads(line)
                    if event.get("event") == "decision" and event["enforced"] == "allow":
                        asked = event["facts"]["request"]
                        self._allowed[asked["method"], asked["path_hash"]] += 1
                self._read[file] = lines.tell()

    async def _shoot(self, case: Case) -> None:
        with contextlib.suppress(OSError, ssl.SSLError, asyncio.IncompleteReadError, TimeoutError):
            reader, writer = await asyncio.open_connection("127.0.0.1", self.site.proxy_port)
            try:
                async with asyncio.timeout(10):
                    await self._speak(case, reader, writer)
            finally:
                writer.transport.abort()

    async def _speak(self, case: Case, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if case.form != "plain":
            port = 443 if case.form == "tls" else 80
            writer.write(f"CONNECT {NAME}:{port} HTTP/1.1\r\nHost: {NAME}:{port}\r\n".encode() + AUTH + b"\r\n\r\n")
            assert b" 200 " in await reader.readuntil(b"\r\n\r\n")
            if case.form == "tls":
                await writer.start_tls(self._trust, server_hostname=NAME)
        for piece in case.pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)
        said = b""
        with contextlib.suppress(TimeoutError):
            while piece := await asyncio.wait_for(reader.read(65536), NEXT_S if said else FIRST_S):
                said += piece
        for status in re.findall(rb"HTTP/1\.1 ([0-9]{3}) ", said):
            self.answers[status.decode()] += 1


@contextlib.contextmanager
def shooting_range(folder: Path) -> Iterator[Range]:
    """An installation whose only declared host is both upstreams, with TLS and without."""
    (folder / "ca").mkdir(parents=True)
    authority = Authority(folder / "ca")
    upstreams = [Upstream(authority.server_context(NAME)), Upstream()]
    resolve = {f"{NAME}:{port}": f"127.0.0.1:{one.port}" for port, one in zip((443, 80), upstreams, strict=True)}
    try:
        with installed(
            folder / "site", rules=RULES, upstream={"ca": [str(authority.file)], "resolve": resolve}
        ) as site:
            yield Range(site, upstreams)
    finally:
        for one in upstreams:
            one.close()


def fuzz(there: Range, *, seed: int, seconds: float, findings: Path) -> list[Path]:
    """Shoot for so long; the files of what was found."""
    cases, written = Maker(seed, AUTH).cases(), []
    ends = time.monotonic() + seconds
    for number in itertools.count():
        if time.monotonic() >= ends:
            return written
        batch = list(itertools.islice(cases, BATCH))
        asyncio.run(there.shoot(batch))
        if faults := there.faults():
            findings.mkdir(parents=True, exist_ok=True)
            file = findings / f"seed-{seed}-batch-{number}.json"
            told = {"seed": seed, "batch": number, "faults": faults, "cases": [case.as_json() for case in batch]}
            file.write_text(json.dumps(told, indent=1))
            written.append(file)
    return written


def replay(there: Range, file: Path) -> list[str]:
    """Send the cases of a finding again, one by one; what is wrong now, with the case that did it."""
    found = []
    for told in json.loads(file.read_text())["cases"]:
        case = Case.of_json(told)
        asyncio.run(there.shoot([case]))
        found += [f"{fault}\n  by {case!r}" for fault in there.faults()]
    return found


def main() -> int:
    """Fuzz or replay, and say so."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(2**32))
    parser.add_argument("--findings", type=Path, default=Path("fuzz-findings"))
    parser.add_argument("--replay", type=Path)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="aisecops-fuzz-") as folder, shooting_range(Path(folder)) as there:
        if asked.replay:
            found = replay(there, asked.replay)
            print("\n".join(found) or "nothing wrong any more")
            return 1 if found else 0
        print(f"seed {asked.seed}, {asked.seconds:g} s")
        written = fuzz(there, seed=asked.seed, seconds=asked.seconds, findings=asked.findings)
        print(f"{there.arrived} requests arrived, all allowed" if not written else "found something:", *written)
        print("answers:", dict(sorted(there.answers.items())))
        return 1 if written else 0


if __name__ == "__main__":
    sys.exit(main())
