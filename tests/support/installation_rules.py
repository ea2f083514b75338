"""The rules of the installation under test, and its agents. Their secrets are made at run time."""

from __future__ import annotations

import base64
import secrets
from typing import NamedTuple


class Party(NamedTuple):
    """Who speaks: an agent or a run, with the credentials of both proxy and API."""

    name: str
    secret: str

    @property
    def basic(self) -> str:
        return "Basic " + base64.b64encode(f"{self.name}:{self.secret}".encode()).decode()


NAMES = ("clerk", "rival", "counted", "writer", "hasty", "spender", "quick", "careful", "analyst", "simple", "watched",
         "loner", "racer", "crasher", "assistant")  # fmt: skip
AGENTS = {name: Party(name, secrets.token_hex(12)) for name in NAMES}

CARD = "4111 1111 1111 1111"
"""The number that payment companies publish for tests."""

MAX_BODY = 65536

_EVERYTHING = """
    grants:
      - {tool: crm.read, scope: "crm.customers.*", constraints: {max_rows: 5}}
      - {tool: orders.write, scope: "orders.*"}
      - {tool: mail.send, scope: "mail.contacts.*", constraints: {max_cost: 0.50}}
      - {tool: step.run, scope: "steps.*"}
      - {tool: inside.read, scope: "inside.*"}
"""


def _agent(name: str, more: str = "", grants: str = _EVERYTHING) -> str:
    lines = "".join(f"    {line.strip()}\n" for line in more.splitlines() if line.strip())
    return f'  {name}:\n    authenticate: {{secret: "env:{name.upper()}_SECRET"}}{grants}{lines}'


_READS = """
    grants:
      - {tool: crm.read, scope: "crm.customers.*"}
"""
_FLOW = """
    grants:
      - {tool: db.read, scope: "db.**"}
      - {tool: send_email, scope: "mail.**"}
      - {tool: db.write, scope: "db.**"}
"""

RULES = f"""version: 1
agents:
{_agent("clerk")}
{_agent("rival")}
{_agent("counted", "budgets: {max_tool_calls: 3}")}
{_agent("writer", "budgets: {max_write_operations: 2}")}
{_agent("hasty", "budgets: {max_execution_time: 1s}")}
{_agent("spender", "budgets: {max_cost: 0.25}")}
{_agent("quick", "budgets: {rate: 2/m}")}
{_agent("careful", "risk: {approve_above: 0.5, halt_above: 1.5}")}
{_agent("analyst", "budgets: {max_cost: 1.00}\nrisk: {approve_above: 1.2, halt_above: 2.0}", _FLOW)}
{_agent("simple", "token: broker", _READS)}
{_agent("watched", "mode: observe\nbudgets: {max_tool_calls: 1}", _READS)}
{_agent("loner")}
{_agent("racer", "budgets: {max_tool_calls: 100}")}
{_agent("crasher", "budgets: {max_tool_calls: 60, max_write_operations: 25}")}
tools:
  crm.read:
    match: {{host: crm.internal, method: GET, path: "/v1/customers/*"}}
    effect: read
    base_risk: 0
    trust: internal
    scope: "crm.customers.{{path[2]}}"
    rows: {{response: "length(customers)"}}
    returns: {{tier: internal, label: confidential}}
  orders.write:
    match: {{host: db.internal, method: POST, path: "/orders/*"}}
    effect: write
    base_risk: 0
    trust: internal
    scope: "orders.{{path[1]}}"
  mail.send:
    match: {{host: mail.example, method: POST, path: /send}}
    effect: write
    base_risk: 0
    scope: "mail.contacts.{{body.to}}"
    cost: {{request: "price"}}
  step.run:
    match: {{host: db.internal, method: POST, path: "/steps/*"}}
    effect: write
    base_risk: 0.7
    trust: neutral
    scope: "steps.{{path[1]}}"
  inside.read:
    match:
      - {{host: localhost, method: GET}}
      - {{host: own-proxy.internal, method: GET}}
      - {{host: own-control.internal, method: GET}}
    effect: read
    base_risk: 0
    scope: "inside.{{host}}"
  db.read:
    match: {{host: flow.internal, method: GET, path: "/read/*"}}
    effect: read
    base_risk: 0.2
    trust: internal
    scope: "db.customers.{{path[1]}}"
    returns: {{tier: internal, label: confidential}}
  send_email:
    match: {{host: flow.internal, method: POST, path: "/email/*"}}
    effect: write
    base_risk: 0.4
    trust: external
    scope: "mail.customers.{{path[1]}}"
    cost: 0.55
  db.write:
    match: {{host: flow.internal, method: POST, path: "/write/*"}}
    effect: write
    base_risk: 0.5
    trust: internal
    scope: "db.orders.{{path[1]}}"
models:
  openai: {{match: {{host: api.openai.com}}, dialect: openai, prices: {{gpt-4o: {{input: 2.50, output: 10.00}}}}}}
sources:
  - {{match: {{host: en.wiki.example}}, tier: external}}
risk:
  sequences:
    - {{name: read-then-send, when: [{{effect: read, label: confidential}}, {{tool: send_email}}], escalation: 1.2}}
egress:
  max_body: {MAX_BODY}B
  detectors:
    - {{entity: [CREDIT_CARD, SECRET], to: any, action: block}}
    - {{entity: EMAIL_ADDRESS, to: model, action: mask}}
"""
