"""To speak HTTP to an installation over a socket, through its proxy or to a port of it, and to read what it says.

Nothing here knows the product: what it should answer is written down once more, from the contract.
"""

from __future__ import annotations

import socket
import ssl
from contextlib import ExitStack
from typing import Any, NamedTuple

import orjson

from support.installation_rules import Party
from support.raw import Wire

TIMEOUT_S = 30.0


class Run(NamedTuple):
    """An open run. `agent` names it with the `AISecOps-Run` header, `itself` with credentials of its own."""

    run_id: str
    agent: Party
    itself: Party
    told: dict[str, Any]


class Said(NamedTuple):
    """An answer: status 0 when the connection ended without one."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)

    @property
    def code(self) -> str:
        """The problem's code; empty when it is not one."""
        if not self.headers.get("content-type", "").startswith("application/problem+json"):
            return ""
        return self.json["code"]


SILENCE = Said(0, {}, b"")


class Line:
    """One TLS connection through the proxy to one host. `refused` is the answer to a CONNECT that was not let through."""

    def __init__(
        self, port: int, credentials: str | None, place: str, bundle: ssl.SSLContext, stack: ExitStack
    ) -> None:
        self.host = place.partition(":")[0]
        conn = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_S))
        outer = Wire(conn)
        shown = "" if credentials is None else f"Proxy-Authorization: {credentials}\r\n"
        reply = outer.ask(f"CONNECT {place} HTTP/1.1\r\nHost: {place}\r\n{shown}\r\n".encode())
        self.refused = None if reply.status == 200 else Said(reply.status, reply.headers, reply.body)
        if self.refused is None:
            self._wire = Wire(stack.enter_context(bundle.wrap_socket(conn, server_hostname=self.host)))

    def ask(self, method: str, path: str, *, headers: Any = (), body: Any = None) -> Said:
        """One request on this connection; `body` that is not bytes is sent as JSON."""
        if self.refused is not None:
            return self.refused
        reply = self._wire.ask(request_bytes(method, path, self.host, headers, body), head=method == "HEAD")
        return Said(reply.status, reply.headers, reply.body)


def request_bytes(method: str, target: str, host: str, headers: Any = (), body: Any = None) -> bytes:
    """A request as it goes over the wire."""
    pairs = list(headers.items() if isinstance(headers, dict) else headers)
    named = {name.lower() for name, _ in pairs}
    data = body if isinstance(body, bytes) else b"" if body is None else orjson.dumps(body)
    if body is not None and not isinstance(body, bytes) and "content-type" not in named:
        pairs.append(("Content-Type", "application/json"))
    if (data or method in {"POST", "PUT"}) and not named & {"content-length", "transfer-encoding"}:
        pairs.append(("Content-Length", str(len(data))))
    lines = "".join(f"{name}: {value}\r\n" for name, value in pairs)
    return f"{method} {target} HTTP/1.1\r\nHost: {host}\r\n{lines}\r\n".encode("latin-1") + data


def once(port: int, request: bytes) -> Said:
    """The answer to `request` on a connection of its own, without TLS."""
    with socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_S) as conn:
        reply = Wire(conn).ask(request)
    return Said(reply.status, reply.headers, reply.body)


STATUS = {
    "identity_required": 407, "run_unknown": 403, "run_halted": 403, "run_finished": 403, "destination_denied": 403,
    "protocol_denied": 403, "unreadable": 400, "too_large": 413, "tool_undeclared": 403, "token_missing": 401,
    "token_malformed": 401, "token_signature_invalid": 401, "token_expired": 401, "token_revoked": 401,
    "token_replayed": 401, "token_wrong_agent": 401, "token_wrong_run": 401, "token_policy_outdated": 401,
    "token_proof_invalid": 401, "scope_violation": 403, "policy_denied": 403, "policy_unavailable": 503,
    "store_unavailable": 503, "record_unavailable": 503, "budget_exceeded": 429, "rate_limited": 429,
    "egress_blocked": 403, "human_approval_required": 403, "risk_halted": 403,
}  # fmt: skip
"""Contract 4, written down once more: what the product says is not what it should say."""


def assert_refused(said: Said, code: str) -> dict[str, Any]:
    """`said` is a whole problem with `code` and its status; returns the document."""
    assert (said.code, said.status) == (code, STATUS[code]), said
    problem = said.json
    assert problem["type"] == f"urn:aisecops:problem:{code}"
    assert problem["status"] == said.status
    assert problem["title"]
    assert problem["detail"]
    return problem
