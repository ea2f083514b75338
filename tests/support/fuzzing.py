"""Raw requests by the thousand: made by a grammar, mutated from the wire table, joined, and cut at any place.

The same seed makes the same cases. Knows bytes alone; `fuzz/shooting.py` sends them.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from typing import NamedTuple

from support.wire_rows import ADDRESSES, PLAIN, ROWS

HOST = b"fuzz.internal"
FORMS = ("plain", "tunnel", "tunnel", "tls")
_LETTERS = b"QZJKVWXY"


class Case(NamedTuple):
    """What is sent, in these pieces, over which form of connection. Every mark in it is this case's own."""

    form: str
    pieces: tuple[bytes, ...]

    def as_json(self) -> dict[str, object]:
        return {"form": self.form, "pieces": [piece.hex() for piece in self.pieces]}

    @classmethod
    def of_json(cls, told: dict[str, list[str]]) -> Case:
        return cls(str(told["form"]), tuple(bytes.fromhex(piece) for piece in told["pieces"]))


METHODS = (
    b"GET",
    b"GET",
    b"GET",
    b"POST",
    b"POST",
    b"HEAD",
    b"PUT",
    b"get",
    b"CONNECT",
    b"TRACE",
    b"PRI",
    b"G ET",
    b"",
)
VERSIONS = (b"HTTP/1.1",) * 8 + (b"HTTP/1.0", b"HTTP/0.9", b"HTTP/2.0", b"http/1.1", b"HTTP/1.1 ", b"HTTP/1.10", b"")
ENDS = (b"\r\n",) * 12 + (b"\n", b"\r", b"\r\r\n", b"\n\r\n", b" \r\n", b"\x0b\r\n", b"\0\r\n")
TARGETS = (
    b"/MARK", b"/say", b"/orders/MARK", b"/a/../MARK", b"/%2e%2e/MARK", b"/%252e/MARK", b"//MARK", b"/MARK%00", b"/MARK%2f",
    b"\\MARK", b"/MARK?x=MARK", b"/MARK#x", b"*", b"MARK", b"/MARK;x", b"http://HOST/MARK", b"https://HOST/MARK",
    b"http://evil.test/MARK", b"http://HOST@evil.test/MARK", b"http://evil.test@HOST/MARK", b"http:///MARK", b"HOST:80",
    b"/MARK\x7f", b"/MARK\xc3\xa9",
)  # fmt: skip
HEADERS = (
    b"Host: HOST", b"Host: evil.test", b"host:HOST", b"Host : HOST", b" Host: HOST", b"Host: HOST:80", b"Host:",
    b"Content-Length: 4", b"Content-Length: 0", b"Content-Length: 40", b"Content-Length: 4, 4", b"Content-Length: +4",
    b"Content-Length : 4", b"content-length: 4", b"Content_Length: 4", b"Content-Length: 4\x0b", b"Content-Length:\t4",
    b"Transfer-Encoding: chunked", b"Transfer-Encoding: gzip, chunked", b"Transfer-Encoding: identity",
    b"Transfer-Encoding:\x0bchunked", b"Transfer-Encoding: chunked, chunked", b"Transfer-Encoding : chunked",
    b"transfer-encoding:chunked", b"Transfer_Encoding: chunked", b"X: y\r\n Transfer-Encoding: chunked", b"TE: trailers",
    b"Connection: close", b"Connection: keep-alive, Host", b"Connection: Content-Length", b"Proxy-Connection: close",
    b"Upgrade: websocket", b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABkAAQAAP__", b"Expect: 100-continue", b"Trailer: X",
    b"Content-Encoding: gzip", b"Content-Encoding: hex", b"Content-Type: application/json", b"X-MARK: MARK",
    b"X-Note: a\rMARK: b", b"X-Note: a\0b", b"AUTH", b"AUTH", b"Proxy-Authorization: Basic eDp5", b"AISecOps-Run: run_x",
    b"AISecOps-Capability: MARK", b"AISecOps_Run: MARK", b"X-HTTP-Method-Override: DELETE", b": x", b"no colon", b"",
)  # fmt: skip
BODIES = (
    b"", b"", b"MARK", b"MARKMARK", b"4\r\nMARK\r\n0\r\n\r\n", b"4\nMARK\n0\n\n", b"0\r\n\r\n", b"4;x=y\r\nMARK\r\n0\r\nX: y\r\n\r\n",
    b"GET /MARK HTTP/1.1\r\nHost: HOST\r\n\r\n", b"0\r\n\r\nGET /MARK HTTP/1.1\r\nHost: HOST\r\n\r\n",
    b"4\r\nMARK\r\n00000000000000000\r\n\r\n", b"-1\r\nMARK\r\n", b"4\r\nMARKX\r\n0\r\n\r\n",
)  # fmt: skip
TOKENS = (
    b"\r",
    b"\n",
    b"\r\n",
    b"\r\n\r\n",
    b"\0",
    b"\t",
    b"\x0b",
    b" ",
    b":",
    b",",
    b"MARK",
    b"\xff",
    b"chunked",
    b"0",
    b"HOST",
)


