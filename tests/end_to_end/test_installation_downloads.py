"""Answers of any size where a rule says so, through a real installation: whole or visibly not, and never in memory."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from support.installation import Installation, fresh, until
from support.installation_rules import RULES

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

WITHIN_S = 30.0
MIB = 1024 * 1024
SIZE = 96 * MIB  # more than the buffers of all sockets on the way
FLAT = 48 * MIB  # what is known of a few contents takes some
QUOTE = "the harbour master counted forty cranes before the tide turned and nobody else was there to see it"
STREAMS = (
    RULES.replace("{match: {host: en.wiki.example}, tier: external}", '{match: {host: en.wiki.example, path: "/whole/**"}}\n'
    '  - {match: {host: en.wiki.example}, tier: external, label: confidential, stream: true}')
    .replace("egress:\n", "egress:\n  labels: {confidential: {to: [internal]}}\n")
)  # fmt: skip
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: %s\r\n%s\r\n"
BLOCK = b"".join(b"%07d said little\n" % number for number in range(4096))


class Dump:
    """Sends blocks, as many as it is told; `sent` counts bytes, `broke` is set when nobody takes them any more."""

    def __init__(self, *, blocks: int, framed: bool = False, kind: bytes = b"text/plain") -> None:
        self.blocks, self.framed, self.kind = blocks, framed, kind
        self.sent = 0
        self.go, self.broke, self.ended = threading.Event(), threading.Event(), threading.Event()
        self.go.set()
        self.digest = hashlib.sha256()

    def __call__(self, _request: bytes, send) -> None:
        size = self.blocks * len(BLOCK)
        framing = b"Transfer-Encoding: chunked\r\n" if self.framed else b"Content-Length: %d\r\n" % size
        try:
            send(HEAD % (self.kind, framing))
            for number in range(self.blocks):
                self.go.wait(WITHIN_S)
                block = b"%08d" % number + BLOCK[8:]
                self.digest.update(block)
                send(b"%x\r\n%s\r\n" % (len(block), block) if self.framed else block)
                self.sent += len(block)
            send(b"0\r\n\r\n" if self.framed else b"")
            self.ended.set()
        except OSError:
            self.broke.set()


@pytest.fixture(scope="module")
def own(tmp_path_factory) -> Iterator[Installation]:
    limits = {"max_answer_bytes": MIB, "buffered_bytes": 32 * MIB}
    installation = Installation(tmp_path_factory.mktemp("downloads"), rules=STREAMS, limits=limits)
    installation.start()
    try:
        yield installation
    finally:
        assert installation.stop() == 0, installation.said()


@pytest.fixture
def run(own):
    return own.run("clerk")


@contextlib.contextmanager
def asked(own, run, path, *, http2) -> Iterator[httpx.Response]:
    """A streamed GET, as soon as its head is there."""
    proxy = f"http://{run.agent.name}:{run.agent.secret}@127.0.0.1:{own.proxy_port}"
    with httpx.Client(proxy=proxy, verify=own.bundle, timeout=WITHIN_S, http2=http2) as client:
        url, headers = f"https://en.wiki.example{path}", {"AISecOps-Run": run.run_id}
        with client.stream("GET", url, headers=headers) as response:
            assert response.http_version == ("HTTP/2" if http2 else "HTTP/1.1")
            yield response


def peak(own) -> int:
    """The most memory that the gateway has ever had, in bytes."""
    (pid,) = own.workers("gateway")
    (line,) = [one for one in Path(f"/proc/{pid}/status").read_text().splitlines() if one.startswith("VmHWM")]
    return int(line.split()[1]) * 1024


def the_record(own, run) -> dict:
    (event,) = until(lambda: own.events("tool_returned", run_id=run.run_id), what="the record")
    return event


VERSIONS = pytest.mark.parametrize("http2", [False, True], ids=["HTTP/1.1", "HTTP/2"])


@pytest.mark.parametrize(
    ("http2", "framed"), [(False, False), (True, True)], ids=["HTTP/1.1, length", "HTTP/2, chunks"]
)
def test_a_large_answer_passes_whole_and_the_memory_stays_flat(own, run, http2, framed):
    first = own.upstream.answer = Dump(blocks=SIZE // len(BLOCK), framed=framed)
    with asked(own, own.run("clerk"), "/dump", http2=http2) as response:
        assert sum(map(len, response.iter_raw())) == first.sent  # what is kept of contents within bounds is there now
    before = peak(own)
    large = own.upstream.answer = Dump(blocks=SIZE // len(BLOCK), framed=framed)
    got, size = hashlib.sha256(), 0
    with asked(own, run, "/dump", http2=http2) as response:
        assert ("content-length" in response.headers) is not framed
        for piece in response.iter_raw():
            got.update(piece)
            size += len(piece)
    assert first.ended.is_set()
    assert (size, got.hexdigest()) == (large.sent, large.digest.hexdigest())
    assert peak(own) - before < FLAT
    event = the_record(own, run)
    assert (event["bytes"], event["complete"]) == (size, True)
    assert event["provenance"]["sha256"] == got.hexdigest()


def test_where_no_rule_says_so_a_large_answer_is_refused(own, run):
    for framed in (False, True):
        dump = own.upstream.answer = Dump(blocks=SIZE // len(BLOCK), framed=framed)
        with asked(own, run, "/whole/dump", http2=False) as response:
            assert (response.status_code, response.read() and response.json()["type"]) == (502, "about:blank")
            assert "`limits.max_answer_bytes`" in response.json()["detail"]
        assert dump.broke.wait(WITHIN_S)  # nobody reads the rest of it
    own.upstream.answer = Dump(blocks=2)
    with asked(own, run, "/whole/dump", http2=False) as response:
        assert len(response.read()) == 2 * len(BLOCK)


def test_where_a_break_cannot_be_told_from_the_end_an_answer_is_read_whole(own, run):
    """HTTP/1.0 without a length: what is passed on there would look whole wherever it was cut."""
    for blocks, told in ((4, f"200 {4 * len(BLOCK)}"), (2 * MIB // len(BLOCK), "502")):
        own.upstream.answer = Dump(blocks=blocks, framed=True)
        proxy = f"http://{run.agent.name}:{run.agent.secret}@127.0.0.1:{own.proxy_port}"
        said = subprocess.run(
            ["curl", "-s", "--http1.0", "-x", proxy, "--proxytunnel", "--cacert", own.folder / "certs" / "bundle.pem",
             "-o", own.folder / "got", "-w", "%{http_code} %{size_download}", "https://en.wiki.example/dump"],
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert said.stdout.startswith(told), said


@VERSIONS
def test_a_client_that_takes_nothing_stops_the_upstream_and_gets_all_of_it_in_the_end(own, run, http2):
    dump = own.upstream.answer = Dump(blocks=SIZE // len(BLOCK))
    before = peak(own)
    with asked(own, run, "/dump", http2=http2) as response:
        stood = [0]

        def stands() -> bool:
            stood.append(dump.sent)
            return dump.sent > 0 and len(stood) > 20 and stood[-1] == stood[-20]

        until(stands, what="a standstill")
        assert dump.sent < SIZE // 2  # what the sockets' own buffers take
        got = hashlib.sha256()
        for piece in response.iter_raw():
            got.update(piece)
    assert got.hexdigest() == dump.digest.hexdigest()
    assert peak(own) - before < FLAT


@VERSIONS
@pytest.mark.parametrize("framed", [False, True], ids=["length", "chunks"])
@pytest.mark.parametrize("takes", [True, False], ids=["taken", "untaken"])
def test_a_halt_cuts_it_so_that_nobody_takes_it_for_whole(own, run, http2, framed, takes):
    dump = own.upstream.answer = Dump(blocks=SIZE // len(BLOCK), framed=framed)
    with asked(own, run, "/dump", http2=http2) as response:
        pieces = response.iter_raw()
        next(pieces)
        if takes:
            dump.go.clear()
        halted = own.command("runs", "halt", run.run_id, "--reason", "enough")
        assert halted.returncode == 0, halted.stderr
        until(lambda: own.events("exchange_cut", run_id=run.run_id), what="the cut")
        dump.go.set()
        assert dump.broke.wait(WITHIN_S)
        with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
            for _ in pieces:
                pass
    assert not dump.ended.is_set()
    event = the_record(own, run)
    assert event["complete"] is False
    assert 0 < event["bytes"] < SIZE


@VERSIONS
@pytest.mark.parametrize("wrong", ["in the middle", "at the end"])
def test_one_that_does_not_decode_is_cut(own, run, http2, wrong):
    body = gzip.compress(BLOCK * 30)
    half = len(body) // 2
    broken = body[:half] + b"\xff" * half if wrong == "in the middle" else body[:-1]
    head = HEAD % (b"text/plain", b"Content-Encoding: gzip\r\nContent-Length: %d\r\n" % len(broken))
    own.upstream.answer = lambda _request, send: send(head + broken)
    with (
        asked(own, run, "/dump", http2=http2) as response,
        pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)),
    ):
        for _ in response.iter_raw():
            pass
    assert the_record(own, run)["complete"] is False


def test_what_it_says_is_known_again_before_it_has_ended(own, run):
    dump = Dump(blocks=4, framed=True)

    def answer(request: bytes, send) -> None:
        if b"/dump" not in request:
            send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            return
        said = f"row one. {QUOTE} row two.".encode()
        send(HEAD % (b"text/plain", b"Transfer-Encoding: chunked\r\n") + b"%x\r\n%s\r\n" % (len(said), said))
        dump.go.wait(WITHIN_S)
        send(b"0\r\n\r\n")

    own.upstream.answer = answer
    dump.go.clear()
    with asked(own, run, "/dump", http2=False) as response:
        assert QUOTE.encode() in next(response.iter_raw())
        for marker, text, status in (
            (fresh(), QUOTE, 403),
            (fresh(), "words of nobody that came in from anywhere", 200),
        ):
            body = f'{{"to": "{marker}", "price": 0.1, "text": "{text}"}}'
            headers = own.with_token(run, "mail.send", f"mail.contacts.{marker}")
            headers |= {"Content-Type": "application/json"}
            said = own.ask(run, "POST", "https://mail.example/send", headers=headers, body=body.encode())
            assert (said.status, own.arrived(marker)) == (status, int(status == 200)), said
        dump.go.set()
