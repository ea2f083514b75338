"""A held step as a Slack message with two buttons, and what Slack sends when one of them is pressed.

Everything from outside is plain text there: no mention, link or format that an agent wrote is obeyed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs

import orjson

from aisecops.model.errors import WireError
from aisecops.model.value import Value

APPROVE, DENY = "aisecops_approve", "aisecops_deny"
LONGEST_TEXT = 2800
"""Slack takes 3000 characters in a section."""
LONGEST_FIELD = 300
_ACTIONS = {APPROVE: True, DENY: False}


class Pressed(Value):
    """Somebody pressed a button. `user` is their member id, `answer_url` where Slack takes a reply to them."""

    user: str
    approval_id: str
    approve: bool
    answer_url: str = ""


def message(title: str, lines: Sequence[str], fields: Mapping[str, str], approval_id: str) -> dict[str, Any]:
    """`title`, `fields` in two columns, `lines` below, and the buttons."""
    blocks = _blocks(title, lines, fields)
    blocks.append(
        {
            "type": "actions",
            "block_id": approval_id,
            "elements": [
                _button("Approve", APPROVE, approval_id, style="primary"),
                _button("Deny", DENY, approval_id, style="danger"),
            ],
        }
    )
    # `text` is what a notification shows; it is read as markup, so it holds nothing from outside
    return {"text": "A step waits for a person", "blocks": blocks}


def closing(title: str, lines: Sequence[str], fields: Mapping[str, str]) -> dict[str, Any]:
    """How a question ended: the same without buttons."""
    return {"text": "A held step was answered", "blocks": _blocks(title, lines, fields)}


def _blocks(title: str, lines: Sequence[str], fields: Mapping[str, str]) -> list[dict[str, Any]]:
    told = "\n".join(lines)[:LONGEST_TEXT]
    return [
        {"type": "header", "text": _plain(title[:150])},
        {"type": "section", "fields": [_plain(f"{name}\n{value}"[:LONGEST_FIELD]) for name, value in fields.items()]},
        *([{"type": "section", "text": _plain(told)}] if told else []),
    ]


def reply(words: str, *, to_all: bool) -> dict[str, Any]:
    """A reply to a press: to everybody in place of the message, or to whoever pressed alone."""
    shown = {"blocks": [{"type": "section", "text": _plain(words[:LONGEST_TEXT])}], "text": "A held step"}
    kind = {"replace_original": True} if to_all else {"response_type": "ephemeral", "replace_original": False}
    return {**kind, **shown}


def read_pressed(body: bytes) -> Pressed:
    """What Slack sends as `payload` of a form. Raises `WireError` for what is no press of our buttons."""
    try:
        [payload] = parse_qs(body.decode("utf-8"), strict_parsing=True, max_num_fields=10)["payload"]
        said = orjson.loads(payload)
        [action] = said["actions"]
        approve = _ACTIONS[action["action_id"]]
        pressed = Pressed(
            user=_text(said["user"]["id"]),
            approval_id=_text(action["value"]),
            approve=approve,
            answer_url=_text(said.get("response_url", "")),
        )
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise WireError("this is no press of a button of ours") from error
    if said.get("type") != "block_actions":
        raise WireError("this is no press of a button of ours")
    return pressed


def _text(value: Any) -> str:
    if not isinstance(value, str) or len(value) > LONGEST_FIELD:
        raise ValueError("no short text")
    return value


def _plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text, "emoji": False}


def _button(words: str, action: str, value: str, *, style: str) -> dict[str, Any]:
    return {"type": "button", "action_id": action, "text": _plain(words), "style": style, "value": value}
