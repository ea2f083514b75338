"""Whether a signed worksheet still holds: by whom, whether the record knows it, and what has changed since."""

from __future__ import annotations

from collections.abc import Iterator

from aisecops.controls.policy.diff import diff
from aisecops.model.errors import ConfigError
from aisecops.model.rules import RuleSet
from aisecops.ops.settings import Settings
from aisecops.ops.threat_model.signed import Signature, Signed, changed
from aisecops.ops.threat_model.worksheet import Worksheet


def problems(
    settings: Settings, rules: RuleSet, sheet: Worksheet, signed: Signed | None, known: frozenset[tuple[str, str]]
) -> Iterator[str]:
    """Everything that speaks against it; `known` are the signatures (digest and name) in the record."""
    if signed is None:
        yield f"nobody has signed the threat model of `{sheet.agent_id}`; read it, then sign it with --sign-off"
        return
    last: Signature = signed.last
    if not signed.is_intact:
        yield "the signed worksheet was changed after it was signed"
    if (last.digest, last.by) not in known:
        yield f"the record knows of no such signature by {last.by}"
    if last.digest == sheet.digest:
        return
    yield f"not as {last.by} signed it on {last.at}"
    yield from changed(signed, sheet)
    yield from _authority(settings, last.policy_version, rules)


def _authority(settings: Settings, before: str, rules: RuleSet) -> Iterator[str]:
    """What the rules as a whole gained and lost since, where those of then are still kept."""
    from aisecops.ops.wiring.rules import file_rules

    try:
        old = file_rules(settings).archived(before)
    except ConfigError as error:
        yield f"what the rules gained since cannot be told: {error}"
        return
    yield from (f"rules, {change.direction}: {change.what}" for change in diff(old, rules))
