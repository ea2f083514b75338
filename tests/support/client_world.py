"""What clients of the table find behind the gateway: a tool, two models' and two stores' stand-ins, package indexes.

Answers by host and path, with as little as each client needs to be content. Knows no gateway.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import os
import re
import subprocess
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

HOSTS = (
    "tool.test",
    "socket.test",
    "mcp.test",
    "git.test",
    "index.test",
    "registry.test",
    "s3.us-east-1.amazonaws.com",
    "api.openai.com",
    "api.anthropic.com",
    "api.mistral.ai",
    "generativelanguage.googleapis.com",
)
UNKNOWN = "unknown.test"
"""A host that no rule names."""

RULES = """version: 1
agents:
  tester:
    authenticate: {secret: "env:TESTER_SECRET"}
    grants:
      - {tool: things.read, scope: "**"}
      - {tool: s3.read, scope: "**"}
      - {tool: gemini.ask, scope: "**"}
      - {tool: mistral.ask, scope: "**"}
      - {tool: mcp.call, scope: "**"}
      - {tool: git.clone, scope: "**"}
      - {tool: socket.talk, scope: "**"}
tools:
  things.read: {match: {host: tool.test, method: GET, path: "/things/**"}, effect: read, base_risk: 0}
  s3.read: {match: {host: s3.us-east-1.amazonaws.com, method: GET, path: "/things/**"}, effect: read, base_risk: 0}
  gemini.ask: {match: {host: generativelanguage.googleapis.com, method: POST, path: "/**"}, effect: read, base_risk: 0}
  mistral.ask: {match: {host: api.mistral.ai, method: POST, path: "/**"}, effect: read, base_risk: 0}
  mcp.call: {match: {host: mcp.test, method: [GET, POST, DELETE], path: "/things/**"}, effect: read, base_risk: 0}
  git.clone: {match: {host: git.test, method: [GET, POST], path: "/things/**"}, effect: read, base_risk: 0}
  socket.talk: {match: {host: socket.test, method: WEBSOCKET, path: "/things/**"}, effect: read, base_risk: 0}
models:
  openai: {match: {host: api.openai.com}, dialect: openai, prices: {"*": {input: 0, output: 0}}}
  anthropic: {match: {host: api.anthropic.com}, dialect: anthropic, prices: {"*": {input: 0, output: 0}}}
sources:
  - {match: {host: index.test, path: "/things/**"}, tier: external}
  - {match: {host: registry.test, path: "/things/**"}, tier: external}
egress:
  max_body: 10MiB
  detectors:
    - {entity: CREDIT_CARD, to: any, action: block}
