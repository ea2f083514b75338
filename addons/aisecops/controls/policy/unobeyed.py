"""What rules say that this version reads and does not obey yet: said to whoever checks or starts with them.

A rule that silently does nothing is dangerous; one whose engine is missing refuses instead and is not in here.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from aisecops.controls.policy.match import tool_named
from aisecops.model.action import WEBSOCKET, ToolEffect
from aisecops.model.rules import ModelToolMatch, RuleSet


def unobeyed(rules: RuleSet, *, today: date) -> tuple[str, ...]:
    """One line for each kind of rule in `rules` that has no effect yet, or on the day `today` no more."""
    found = (*_of_policies(rules), *_of_tools(rules), *_of_memory(rules))
    return tuple(dict.fromkeys((*found, *_of_allowances(rules, today))))


def _of_policies(rules: RuleSet) -> Iterator[str]:
    if rules.policy.cedar and not rules.policy.cedar_files:
        yield "`policy.cedar` names no file yet, so Cedar permits nothing"


def _of_tools(rules: RuleSet) -> Iterator[str]:
    for tool in rules.tools.values():
        if any(isinstance(match, ModelToolMatch) for match in tool.match) and _has_channels(rules):
            yield "`model_tool` calls that a model proposes on a WebSocket are not judged"


def _of_memory(rules: RuleSet) -> Iterator[str]:
    kept = [tool_named(rules, memory.tool) for memory in rules.memory]
    for tool in rules.tools.values():
        if tool.effect is ToolEffect.MEMORY_WRITE and tool not in kept:
            yield f"`{tool.name}` writes a memory, and nothing under `memory` says where its items are"


def _has_channels(rules: RuleSet) -> bool:
    return any(WEBSOCKET in model.match.methods for model in rules.models.values())


def _of_allowances(rules: RuleSet, today: date) -> Iterator[str]:
    for allowance in rules.egress.allow:
        if today > allowance.until:
            yield f"the allowance at {allowance.place} ended on {allowance.until}; what it let pass is stopped again"
