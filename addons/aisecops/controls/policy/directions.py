"""Which way a changed rule moves authority: the one table of what loosens and what tightens.

A key that is not in the table is told as changed, with no direction: nothing is silent, and nothing is guessed.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Any


class Direction(enum.StrEnum):
    """What became of authority; `changed` is for what only a person can tell."""

    GAINED = "gained"
    LOST = "lost"
    CHANGED = "changed"


type Compare = Callable[[Any, Any], Direction]


def more_loosens(old: Any, new: Any) -> Direction:
    """Of two numbers, where none is no limit at all."""
    high = float("inf")
    before, after = (high if value is None else float(value) for value in (old, new))
    return Direction.GAINED if after > before else Direction.LOST


def less_loosens(old: Any, new: Any) -> Direction:
    """Of two numbers, where none asks nothing."""
    before, after = (float(value or 0) for value in (old, new))
    return Direction.GAINED if after < before else Direction.LOST


def less_loosens_but_none(old: Any, new: Any) -> Direction:
    """Of two spans of time, where none has no end."""
    high = float("inf")
    before, after = (high if value is None else float(value) for value in (old, new))
    return Direction.GAINED if after < before else Direction.LOST


def there_loosens(old: Any, new: Any) -> Direction:
    """Something that opens a way, or does not exist."""
    return _one_sided(old, new, added=Direction.GAINED)


def declared_loosens(old: Any, new: Any) -> Direction:
    """A whole named entry; what stands in it and is not in the table has no direction."""
    return there_loosens(old, new) if True in {old, new} else Direction.CHANGED


def there_tightens(old: Any, new: Any) -> Direction:
    """Something that closes a way, or does not exist."""
    return _one_sided(old, new, added=Direction.LOST)


def later_loosens(*words: Any) -> Compare:
    """Words from the strictest to the loosest."""

    def compare(old: Any, new: Any) -> Direction:
        if old not in words or new not in words:
            return Direction.CHANGED
        return Direction.GAINED if words.index(new) > words.index(old) else Direction.LOST

    return compare


def direction(path: str, old: Any, new: Any) -> Direction:
    """Which way `path` went when its value `old` became `new`; None is a value that is not there."""
    for pattern, compare in _TABLE:
        if fnmatchcase(path, pattern):
            return compare(old, new)
    return Direction.CHANGED


def _one_sided(old: Any, new: Any, *, added: Direction) -> Direction:
    if bool(old) == bool(new):
        return Direction.CHANGED
    removed = Direction.LOST if added is Direction.GAINED else Direction.GAINED
    return added if new else removed


_TIERS = later_loosens("hostile", "external", "internal", "user", "operator")
_EFFECTS = later_loosens("write", "memory-write", "memory-read", "read")

_TABLE: tuple[tuple[str, Compare], ...] = (
    ("agents.*.authenticate[[]*]", there_loosens),
    ("agents.*.mode", later_loosens("enforce", "observe")),
    ("agents.*.token", later_loosens("require", "broker")),
    ("agents.*.system_prompt", later_loosens("pinned", "free")),
    ("agents.*.budgets.rate", there_tightens),
    ("agents.*.budgets.*", more_loosens),
    ("agents.*.risk.*", more_loosens),
    ("agents.*", declared_loosens),  # whoever is declared may call models and read sources
    ("people.*.role", later_loosens("viewer", "approver", "operator")),
    ("oidc.roles.viewer[[]*]", there_loosens),
    ("oidc.roles.approver[[]*]", there_loosens),
    ("oidc.roles.operator[[]*]", there_loosens),
    ("oidc.issuer", there_loosens),
    ("approvals.announce[[]*].answers[[]*]", there_loosens),
    ("people.*.duty[[]*]", declared_loosens),
    ("people.*", declared_loosens),
    ("tools.*.match[[]*]", there_loosens),
    ("tools.*.effect", _EFFECTS),
    ("tools.*.base_risk", less_loosens),
    ("tools.*.trust", less_loosens),
    ("tools.*.rows", there_tightens),
    ("tools.*.cost", there_tightens),
    ("tools.*.recipients.at[[]*]", there_tightens),
    ("tools.*.recipients*", there_tightens),
    ("tools.*.returns.tier", _TIERS),
    ("tools.*.returns.label", there_tightens),
    ("tools.*.returns.trusted_fields[[]*]", there_loosens),
    ("tools.*.arguments[[]*].steering", later_loosens(True, False)),
    ("tools.*.arguments[[]*].untrusted", later_loosens("deny", "hold")),
    ("tools.*.arguments[[]*].named_by", later_loosens("user", "trusted")),
    ("tools.*.arguments[[]*]", there_tightens),
    ("tools.*.headers[[]*]", there_loosens),
    ("models.*.prices.*", less_loosens),
    ("models.*", declared_loosens),
    ("sources[[]*].tier", _TIERS),
    ("sources[[]*].label", there_tightens),
    ("sources[[]*]", there_loosens),
    ("memory[[]*]", there_tightens),
    ("risk.sequences[[]*].escalation", less_loosens),
    ("risk.sequences[[]*].within_ms", less_loosens_but_none),
    ("risk.sequences[[]*]", there_tightens),
    ("risk.budget_stress_from", more_loosens),
    ("risk.resume_allowance_micros", more_loosens),
    ("risk.adaptive.base_down_micros", more_loosens),
    ("risk.adaptive.*_up_micros", less_loosens),
    ("risk.join", later_loosens("halt", "hold", "off")),
    ("risk.join_within_ms", less_loosens),
    ("egress.max_body_bytes", more_loosens),
    ("egress.detectors[[]*].action", later_loosens("block", "hold", "mask", "pseudonymise", "count")),
    ("egress.detectors[[]*]", there_tightens),
    ("egress.allow[[]*]", there_loosens),
    ("egress.labels.*[[]*]", there_loosens),
    ("egress.labels.*", there_tightens),
    ("egress.canaries[[]*]", there_tightens),
    ("egress.known[[]*]", there_tightens),
    ("egress.recognizers[[]*]", there_tightens),
    ("egress.volume[[]*]", there_tightens),
    ("egress.proportion[[]*].escalation", less_loosens),
    ("egress.proportion[[]*].action", later_loosens("block", "hold", None)),
    ("egress.proportion[[]*].*_bytes", more_loosens),
    ("egress.proportion[[]*].*_times", more_loosens),
    ("egress.proportion[[]*].rows.*", more_loosens),
    ("egress.proportion[[]*].rows", there_tightens),
    ("egress.proportion[[]*]", there_tightens),
    ("egress.unread", later_loosens("refuse", "media", "allow")),
    ("firewall.flag_at", more_loosens),
    ("firewall.block_at", more_loosens),
    ("firewall.unknown_content", _TIERS),
    ("policy.cedar[[]*]", there_tightens),
    ("policy.opa.url", there_tightens),
)
