"""Rule sets from the text a person would write."""

from __future__ import annotations

from textwrap import dedent

from aisecops.controls.policy.parse import parse
from aisecops.model.place import Problem
from aisecops.model.rules import RuleSet

FULL = """
agents:
  support-bot:
    role: customer-support
    authenticate: {secret: "env:SUPPORT_BOT_SECRET"}
    mode: enforce
    token: require
    system_prompt: pinned
    grants:
      - {tool: crm.read,  scope: "crm.customers.*", constraints: {max_rows: 100}}
      - {tool: mail.send, scope: "mail.contacts.*", constraints: {max_cost: 0.50, uses: 1}}
    budgets: {max_tool_calls: 50, max_write_operations: 10, max_execution_time: 10m, max_cost: 2.00, rate: 5/s}
    risk: {approve_above: 1.5, halt_above: 2.0}
people:
  ann: {role: approver, secret: "env:ANN", login: ann@corp.example, slack: U02ABCDEF, duty: "Mo-Fr 08:00-18:00 UTC"}
oidc:
  issuer: https://login.corp.example
  client_id: aisecops
  client_secret: "env:OIDC_SECRET"
  audience: aisecops-api
  name: email
  roles: {claim: groups, viewer: [staff], approver: [oncall], operator: [platform]}
approvals:
  announce:
    - {url: "https://hooks.example/aisecops", secret: "env:HOOK_SECRET", answers: [ann]}
    - {url: "env:SLACK_URL", form: slack}
  slack_secret: "env:SLACK_SIGNING_SECRET"
tools:
  crm.read:
    match: {host: crm.internal, method: [GET], path: "/v1/customers/**"}
    effect: read
    base_risk: 0.2
    trust: internal
    scope: "crm.customers.{path[2]}"
    rows: {response: "length(customers)"}
    returns:
      tier: internal
      label: confidential
      trusted_fields: ["customers[].id", "customers[].email"]
  mail.send:
    match: [{host: mail.example, method: POST, path: /send}, {model_tool: send_email}]
    effect: write
    base_risk: 0.4
    trust: external
    scope: "mail.contacts.{body.to}"
    headers: [X-Customer]
    arguments:
      to:   {at: "to",   role: steering}
      text: {at: "text", role: content}
  shell.exec:
    match: {model_tool: [bash, shell]}
    effect: write
    base_risk: 0.9
  tickets.*:
    match: {mcp: {host: mcp.internal, tool: "*"}}
models:
  openai: {match: {host: api.openai.com}, dialect: openai, prices: {gpt-4o: {input: 2.50, output: 10.00}}}
sources:
  - {match: {host: "*.wikipedia.org"}, tier: external}
memory:
  - {tool: notes.write, item: "text", id: "id"}
risk:
  sequences:
    - {name: read-then-send, when: [{effect: read, label: confidential}, {tool: mail.send}], escalation: 1.2}
  budget_stress_from: 0.5
egress:
  max_body: 10MiB
  detectors:
    - {entity: [CREDIT_CARD, IBAN_CODE, US_SSN], to: external, action: block}
    - {entity: SECRET, to: any, action: block}
    - {entity: EMAIL_ADDRESS, to: model, action: mask}
  labels: {confidential: {to: [internal, model]}}
  volume: [{to: external, max: 1MiB, action: hold}]
  proportion:
    - {to: external, free: 4KiB, told: 20, read: 1, usual: 2.5, most: 1MiB, rows: {free: 5, most: 50}, action: hold}
    - {to: external, tool: mail.send, escalation: 1.5}
  canaries: ["env:CANARY_1"]
firewall: {flag_at: 0.5, block_at: 0.9, unknown_content: external}
policy: {cedar: ["policy/*.cedar"], opa: {url: "http://127.0.0.1:8181", path: aisecops/allow}}
"""
"""Every section and key there is."""


def text(yaml: str) -> bytes:
    """One rules file, its version first."""
    return f"version: 1\n{dedent(yaml).lstrip()}".encode()


def rules(yaml: str = "", **more: str) -> RuleSet:
    """The rule set of `rules.yaml` and of any `more` files; it must be well."""
    found = parse({"rules.yaml": text(yaml), **{f"{name}.yaml": text(body) for name, body in more.items()}})
    assert isinstance(found, RuleSet), [f"{problem} | {problem.mend}" for problem in found]
    return found


def problems(yaml: str, **more: str) -> tuple[Problem, ...]:
    """What is wrong; something must be."""
    found = parse({"rules.yaml": text(yaml), **{f"{name}.yaml": text(body) for name, body in more.items()}})
    assert not isinstance(found, RuleSet)
    return found
