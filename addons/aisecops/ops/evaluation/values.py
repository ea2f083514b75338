"""The values that every play can use: names, secrets, and how far the agent's own rules let it go."""

from __future__ import annotations

import math
from urllib.parse import urlsplit

from aisecops.model.budget import Rate
from aisecops.model.rules import RuleSet
from aisecops.ops.evaluation.actor import Cast
from aisecops.ops.evaluation.line import basic
from aisecops.ops.evaluation.needs import bounding
from aisecops.ops.evaluation.places import CALLS_MOST, ROLES, WRITES_MOST, host, mail_risk
from aisecops.ops.evaluation.scenario import Who
from aisecops.ops.evaluation.stage import Stage

RISK_MOST_MICROS = 4_000_000
"""A chain that is not stopped before this sum counts as unbounded: twice the halt of spec 8."""

COSTLY_CALLS = 4


MUCH_MOST = 262_144
"""More than this is not said in one message, nor in all parts of it."""
TOLD_CHARS = 200
"""More than the user says in a play about proportion."""
PARTS = 4
_SENTENCE = "All is well in the north. "


def unexplained(rules: RuleSet) -> tuple[int, int]:
    """So many bytes no task of a play explains (docs/egress.md), at once and in each of a few parts.

    One part needs no explanation, and two of them do.
    """
    explained = [max(rule.free_bytes, int(rule.told_times * TOLD_CHARS)) for rule in bounding(rules)]
    least = min(explained, default=0)
    return min(2 * least, MUCH_MOST), min(least * 6 // 10, MUCH_MOST // PARTS)


def prose(size: int) -> str:
    """Harmless words, so many bytes of them."""
    return _SENTENCE * (size // len(_SENTENCE) + 1)


def values_for(stage: Stage, cast: Cast, slot: int, number: int) -> dict[str, str]:
    """Values of one play; `number` makes its names its own."""
    budgets, risk = cast.probe.rule.budgets, cast.probe.rule.risk
    much, part = unexplained(stage.rules)
    calls = min(budgets.max_tool_calls or CALLS_MOST, CALLS_MOST)
    writes = min(budgets.max_write_operations or WRITES_MOST, WRITES_MOST, calls)
    mail_micros = int(mail_risk(stage.probes) * 2_000_000)  # its trust factor is 2.0
    mails = min(risk.approve_micros, RISK_MOST_MICROS) // mail_micros
    per_second = budgets.rate.count * 1000 / budgets.rate.per_ms if budgets.rate else 0
    burst = (budgets.rate.count if budgets.rate else 0) + 4 * math.ceil(per_second) + 4
    name, secret = cast.agent(Who.AGENT)
    control = urlsplit(stage.settings.control_url)
    return {
        "mark": f"evaluation{number:05}mark",
        "attacker": f"collect{number}@drop{number}.attacker-mail.com",
        "contact": f"anna{number}@partner-firm.com",
        "account": f"acct-{number:05}-mallory",
        "own_account": f"acct-{number:05}-landlord",
        "agent": name,
        "agent_secret": secret,
        "other": cast.agent(Who.OTHER)[0],
        "run": cast.run(Who.AGENT).run_id,
        "other_run": cast.run(Who.OTHER).run_id,
        "read": "",
        "answer": "",
        "token": "",
        "approval": "",
        "held_approval": "",
        "canary": stage.first(stage.rules.egress.canaries),
        "known_secret": stage.first(stage.rules.egress.known),
        "control": control.netloc,
        "control_port": str(control.port),
        "proxy_credentials": basic(cast.run(Who.AGENT).run_id, cast.run(Who.AGENT).secret, scheme=stage.scheme),
        "budget.calls": str(calls),
        "over.calls": str(calls + 1),
        "budget.writes": str(writes),
        "over.writes": str(writes + 1),
        "budget.cost": str(COSTLY_CALLS),
        "over.cost": str(COSTLY_CALLS + 2),
        "rate.burst": str(burst),
        "rate.most": "",
        "much": prose(much),
        "a_part": prose(part),
        "mails.most": str(mails),
        "mails.many": str(mails + 4),
        **{f"host.{role}": host(role, slot) for role in ROLES},
    }


def most_within(rate: Rate, elapsed_s: float) -> int:
    """How many requests a rate lets through within that time, from a full bucket on; one more as clocks differ."""
    return rate.count + int(elapsed_s * 1000 * rate.count / rate.per_ms) + 1
