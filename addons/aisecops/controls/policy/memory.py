"""Which requests write a declared memory or read it back, and where their items are.

Knows the rules of `memory` and JSON. What items are worth is `gateway/origins/memories.py`.
"""

from __future__ import annotations

from collections import deque
from typing import Any

import orjson

from aisecops.controls.policy.jmes import JmesError, found_in
from aisecops.controls.policy.template import Filling, filled, is_template
from aisecops.model.action import ToolEffect
from aisecops.model.errors import WireError
from aisecops.model.memory import MemoryText, Recall
from aisecops.model.rules import HttpMatch, McpMatch, MemoryRule, RuleSet, ToolRule
from aisecops.model.scope import quoted

MAX_ITEMS = 500
"""Items of one request or answer that are told apart."""
MAX_LOOKED = 5_000
"""Values of an answer that are looked at where the rules do not say where its items are."""
_SENTENCE = 5
"""So many words in a row are told to somebody, in whatever field they stand."""


def memory_written(rules: RuleSet, tool: ToolRule, name: str) -> MemoryRule | None:
    """The memory that a call of `tool`, which goes by `name`, writes."""
    return next((memory for memory in rules.memory if memory.tool in {tool.name, name}), None)


def memory_recalled(rules: RuleSet, tool: ToolRule, name: str, filling: Filling) -> Recall | None:
    """The memory that a call of `tool` reads back.

    A rule's `read` names the tools; without it, each with the effect `memory-read` at a host of the one that writes.
    """
    for memory in rules.memory:
        for read in memory.read:
            if read.tool in {tool.name, name}:
                return Recall(
                    store=memory.tool,
                    writers=memory.writers,
                    item=read.item,
                    id="" if is_template(read.id) else read.id,
                    known_id=_asked_id(read.id, filling),
                )
        if not memory.read and tool.effect is ToolEffect.MEMORY_READ and _same_host(rules, memory, tool):
            template = is_template(memory.id)
            return Recall(
                store=memory.tool,
                writers=memory.writers,
                item=memory.item,
                id="" if template else memory.id,
                anywhere=True,
                known_id=_asked_id(memory.id, filling),
            )
    return None


def items_written(memory: MemoryRule, data: Any, filling: Filling) -> tuple[MemoryText, ...]:
    """The items in a write, and the sentences beside them; empty when the items are not where the rule says."""
    ids = [_asked_id(memory.id, filling)] if is_template(memory.id) else _ids(memory.id, data)
    found = _named(_texts(memory.item, data), ids)
    return (*found, *_beside(data, found)) if found else ()


def items_recalled(recall: Recall, data: Any) -> tuple[tuple[MemoryText, ...], bool]:
    """The items in an answer and the sentences beside them; True when that is all.

    The whole of it is one where they are not where the rule says.
    """
    if recall.anywhere:
        found, complete = _anywhere(recall, data)
    else:
        texts = _texts(recall.item, data)
        found = _named(texts, _ids(recall.id, data) if recall.id else [recall.known_id])
        complete = len(texts) <= MAX_ITEMS
    if len(found) == 1 and not found[0].id:
        found = (MemoryText(id=recall.known_id, text=found[0].text),)
    if not found:
        return (MemoryText(id=recall.known_id, text=_written(data)),), complete
    return (*found, *_beside(data, found)), complete


def _same_host(rules: RuleSet, memory: MemoryRule, tool: ToolRule) -> bool:
    writer = rules.tools.get(memory.tool) or rules.tools.get(f"{memory.tool.rpartition('.')[0]}.*")
    return writer is not None and bool(_hosts(writer) & _hosts(tool))


def _hosts(tool: ToolRule) -> set[tuple[str, int | None]]:
    return {(match.host, match.port) for match in tool.match if isinstance(match, HttpMatch | McpMatch)}


def _anywhere(recall: Recall, data: Any) -> tuple[tuple[MemoryText, ...], bool]:
    """Every object of the answer in which the rule's `item` is, with the rule's `id` in it; False: bounds ended it."""
    waiting, looked = deque([data]), 0
    found: list[MemoryText] = []
    while waiting and looked < MAX_LOOKED and len(found) <= MAX_ITEMS:
        one = waiting.popleft()
        looked += 1
        texts = _texts(recall.item, one) if isinstance(one, dict | str) else []
        if texts:
            found += _named(texts, _ids(recall.id, one) if recall.id else [])
        elif isinstance(one, dict):
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one
    return tuple(found[:MAX_ITEMS]), not waiting and len(found) <= MAX_ITEMS


def _beside(data: Any, items: tuple[MemoryText, ...]) -> tuple[MemoryText, ...]:
    """The sentences in `data` that are no items: a title, a comment, a name of a member that a model would read."""
    texts, waiting, looked = {item.text for item in items}, deque([data]), 0
    found: dict[str, None] = {}
    while waiting and looked < MAX_LOOKED and len(items) + len(found) < MAX_ITEMS:
        one = waiting.popleft()
        looked += 1
        if isinstance(one, dict):
            waiting += [*one, *one.values()]
        elif isinstance(one, list):
            waiting += one
        elif isinstance(one, str) and one not in texts and len(one.split()) >= _SENTENCE:
            found[one] = None
    return tuple(MemoryText(id="", text=text) for text in found)


def _named(texts: list[str], ids: list[str]) -> tuple[MemoryText, ...]:
    """Texts with their ids, one each; without ids when these are not as many."""
    if len(texts) != len(ids):
        ids = [""] * len(texts)
    return tuple(MemoryText(id=id_, text=text) for id_, text in zip(ids, texts, strict=True))[:MAX_ITEMS]


def _texts(expression: str, data: Any) -> list[str]:
    try:
        found = found_in(expression, data)
    except JmesError:
        return []
    return [_written(one) for one in (found if isinstance(found, list) else [found]) if one is not None]


def _ids(expression: str, data: Any) -> list[str]:
    try:
        found = found_in(expression, data)
    except JmesError:
        return []
    ids = found if isinstance(found, list) else [found]
    return [quoted(str(one)) if isinstance(one, str | int) and not isinstance(one, bool) else "" for one in ids]


def _asked_id(template: str, filling: Filling) -> str:
    if not is_template(template):
        return ""
    try:
        return filled(template, filling)
    except WireError:
        return ""


def _written(value: Any) -> str:
    """A value as the text it is, or as JSON in one form."""
    return value if isinstance(value, str) else orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
