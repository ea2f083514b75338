"""Content that nobody can read: refused, or let out by a rule and then counted and recorded, never in silence."""

from __future__ import annotations

from pathlib import Path

import pytest

from aisecops.controls.policy.parse import parse
from aisecops.model.outcome import Forward
from aisecops.model.refusals import Code
from aisecops.model.rules import RuleSet, Unread
from support.gateway import RULES, House, request

PICTURE = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
CHAT = "https://api.openai.com/v1/chat/completions"
SHIPPED = Path(__file__).parents[2] / "rules"


def chat(url: str = "data:image/png;base64,iVBORw0KGgo=") -> object:
    content = [{"type": "text", "text": "what is this"}, {"type": "image_url", "image_url": {"url": url}}]
    return request("POST", CHAT, body={"model": "gpt-4o", "messages": [{"role": "user", "content": content}]})


async def upload(house: House, run: object) -> object:
    token = await house.token(run, "db.write", "db.orders.7")
    return request("POST", "https://db.internal/orders/7", token=token, body=PICTURE, content_type="image/png")


def allowing(text: str = RULES) -> str:
    return f"{text}egress: {{unread: allow}}\n"


@pytest.mark.parametrize("rules", [RULES, f"{RULES}egress: {{unread: refuse}}\n"], ids=["unsaid", "said"])
async def test_it_is_refused_unless_a_rule_allows_it(rules):
    house = House(rules)
    run = await house.run()
    for asked in (chat(), await upload(house, run)):
        refused = await house.ask(run, asked)
        assert refused.code is Code.UNREADABLE
        assert "unread: allow" in refused.detail
    assert not [call for call in house.meter.calls if call[0] == "uninspected"]


async def test_what_a_rule_lets_out_is_counted_and_recorded_before_it_leaves():
    house = House(allowing())
    run = await house.run()
    for asked in (chat(), await upload(house, run)):
        assert isinstance(await house.ask(run, asked), Forward)
    said = [e for e in house.record.events if e.event.value == "uninspected"]
    assert [(e.fields["reason"], e.fields["bytes"], e.fields["host"]) for e in said] == [
        ("media", 8, "api.openai.com"),
        ("body", len(PICTURE), "db.internal"),
    ]
    assert all(e.decision_id for e in said)
    counted = [call[1] for call in house.meter.calls if call[0] == "uninspected"]
    assert counted == [("media", 8), ("body", len(PICTURE))]


async def test_what_is_refused_for_something_else_is_not_counted():
    house = House(allowing())
    run = await house.run()
    house.record.broken = True
    assert (await house.ask(run, chat())).code is Code.RECORD_UNAVAILABLE
    assert not [call for call in house.meter.calls if call[0] == "uninspected"]


async def test_text_is_never_unread():
    house = House(allowing())
    assert isinstance(await house.ask(await house.run(), chat("https://en.wiki.example/cat.png")), Forward)
    assert "uninspected" not in house.record.names()


def test_the_rules_as_shipped_let_nothing_out_unread():
    rules = parse({file.name: file.read_bytes() for file in SHIPPED.glob("*.yaml") if ".cases." not in file.name})
    assert isinstance(rules, RuleSet)
    assert rules.egress.unread is Unread.REFUSE
