"""What a call of a state-changing tool carries that its rule does not declare: content, and so it may raise the risk.

Nobody has said which of it steers, so none of it holds by itself. What was copied from untrusted content, or names an
address, an id or a path that only such content names, raises the trust factor as a declared content argument does
(contract 10).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from aisecops.controls.firewall.arguments import leaves, source_of
from aisecops.controls.firewall.label import UNTRUSTED
from aisecops.controls.policy.jmes import JmesError, found_in
from aisecops.controls.provenance.words import addresses, split
from aisecops.gateway.origins.known import KnownAgain
from aisecops.model.action import ToolEffect
from aisecops.model.envelope import ArgumentSource, TracedArgument
from aisecops.model.ids import RunId
from aisecops.model.rules import ToolRule
from aisecops.wire.limits import JsonValue

LOOKED_AT_EACH = 500
"""Values that are looked up one by one; of those beyond, copied stretches are known again in all of them together."""
ID_DIGITS = 4
_PATH_MARKS = 2


async def undeclared(
    known: KnownAgain, root_run_id: RunId, tool: ToolRule, data: JsonValue, parts: Sequence[tuple[str, str]]
) -> TracedArgument | None:
    """The first of `parts` (place and text) that untrusted content fills and no argument of `tool` in `data` is.

    None where there is none, and for a tool that changes nothing outside. What is written into a memory is followed
    as its items are. Raises `StoreError`.
    """
    if tool.effect is not ToolEffect.WRITE:
        return None
    declared = Counter(_declared(tool, data))
    left = [(where, text) for where, text in parts if text.strip() and not _taken(declared, text)]
    each = left[:LOOKED_AT_EACH]
    if rest := "\n".join(text for _, text in left[LOOKED_AT_EACH:]):
        each.append(("the rest", rest))
    trusted, untrusted = await known.sayings(root_run_id)
    if not len(untrusted.said):
        return None
    for where, text in each[:LOOKED_AT_EACH]:
        if _telling(text) and source_of(text, trusted=trusted, untrusted=untrusted) is ArgumentSource.UNTRUSTED:
            origin_id, origin = await known.named_in(root_run_id, [text, *addresses(text)])
            return TracedArgument(name=where, source=ArgumentSource.UNTRUSTED, origin_id=origin_id, origin=origin)
    for (where, text), stretches in zip(
        each, await known.recognise(root_run_id, [text for _, text in each]), strict=True
    ):
        for one in stretches:
            if one.origin.tier in UNTRUSTED and not trusted.holds(text[one.span.start : one.span.end]):
                return TracedArgument(
                    name=where,
                    source=ArgumentSource.UNTRUSTED,
                    origin_id=one.origin.origin_id,
                    origin=one.origin.source,
                )
    return None


def _declared(tool: ToolRule, data: JsonValue) -> list[str]:
    found = []
    for rule in tool.arguments:
        try:
            found += list(leaves(found_in(rule.at, data)))
        except JmesError:
            continue  # it is told of by itself, as one that cannot be looked up
    return found


def _taken(declared: Counter[str], text: str) -> bool:
    """True for a value that an argument of the rule is, once for each."""
    if declared[text] < 1:
        return False
    declared[text] -= 1
    return True


def _telling(text: str) -> bool:
    """True for what says where something goes or what it is done to: an address, an id, a path."""
    if addresses(text) or (text.count("/") >= _PATH_MARKS and not any(letter.isspace() for letter in text)):
        return True
    return any(sum(letter.isdigit() for letter in word) >= ID_DIGITS for word in split(text))
