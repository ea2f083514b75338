"""Threat model review (spec 9, 23): a worksheet of every agent, as it now is, signed by somebody."""

from __future__ import annotations

from collections.abc import Iterator

from aisecops.model.errors import ConfigError
from aisecops.model.rules import AgentRule
from aisecops.ops.release.check import Check, checked
from aisecops.ops.release.evidence import Evidence
from aisecops.ops.threat_model.review import problems
from aisecops.ops.threat_model.signed import path_of, read_signed
from aisecops.ops.threat_model.worksheet import worksheet


def threat_model_review(found: Evidence) -> Check:
    """One worksheet for each agent that the rules name."""
    evidence: list[str] = []
    faults: list[str] = []
    unsigned = ""
    for agent in found.rules.agents.values():
        wrong = tuple(_wrong(found, agent, evidence))
        faults += [f"`{agent.agent_id}`: {one}" for one in wrong]
        unsigned = unsigned or (agent.agent_id if wrong else "")
    who = unsigned or "AGENT"
    return checked(
        "threat model review",
        "9, 23",
        evidence=tuple(evidence),
        faults=tuple(faults),
        mend=f"read `aisecops threat-model {who}`, then `aisecops threat-model {who} --sign-off NAME`",
    )


def _wrong(found: Evidence, agent: AgentRule, evidence: list[str]) -> Iterator[str]:
    sheet = worksheet(found.rules, agent, ())
    try:
        signed = read_signed(path_of(found.settings.paths.state, agent.agent_id))
    except ConfigError as error:
        yield str(error)
        return
    if signed is not None:
        evidence.append(f"`{agent.agent_id}` was signed by {signed.last.by} on {signed.last.at}")
    known = frozenset(found.signatures.get(agent.agent_id, set()))
    yield from problems(found.settings, found.rules, sheet, signed, known)
