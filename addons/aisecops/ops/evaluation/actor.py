"""Agents, runs and people as a play needs them: who they are, what they hold, and how they speak to the gateway.

Knows credentials, runs and how a capability token is come by. What is said is the play's.
"""

from __future__ import annotations

import ssl
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx

from aisecops.adapters.system.files import read_private
from aisecops.ops.client import trusted
from aisecops.ops.evaluation.forgeries import BORROWED, FORGED, parts
from aisecops.ops.evaluation.line import Heard, Lines, basic
from aisecops.ops.evaluation.overlaid import OTHERS_SECRET
from aisecops.ops.evaluation.places import PREFIX, TOOLS, Probe, scope_of
from aisecops.ops.evaluation.scenario import Who
from aisecops.ops.evaluation.stage import Stage
from aisecops.ops.settings import Settings

TIMEOUT_S = 30.0
EXPIRES = "1s"
EXPIRED_AFTER_S = 1.6


@dataclass
class OpenRun:
    """A run, and the connections that are made in it."""

    run_id: str
    secret: str
    lines: Lines


@dataclass
class Cast:
    """Who is in one play. Runs are opened when somebody first acts in them."""

    stage: Stage
    probe: Probe
    http: httpx.Client
    trust: ssl.SSLContext
    runs: dict[Who, OpenRun] = field(default_factory=dict)
    shown: str = ""
    """The token that the last call showed."""
    _all: list[Lines] = field(default_factory=list)
    _tokens: dict[tuple[str, str, str], str] = field(default_factory=dict)

    def agent(self, who: Who) -> tuple[str, str]:
        """Name and secret of an agent."""
        if who is Who.OTHER:
            return self.probe.other_id, self.stage.secrets[OTHERS_SECRET]
        return self.probe.agent_id, self.stage.secret_of(self.probe)

    def run(self, who: Who) -> OpenRun:
        """The run that `who` acts in."""
        side = Who.OTHER if who is Who.OTHER else Who.AGENT
        return self.runs.get(side) or self.new_run(side)

    def new_run(self, who: Who, *, parent: str = "") -> OpenRun:
        """Another run of theirs, from now on theirs to act in."""
        side = Who.OTHER if who is Who.OTHER else Who.AGENT
        heard = self.api(side, "POST", "/v1/runs", {"parent": parent} if parent else {})
        told = heard.json() if heard.is_success else {"run_id": "run_none", "run_secret": "none"}
        shown = basic(told["run_id"], told["run_secret"], scheme=self.stage.scheme)
        lines = self._connected(shown)
        self.runs[side] = OpenRun(run_id=told["run_id"], secret=told["run_secret"], lines=lines)
        return self.runs[side]

    def lines(self, who: Who) -> Lines:
        """Connections of `who`; nobody has some without credentials."""
        if who is not Who.NOBODY:
            return self.run(who).lines
        return self._connected("")

    def _connected(self, credentials: str) -> Lines:
        proxy = self.stage.settings.proxy
        lines = Lines(proxy.url, self.trust, credentials, name=urlsplit(proxy.told_url).hostname or "")
        self._all.append(lines)
        return lines

    def credentials(self, who: Who) -> str:
        """What `who` shows to the control plane."""
        if who is Who.NOBODY:
            return ""
        if who is Who.OPERATOR:
            return "Bearer " + read_private(self.stage.settings.operator_secret).decode().strip()
        if who is Who.WITH_AGENTS_SECRET:
            return f"Bearer {self.agent(Who.AGENT)[1]}"
        if who is Who.RUN:
            run = self.run(who)
            return basic(run.run_id, run.secret)
        return basic(*self.agent(who))

    def api(self, who: Who, method: str, path: str, body: Any) -> httpx.Response:
        """A request to the control plane."""
        shown = self.credentials(who)
        headers = {"authorization": shown} if shown else {}
        return self.http.request(method, path, json=body, headers=headers)

    def close(self) -> None:
        """End the runs and their connections."""
        for lines in self._all:
            lines.close()
        for run in self.runs.values():
            shown = {"authorization": basic(run.run_id, run.secret)}
            self.http.post(f"/v1/runs/{run.run_id}/finish", json={"exit_code": 0}, headers=shown)

    # tokens

    def asked(self, who: Who, tool: str, scope: str, **more: Any) -> str:
        """A token as it should be come by; empty when it was refused. One that was asked for before serves again."""
        run = self.run(who)
        key = (run.run_id, tool, scope)
        if not more and key in self._tokens:
            return self._tokens[key]
        body = {"run_id": run.run_id, "tool": f"{PREFIX}.{tool}", "scope": scope, **more}
        answer = self.api(who, "POST", "/v1/tokens", body)
        self.refusal = Heard(answer.status_code, dict(answer.headers), answer.content)
        token = str(answer.json()["token"]) if answer.is_success else ""
        if token and not more:
            self._tokens[key] = token
        return token

    refusal: Heard = field(default_factory=Heard)
    """What the control plane answered when it was last asked for a token."""

    def come_by(self, how: str, who: Who, tool: str, scope: str, **more: Any) -> str:
        """A token in the way `how` (`forgeries.TOKENS`); empty for none."""
        if how in {"none", "kept"}:
            return "" if how == "none" else self.shown
        if how in BORROWED:
            return self._borrowed(how, who, tool, scope)
        token = self.asked(who, tool, scope, **(more | ({"ttl": EXPIRES} if how == "expired" else {})))
        if how == "expired":
            time.sleep(EXPIRED_AFTER_S)
        elif how == "revoked" and token:
            jti = parts(token)[1]["jti"]
            self.api(Who.OPERATOR, "POST", f"/v1/tokens/{jti}/revoke", {"reason": "an evaluation"})
        elif how in FORGED and token:
            return FORGED[how](token, self.http.get("/.well-known/jwks.json").json())
        return token

    def _borrowed(self, how: str, who: Who, tool: str, scope: str) -> str:
        """A good token of, or for, something else."""
        if how == "of-another-tool":
            return self.asked(who, "find.search", scope_of("find.search", "/search", None))
        if how == "of-another-scope":
            return self.asked(who, "crm.read", f"{PREFIX}.crm.read.8")
        token = self.asked(Who.OTHER if how == "of-another-agent" else who, tool, scope)
        if how == "of-another-run":
            self.new_run(who)
        return token


def control_plane(settings: Settings) -> httpx.Client:
    """The control plane, asked by whoever shows what."""
    return httpx.Client(base_url=settings.control_url, timeout=TIMEOUT_S, trust_env=False, verify=trusted(settings))


def default_body(tool: str) -> bytes:
    """What a call of `tool` says when a step says nothing."""
    usual = {
        "mail.send": b'{"to": "{contact}", "text": "All is well."}',
        "mail.draft": b'{"text": "All is well."}',
        "chat.post": b'{"text": "All is well."}',
        "pay.send": b'{"account": "{own_account}", "amount": 10, "note": "rent"}',
        "orders.change": b'{"state": "refunded"}',
        "notes.write": b'{"text": "All is well."}',
        "count.write": b'{"n": 1}',
    }
    return usual.get(tool, b"") if TOOLS.get(tool) and TOOLS[tool].method in {"POST", "PUT", "PATCH"} else b""
