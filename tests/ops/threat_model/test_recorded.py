"""What the record says of an agent beside its rules."""

from __future__ import annotations

from aisecops.ops.threat_model.recorded import Recorded
from support.gateway import rules_of


def step(run=1, *, tool="crm.read", scope="crm.customers.42", total=0.1, code=None, agent="clerk", **more):
    verdict = "deny" if code else "allow"
    return {"event": "decision", "enforced": verdict, "verdict": verdict, "code": code, "agent_id": agent,
            "run_id": f"run_{run}", "root_run_id": f"run_{run}", "tool": tool, "scope": scope, "total": total,
            "at": f"2027-01-0{run}T10:00:00Z", **more}  # fmt: skip


def told(*events):
    recorded = Recorded(rules_of().agents["clerk"])
    for event in events:
        recorded.add(event)
    return {one.heading: one.facts for one in recorded.parts()}


def test_use_totals_refusals_and_the_last_run_are_counted():
    refused = step(2, tool="db.write", scope="db.orders.1", code="budget_exceeded", total=9.0)
    found = told(step(1, total=0.4), step(1, total=0.2), step(2), refused, step(3, agent="visitor"))
    assert found == {
        "Runs": ("2 runs, the last `run_2` until 2027-01-02T10:00:00Z",),
        "Grants used": (
            "`crm.read` on `crm.customers.*`: 3 times",
            "`mail.send` on `mail.contacts.*`: never",
            "`db.write` on `db.orders.*`: never",
        ),
        "Highest totals": ("0.4 in the tree of `run_1`", "0.1 in the tree of `run_2`"),
        "Refused and held": ("budget_exceeded: 1 times",),
    }


def test_what_was_only_observed_is_said_to_be():
    found = told(step(code="scope_violation", enforced="allow"))
    assert found["Refused and held"] == ("scope_violation, and only observed: 1 times",)


def test_an_empty_record_says_so():
    assert told()["Runs"] == ("the record knows no run of it",)
