"""The installation of the demo as people and programs meet it: an agent that sends mails, pages' twins, the API."""

from __future__ import annotations

import re
import ssl
from typing import Any

import httpx

from aisecops.model.ids import AgentId
from aisecops.ops.agents import rules_in
from aisecops.ops.environment import made_trust
from aisecops.ops.opened import open_run


def secret(on: Any) -> str:
    """The operator's."""
    found: str = (on.settings.paths.state / "operator.secret").read_text().strip()
    return found


class Mailer:
    """A support agent that sends mails, one after the other, whoever they are to."""

    def __init__(self, on: Any) -> None:
        self.run = open_run(on.settings, rules_in(on.settings).agents[AgentId("support-bot")], parent=None)
        name, key = self.run.credentials.name, self.run.credentials.secret
        proxy = on.settings.proxy.url.replace("://", f"://{name}:{key}@")
        self.http = httpx.Client(
            proxy=proxy, verify=ssl.create_default_context(cafile=made_trust(on.settings).bundle), timeout=60
        )

    def send(self, to: str) -> httpx.Response:
        """A mail with its token."""
        asked = {"run_id": self.run.run_id, "tool": "mail.send", "scope": f"mail.contacts.{to}"}
        answer = self.http.post("http://aisecops.internal/v1/tokens", json=asked)
        token = answer.json()["token"]
        headers = {"AISecOps-Capability": token}
        return self.http.post("https://mail.example/send", json={"to": to, "text": "hello"}, headers=headers)


def twin(on: Any, path: str) -> Any:
    """What a page says, as a program reads it."""
    return httpx.get(f"{on.settings.control.url}{path}.json", headers=bearer(on), timeout=60).json()


def api(on: Any, path: str, **body: Any) -> Any:
    """A call of the control plane's API."""
    return httpx.post(f"{on.settings.control.url}{path}", headers=bearer(on), json=body, timeout=60).json()


def bearer(on: Any) -> dict[str, str]:
    """The operator's credentials."""
    return {"Authorization": f"Bearer {secret(on)}"}


def scraped(on: Any) -> dict[str, float | None]:
    """The eleven figures from Prometheus' point of view; it has been up for as long as the record."""
    text = httpx.get(on.metrics_url, timeout=60).text
    samples = [re.fullmatch(r"aisecops_(\w+)(?:\{(.*)\})? (\S+)", line) for line in text.splitlines()]
    found = [(one[1], dict(re.findall(r'(\w+)="([^"]*)"', one[2] or "")), float(one[3])) for one in samples if one]

    def total(name: str, **labels: set[str]) -> float:
        def fits(said: dict[str, str]) -> bool:
            return all(said[label] in wanted for label, wanted in labels.items())

        return sum(value for sample, said, value in found if sample == name and fits(said))

    def share(much: float, whole: float) -> float | None:
        return much / whole if whole else None

    decisions = total("decisions_total")
    tools = {"kind": {"tool", "local"}}
    return {
        "total_runs": total("events_total", event={"run_started"}),
        "average_risk": share(total("run_risk_sum"), total("run_risk_count")),
        "budget_violations": share(total("events_total", event={"budget_exceeded"}), decisions),
        "tool_distribution": total("events_total", event={"tool_invoked"}),
        "injection_tests": total("eval_pass_ratio", suite={"injection"}) or None,
        "escalation_detection": share(
            total("chain_escalations_total", outcome={"stopped"}), total("chain_escalations_total")
        ),
        "denials": share(total("decisions_total", enforced={"deny"}), decisions),
        "egress_attempts": total("events_total", event={"egress_blocked", "egress_masked"}),
        "policy_enforced": share(
            total("decisions_total", **tools, mode={"enforce"}), total("decisions_total", **tools)
        ),
        "runs_traced": share(total("runs_ended", traced={"yes"}), total("runs_ended")),
        "containment": share(total("containment_seconds_sum"), total("containment_seconds_count")),
    }
