"""What real clients do on the wire beyond a plain GET, done by curl: bodies, challenges, answers without a body."""

from __future__ import annotations

import shutil
import subprocess

import orjson
import pytest

from support.installation import installed
from support.upstream import Authority, running_upstream

RULES = """version: 1
agents:
  tester: {authenticate: {secret: "env:TESTER_SECRET"}, token: broker, grants: [{tool: things.any, scope: "**"}]}
tools:
  things.any: {match: {host: tool.test, path: "/**"}, effect: read, base_risk: 0}
egress: {max_body: 8MiB}
"""
BIG = bytes(range(256)) * 4096 * 20
PIECE = 3_000_000

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl here"),
]


def far_side(request, send):
    head, _, body = request.partition(b"\r\n\r\n")
    line, low = head.split(b"\r\n")[0], head.lower()
    if line.startswith(b"HEAD"):
        send(b"HTTP/1.1 200 OK\r\nContent-Length: 12345\r\n\r\n")
    elif b"/304" in line:
        send(b'HTTP/1.1 304 Not Modified\r\nETag: "x"\r\n\r\n')
    elif b"/204" in line:
        send(b"HTTP/1.1 204 No Content\r\n\r\n")
    elif b"/range" in line and b"range: bytes=0-3" in low:
        send(b"HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-3/10\r\nContent-Length: 4\r\n\r\nabcd")
    elif b"/big" in line:
        send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(BIG) + BIG)
    elif b"/hints" in line:
        send(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    else:
        said = b"%d" % len(body)
        send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(said), said))


@pytest.fixture(scope="module")
def curl(tmp_path_factory):
    """`curl(arguments)` through the gateway with the variables alone: status, and the body."""
    folder = tmp_path_factory.mktemp("curl")
    (folder / "far").mkdir()
    authority = Authority(folder / "far")
    (folder / "piece").write_bytes(b"x" * PIECE)
    (folder / "much").write_bytes(b"x" * 4 * PIECE)
    with running_upstream(authority.server_context("tool.test")) as far:
        far.answer = far_side
        upstream = {"ca": [str(authority.file)], "resolve": {"tool.test:443": f"127.0.0.1:{far.port}"}}
        with installed(folder / "house", rules=RULES, upstream=upstream) as house:
            told = orjson.loads(house.command("env", "--agent", "tester", "--format", "json").stdout)

            def call(*arguments, path="/x"):
                out = folder / "out"
                out.unlink(missing_ok=True)
                ran = subprocess.run(
                    ["curl", "-sS", "-m", "60", "-o", str(out), "-w", "%{http_code}", *arguments, f"https://tool.test{path}"],
                    env={"PATH": "/usr/bin:/bin", "HOME": str(folder), **told},
                    cwd=folder, capture_output=True, text=True, check=False,
                )  # fmt: skip
                assert ran.returncode == 0, ran.stderr
                return int(ran.stdout), out.read_bytes() if out.exists() else b""

            yield call


@pytest.mark.parametrize(
    "arguments",
    [
        ["-T", "piece"],
        ["-T", "piece", "-H", "Transfer-Encoding: chunked"],
        ["--data-binary", "@piece"],
        ["--data-binary", "@piece", "-H", "Expect: 100-continue"],
    ],
    ids=["length", "chunked", "post", "asks to continue"],
)
def test_a_body_arrives_whole_however_it_is_sent(curl, arguments):
    status, body = curl(*arguments)

    assert status == 200
    assert int(body) >= PIECE


def test_a_body_over_the_limit_is_answered_and_not_cut_off(curl):
    status, body = curl("-T", "much")

    assert status == 413
    assert orjson.loads(body)["code"] == "too_large"


@pytest.mark.parametrize(("how", "path", "expected"), [(["-I"], "/x", 200), ([], "/304", 304), ([], "/204", 204)])
def test_an_answer_without_a_body_ends(curl, how, path, expected):
    assert curl(*how, path=path)[0] == expected


def test_a_part_of_a_file_is_a_part(curl):
    assert curl("-r", "0-3", path="/range") == (206, b"abcd")


def test_an_answer_of_many_megabytes_is_whole(curl):
    assert curl(path="/big") == (200, BIG)


def test_an_answer_after_hints_is_the_answer(curl):
    assert curl(path="/hints") == (200, b"ok")


@pytest.mark.parametrize("version", ["--http1.0", "--http1.1", "--http2"])
def test_every_version_that_a_client_may_ask_for_gets_an_answer(curl, version):
    assert curl(version)[0] == 200


def test_credentials_that_are_shown_only_when_asked_for_are_asked_for(curl):
    assert curl("--proxy-anyauth")[0] == 200
