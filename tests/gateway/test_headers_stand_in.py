"""Masks and stand-ins in the headers of a tool's request: in those that its rule names, and in no other."""

from __future__ import annotations

from typing import Any

import pytest

from aisecops.model.exchange import HttpResponse
from aisecops.model.finding import Finding
from aisecops.model.outcome import Forward
from aisecops.model.provenance import Span
from aisecops.model.refusals import Code
from support.gateway import RULES, House, code, request
from support.rules_text import problems

MAIL = "ann@corp.example"
NAMED = RULES.replace(
    "    returns: {tier: internal", "    headers: [X-Customer, X-Other]\n    returns: {tier: internal"
)
STANDING_IN = NAMED + "egress:\n  detectors:\n    - {entity: EMAIL_ADDRESS, to: any, action: pseudonymise}\n"


def found(where: str = "header:x-customer", start: int = 0, **more: Any) -> Finding:
    span = Span(start=start, end=start + len(MAIL))
    return Finding(entity="EMAIL_ADDRESS", where=where, span=span, confidence=1.0, fingerprint="f", **more)


async def asked(house: House, run: Any, *findings: Finding, **headers: str) -> Any:
    house.scanner.found = findings
    token = await house.token(run, "crm.read", "crm.customers.42")
    outcome = await house.ask(run, request("GET", "https://crm.internal/v1/customers/42", token=token, **headers))
    house.scanner.found = ()
    return outcome


async def test_a_named_header_leaves_with_a_stand_in_and_what_comes_back_has_the_value() -> None:
    house = House(STANDING_IN)
    run = await house.run()
    left = await asked(house, run, found(start=4), X_Customer=f"for {MAIL}!")
    assert isinstance(left, Forward)
    ((name, value),) = left.set_headers
    assert name == "x-customer"
    stand_in = value.removeprefix("for ").removesuffix("!")
    assert stand_in.endswith("@mail.example")
    answer = HttpResponse(
        status=200, headers=(("Content-Type", "text/plain"),), body=f'{{"customers": ["{stand_in}"]}}'.encode()
    )
    said = await house.enforcement.settle(left.permit, answer)
    assert MAIL in said.body.decode()


async def test_a_known_value_is_replaced_in_every_named_header_where_no_detector_saw_it() -> None:
    house = House(STANDING_IN)
    run = await house.run()
    first = await asked(house, run, found(), X_Customer=MAIL)
    again = await asked(house, run, X_Customer="nobody", X_Other=MAIL)
    assert again.set_headers == (("x-other", first.set_headers[0][1]),)


async def test_a_mask_stands_in_a_named_header() -> None:
    house = House(STANDING_IN.replace("pseudonymise", "mask"))
    left = await asked(house, await house.run(), found(), X_Customer=MAIL)
    assert left.set_headers == (("x-customer", "<EMAIL_ADDRESS>"),)


@pytest.mark.parametrize(
    ("finding", "headers"),
    [
        (found("header:x-note"), {"X_Note": MAIL}),
        (found("header:x-customer-id"), {"X_Customer_Id": MAIL}),
        (found(), {"X_Customer": MAIL, "x_customer": MAIL}),
        (found(), {"X_Customer": MAIL, "X_Signature": "ab"}),
        (found(), {"X_Customer": MAIL, "Signature_Input": "sig=()"}),
        (found(), {"X_Customer": MAIL + "é"}),
    ],
    ids=["another", "alike", "twice", "signed", "signed-message", "no-ascii"],
)
async def test_anywhere_else_nothing_leaves(finding: Finding, headers: dict[str, str]) -> None:
    house = House(STANDING_IN)
    assert code(await asked(house, await house.run(), finding, **headers)) is Code.EGRESS_BLOCKED


@pytest.mark.parametrize(
    "name", ["Authorization", "Cookie", "X-Api-Key", "Content-Type", "X-Access-Token", "AISecOps-Run"]
)
def test_a_header_that_says_who_asks_or_how_cannot_be_named(name: str) -> None:
    (problem,) = problems(f"tools: {{t: {{match: {{host: h.test}}, headers: [{name}]}}}}")
    assert "says who asks or how" in problem.mend
