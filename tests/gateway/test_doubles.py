"""An attacker who owns a name that reads like the user's: their address is another, and needs a person."""

from __future__ import annotations

from typing import Any

import pytest

from aisecops.model.exchange import HttpResponse
from aisecops.model.outcome import Forward
from aisecops.model.refusals import Code
from support.gateway import RULES, House, request

ARGUING = RULES.replace("    cost: 0.55\n", '    arguments:\n      to: {at: "to", role: steering}\n').replace(
    'scope: "mail.contacts.{body.to}"', 'scope: "mail.contacts.all"'
)
PAGE = (
    "The committee met on Tuesday and reviewed the draft. "
    "The quarterly figures were collected by {} before noon, with the minutes. The weather was nice all day long."
)


async def told(double: str) -> tuple[House, Any, str]:
    """The user has named Ann, a page that the run has read names `double`, the model knows both; and a token to write."""
    house = House(ARGUING)
    run = await house.run()
    read = await house.ask(run, request("GET", "https://en.wiki.example/page"))
    assert isinstance(read, Forward), read
    page = PAGE.format(double)
    answer = HttpResponse(status=200, headers=(("Content-Type", "text/plain"),), body=page.encode())
    await house.enforcement.settle(read.permit, answer)
    asked = {"role": "user", "content": "Read the page and mail a summary to ann@corp.test"}
    body = {"model": "gpt-4o", "messages": [asked, {"role": "tool", "content": page}]}
    prompt = await house.ask(run, request("POST", "https://api.openai.com/v1/chat/completions", body=body))
    assert isinstance(prompt, Forward), prompt
    return house, run, await house.token(run, "mail.send", "mail.contacts.all")


@pytest.mark.parametrize(
    "double",
    [
        "an@ncorp.test",
        "ann@cor.ptest",
        "ann@co-rp.test",
        "ann@c\u043erp.test",
        "ann@corp.te\u0301st",
        "ann@corp.test,x@[192.0.2.7]",
    ],
    ids=["letters moved", "a dot moved", "a mark more", "a letter of another script", "an accent", "another beside it"],
)
async def test_an_address_that_only_reads_like_the_one_the_user_named_is_held(double: str) -> None:
    house, run, token = await told(double)
    for to, code in ((double, Code.HUMAN_APPROVAL_REQUIRED), ("ann@corp.test", None)):
        body = {"to": to, "text": "hello"}
        outcome = await house.ask(run, request("POST", "https://mail.example/send", body=body, token=token))
        assert getattr(outcome, "code", None) is code, outcome
