"""What the stand-in model says: a script, keyed by what the user said last.

Knows turns, and nothing of any provider's JSON. Without a script the model repeats what it was told.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from aisecops.model.value import Value


class ToolUse(Value):
    """One tool call the model proposes."""

    name: str
    arguments: dict[str, object]


class Turn(Value):
    """One answer of the model: words, tool calls, or both."""

    text: str = ""
    calls: tuple[ToolUse, ...] = ()


type Line = Turn | Callable[[str], Turn]
"""A turn, or how the model makes one from the tool result it read last (so that it can fall for what stands there)."""

type Script = Mapping[str, Sequence[Line]]
"""By the user's last words, the model's turns one after the other; the last one is repeated."""


class Conversation(Value):
    """What the model was told, as far as a script looks at it. `turns` are its own since the user spoke last."""

    user: str
    turns: int
    tool_result: str
    everything: str


def next_turn(script: Script, conversation: Conversation) -> Turn:
    """What the model answers now; the same conversation, the same answer."""
    lines = script.get(conversation.user, ())
    if not lines:
        said = conversation.tool_result or conversation.user
        return Turn(text=f"you said: {said}")
    line = lines[min(conversation.turns, len(lines) - 1)]
    return line if isinstance(line, Turn) else line(conversation.tool_result)


def counted(text: str) -> int:
    """The stand-in's own count of model tokens: one for each four characters begun."""
    return -(-len(text) // 4)