"""

Send = Callable[[bytes], None]
_JSON = "application/json"


class World:
    """Answers requests. `folder` holds a repository for git."""

    def __init__(self, folder: Path) -> None:
        self._repositories = folder
        _make_repository(folder / "copied")

    def __call__(self, request: bytes, send: Send) -> None:
        head, _, body = request.partition(b"\r\n\r\n")
        line, *fields = head.decode("latin-1").split("\r\n")
        method, target, _ = line.split(" ", 2)
        headers = {name.lower(): value.strip() for name, _, value in (field.partition(":") for field in fields)}
        if headers.get("transfer-encoding") == "chunked":
            body = _unchunked(body)
        answer = self._answer(method, headers["host"], target, headers, body)
        send(answer if isinstance(answer, bytes) else _written(method, *answer))

    def _answer(self, method: str, host: str, target: str, headers: dict[str, str], body: bytes) -> Any:  # noqa: PLR0911
        match host:
            case "api.openai.com" | "api.mistral.ai":
                return _JSON, json.dumps(_CHAT).encode()
            case "api.anthropic.com":
                return _JSON, json.dumps(_MESSAGE).encode()
            case "generativelanguage.googleapis.com":
                return _JSON, json.dumps(_GENERATED).encode()
            case "mcp.test":
                return _mcp(method, body)
            case "git.test":
                return self._git(method, target, headers, body)
            case "index.test":
                return _index(target)
            case "registry.test":
                return _registry(target)
            case "socket.test":
                return _switched(headers["sec-websocket-key"])
            case _:
                return "text/plain", b"here it is"

    def _git(self, method: str, target: str, headers: dict[str, str], body: bytes) -> tuple[str, bytes]:
        path, _, query = target.partition("?")
        environ = {
            "PATH": os.defpath,
            "GIT_PROJECT_ROOT": str(self._repositories),
            "GIT_HTTP_EXPORT_ALL": "1",
            "REQUEST_METHOD": method,
            "PATH_INFO": re.sub(r"^/things/[^/]+", "/copied", path),
            "QUERY_STRING": query,
            "CONTENT_TYPE": headers.get("content-type", ""),
            "HTTP_CONTENT_ENCODING": headers.get("content-encoding", ""),
            "HTTP_GIT_PROTOCOL": headers.get("git-protocol", ""),
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "safe.directory",
            "GIT_CONFIG_VALUE_0": "*",
        }
        said = subprocess.run(["git", "http-backend"], env=environ, input=body, capture_output=True, check=True).stdout
        head, _, content = said.partition(b"\r\n\r\n")
        kind = re.search(rb"(?i)content-type: *(\S+)", head)
        return kind[1].decode() if kind else "text/plain", content


def _written(method: str, kind: str, body: bytes, status: str = "200 OK") -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + (b"" if method == "HEAD" else body)


def _unchunked(body: bytes) -> bytes:
    whole = b""
    while body:
        size, _, body = body.partition(b"\r\n")
        whole += body[: int(size, 16)]
        body = body[int(size, 16) + 2 :]
    return whole


def _switched(key: str) -> bytes:
    """A WebSocket that says hello of its own accord."""
    accept = base64.b64encode(hashlib.sha1(f"{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11".encode()).digest()).decode()
    head = f"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"
    return head.encode() + b"\x81\x05hello"


def _mcp(method: str, body: bytes) -> tuple[str, bytes, str]:
    if method != "POST":
        return "text/plain", b"", "405 Method Not Allowed" if method == "GET" else "200 OK"
    asked = json.loads(body)
    if "id" not in asked:
        return "text/plain", b"", "202 Accepted"
    answer: dict[str, Any] = {"jsonrpc": "2.0", "id": asked["id"]}
    match asked["method"]:
        case "initialize":
            answer["result"] = {
                "protocolVersion": asked["params"]["protocolVersion"],
                "capabilities": {"tools": {}},
                "serverInfo": {"name": "stand-in", "version": "1"},
            }
        case "tools/list":
            answer["result"] = {"tools": [{"name": "look", "inputSchema": {"type": "object"}}]}
        case "tools/call":
            answer["result"] = {"content": [{"type": "text", "text": "here it is"}]}
        case _:
            answer["error"] = {"code": -32601, "message": "no such method"}
    return _JSON, json.dumps(answer).encode(), "200 OK"


def _index(target: str) -> tuple[str, bytes]:
    if not target.endswith(".whl"):
        return "text/html", b'<!doctype html><a href="marked-1.0-py3-none-any.whl">marked-1.0-py3-none-any.whl</a>'
    wheel = io.BytesIO()
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("marked.py", "")
        archive.writestr("marked-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: marked\nVersion: 1.0\n")
        archive.writestr("marked-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr("marked-1.0.dist-info/RECORD", "")
    return "application/zip", wheel.getvalue()


def _registry(target: str) -> tuple[str, bytes]:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        content = b'{"name": "marked", "version": "1.0.0"}'
        member = tarfile.TarInfo("package/package.json")
        member.size = len(content)
        tar.addfile(member, io.BytesIO(content))
    packed = gzip.compress(archive.getvalue(), mtime=0)
    if target.endswith(".tgz"):
        return "application/octet-stream", packed
    dist = {
        "tarball": f"https://registry.test{target}/marked-1.0.0.tgz",
        "integrity": "sha512-" + base64.b64encode(hashlib.sha512(packed).digest()).decode(),
    }
    version = {"name": "marked", "version": "1.0.0", "dist": dist}
    return _JSON, json.dumps(
        {"name": "marked", "dist-tags": {"latest": "1.0.0"}, "versions": {"1.0.0": version}}
    ).encode()


def _make_repository(folder: Path) -> None:
    environ = {"PATH": os.defpath, "HOME": str(folder.parent), "GIT_CONFIG_NOSYSTEM": "1"}
    who = ["-c", "user.name=tester", "-c", "user.email=tester@tool.test"]
    for command in (["init", "-q"], ["commit", "-q", "--allow-empty", "-m", "one"]):
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(["git", *who, *command], cwd=folder, env=environ, check=True, capture_output=True)


_CHAT = {
    "id": "c1",
    "object": "chat.completion",
    "created": 1,
    "model": "gpt-4o",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "hello"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
}
_MESSAGE = {
    "id": "m1",
    "type": "message",
    "role": "assistant",
    "model": "claude-sonnet-4-5",
    "content": [{"type": "text", "text": "hello"}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": {"input_tokens": 1, "output_tokens": 1},
}
_GENERATED = {
    "candidates": [{"content": {"role": "model", "parts": [{"text": "hello"}]}, "finishReason": "STOP", "index": 0}],
    "usageMetadata": {"promptTokenCount": 1, "candidatesTokenCount": 1, "totalTokenCount": 2},
}
