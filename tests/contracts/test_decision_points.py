"""One corpus of questions, three engines: the grants, Cedar and a real OPA say the same of each (spec 24).

The policies say in each language what the grants say. What the engines can say beyond it is tested with each of them.
"""

from __future__ import annotations

import pytest

from aisecops.adapters.policies.cedar import CedarPoint
from aisecops.adapters.policies.opa import OpaPoint
from aisecops.controls.policy.evaluate import evaluate
from aisecops.model.decision import Verdict
from aisecops.model.grant import Constraints
from aisecops.model.ids import AgentId
from support.gateway import RULES, SetClock, rules_of
from support.opa import running_opa
from support.questions import CEDAR, question

REGO = """
package aisecops
granted := {"crm.read": "crm.customers.", "mail.send": "mail.contacts.", "db.write": "db.orders."}
default allow := false
allow if {
    input.principal.id == "clerk"
    startswith(input.resource.id, granted[input.action.name])
}
"""
CORPUS = [
    (agent, tool, scope)
    for agent in ("clerk", "visitor", "nobody")
    for tool in ("crm.read", "mail.send", "db.write", "crm.drop")
    for scope in ("crm.customers.42", "mail.contacts.ann", "db.orders.7", "crm.accounts.42", "crm", "crm.customers.*")
]


@pytest.fixture(scope="module")
def opa(tmp_path_factory):
    with running_opa(tmp_path_factory.mktemp("opa"), REGO) as server:
        yield server


def _granted(rules, agent, tool, scope):
    judgment, _ = evaluate(rules, AgentId(agent), tool=tool, scope=scope, constraints=Constraints())
    return judgment.verdict


def test_the_corpus_holds_yes_and_no():
    said = {_granted(rules_of(), *one) for one in CORPUS}
    assert said == {Verdict.ALLOW, Verdict.DENY}


async def test_cedar_says_what_the_grants_say():
    rules = rules_of(f'{RULES}\npolicy: {{cedar: ["policy/*.cedar"]}}\n', a=CEDAR)
    point = CedarPoint()
    for one in CORPUS:
        assert (await point.judge(rules, question(*one))).verdict is _granted(rules, *one), one


async def test_opa_says_what_the_grants_say(opa):
    rules = rules_of(f'{RULES}\npolicy: {{opa: {{url: "{opa.url}", path: aisecops/allow, timeout: 10s}}}}\n')
    point = OpaPoint(SetClock(), secret=lambda _source: None)
    for one in CORPUS:
        assert (await point.judge(rules, question(*one))).verdict is _granted(rules, *one), one
    await point.close()