class Maker:
    """Makes cases for ever; `auth` is the header line with the credentials."""

    def __init__(self, seed: int, auth: bytes) -> None:
        self._random = random.Random(seed)
        self._auth = auth
        self._marks = itertools.cycle(bytes(mark) for mark in itertools.product(_LETTERS, repeat=4))
        self._rows = [(row.form, raw) for row in ROWS.values() for raw in (*row.hostile, row.twin) if len(raw) < 5000]

    def cases(self) -> Iterator[Case]:
        while True:
            yield self._case()

    def _case(self) -> Case:
        pick = self._random
        form = pick.choice(FORMS)
        whole = b"".join(self._request(form) for _ in range(pick.choice((1, 1, 1, 2, 3))))
        whole = whole.replace(b"HOST", HOST).replace(b"AUTH", self._auth).replace(b"MARK", next(self._marks))
        return Case(form, self._cut(whole))

    def _request(self, form: str) -> bytes:
        pick = self._random
        kind = pick.random()
        if kind < 0.25:
            raw = self._good(form)
        elif kind < 0.6:
            wanted = [raw for at, raw in self._rows if (at == PLAIN) == (form == "plain")]
            raw = pick.choice(wanted)
        else:
            raw = self._made(form)
        for _ in range(pick.choice((0, 0, 1, 1, 2, 5)) if kind >= 0.2 else 0):
            raw = self._mutated(raw)
        return raw

    def _good(self, form: str) -> bytes:
        """One that passes, so that what follows it is looked at on a line that works."""
        way = b"http://HOST" if form == "plain" else b""
        head = b"Host: HOST\r\n" + (b"AUTH\r\n" if form == "plain" else b"")
        if self._random.random() < 0.5:
            return b"GET " + way + b"/MARK HTTP/1.1\r\n" + head + b"\r\n"
        return b"POST " + way + b"/say HTTP/1.1\r\n" + head + b"Content-Length: 4\r\n\r\nMARK"

    def _made(self, form: str) -> bytes:
        pick = self._random
        end = pick.choice(ENDS) if pick.random() < 0.3 else b"\r\n"
        target = pick.choice(TARGETS)
        if form == "plain" and target.startswith(b"/") and pick.random() < 0.7:
            target = b"http://HOST" + target
        if pick.random() < 0.05:
            target = b"http://" + pick.choice(ADDRESSES) + b"/MARK"
        first = b" ".join((pick.choice(METHODS), target, pick.choice(VERSIONS)))
        lines = [b"Host: HOST"] if pick.random() < 0.85 else []
        lines += [b"AUTH"] if form == "plain" and pick.random() < 0.9 else []
        lines += pick.choices(HEADERS, k=pick.choice((0, 1, 1, 2, 3, 6)))
        pick.shuffle(lines)
        return end.join([first, *lines, b"", b""]) + pick.choice(BODIES)

    def _mutated(self, raw: bytes) -> bytes:  # noqa: PLR0911 - one of seven ways
        pick = self._random
        at, to = sorted((pick.randrange(len(raw) + 1), pick.randrange(len(raw) + 1)))
        to = min(to, at + 40)
        match pick.randrange(7):
            case 0:
                return raw[:at] + raw[to:]
            case 1:
                return raw[:to] + raw[at:]
            case 2:
                return raw[:at] + pick.choice(TOKENS) + raw[at:]
            case 3 if raw:
                at = min(at, len(raw) - 1)
                return raw[:at] + bytes([raw[at] ^ 1 << pick.randrange(8)]) + raw[at + 1 :]
            case 4:
                lines = raw.split(b"\r\n")
                lines.insert(pick.randrange(len(lines) + 1), pick.choice(lines))
                return b"\r\n".join(lines)
            case 5:
                return raw.replace(b"\r\n", pick.choice(ENDS), pick.choice((1, 2, 100)))
            case _:
                return raw[:at] + pick.choice(HEADERS) + b"\r\n" + raw[at:]

    def _cut(self, whole: bytes) -> tuple[bytes, ...]:
        pick = self._random
        way = pick.random()
        if way < 0.6 or len(whole) < 2:
            return (whole,)
        if way < 0.7 and len(whole) < 400:
            return tuple(whole[at : at + 1] for at in range(len(whole)))
        places = sorted({0, len(whole), *(pick.randrange(len(whole)) for _ in range(pick.choice((1, 1, 3))))})
        return tuple(whole[at:to] for at, to in itertools.pairwise(places))
