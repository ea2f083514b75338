"""Stand-ins in the path of a tool's request: whom it is about, and never what is asked for."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from aisecops.model.exchange import HttpResponse
from aisecops.model.finding import Finding
from aisecops.model.outcome import Forward
from aisecops.model.provenance import Span
from aisecops.model.refusals import Code
from support.gateway import RULES, House, code, request

MAIL = "ann@corp.example"
STANDING_IN = RULES + "egress:\n  detectors:\n    - {entity: [EMAIL_ADDRESS, PERSON], to: any, action: pseudonymise}\n"


def found(where: str = "path:2", value: str = MAIL, *, detector: str = "mail", start: int = 0) -> Finding:
    span = Span(start=start, end=start + len(value))
    return Finding(entity="EMAIL_ADDRESS", where=where, span=span, confidence=1.0, fingerprint="f", detector=detector)


async def asked(house: House, run: Any, path: str, *findings: Finding, method: str = "GET", **headers: str) -> Any:
    house.scanner.found = findings
    token = await house.token(run, "crm.read", "crm.customers.*")
    outcome = await house.ask(run, request(method, f"https://crm.internal{path}", token=token, **headers))
    house.scanner.found = ()
    return outcome


@pytest.mark.parametrize("written", ["ann@corp.example", "ann%40corp.example", "%61nn%40corp%2eexample"])
async def test_a_tool_is_told_a_stand_in_in_a_segment_and_its_answer_is_given_back(written: str) -> None:
    house = House(STANDING_IN)
    run = await house.run()
    left = await asked(house, run, f"/v1/customers/{written}?view=full", found())
    assert isinstance(left, Forward)
    segment = left.path.removeprefix("/v1/customers/").removesuffix("?view=full")
    assert segment.endswith("%40mail.example")
    stand_in = segment.replace("%40", "@")
    body = orjson.dumps({"customers": [{"mail": stand_in}]})
    answer = HttpResponse(status=200, headers=(("Content-Type", "application/json"),), body=body)
    said = await house.enforcement.settle(left.permit, answer)
    assert orjson.loads(said.body) == {"customers": [{"mail": MAIL}]}


async def test_the_scope_and_the_record_are_of_the_real_one_and_another_request_of_it_is_the_same() -> None:
    house = House(STANDING_IN)
    run = await house.run()
    first = await asked(house, run, f"/v1/customers/{MAIL}", found())
    again = await asked(house, run, f"/v1/customers/{MAIL}")  # no detector sees it the second time
    assert first.path == again.path != f"/v1/customers/{MAIL}"
    told = [event.fields["scope"] for event in house.record.events if event.event == "tool_invoked"]
    assert told == ["crm.customers.ann@corp%2Eexample"] * 2


@pytest.mark.parametrize(
    ("path", "finding", "headers"),
    [
        (f"/v1/customers/{MAIL}", found(detector="presidio.email/base64"), {}),
        (f"/v1/customers/{MAIL}?X-Amz-Signature=ab", found(), {}),
        (f"/v1/customers/{MAIL}", found(), {"X_Signature": "ab"}),
        (f"/v1/customers/{MAIL}", found(), {"Signature_Input": "sig=()"}),
        (f"/v1/customers/{MAIL}", found("joined:path:"), {}),
        (f"/v1/customers/{MAIL}", found("header:x-who"), {}),
    ],
    ids=["dressed", "signed-query", "signing-header", "signed-message", "joined", "header"],
)
async def test_where_none_can_stand_nothing_leaves(path: str, finding: Finding, headers: dict[str, str]) -> None:
    house = House(STANDING_IN)
    assert code(await asked(house, await house.run(), path, finding, **headers)) is Code.EGRESS_BLOCKED


async def test_a_mask_in_a_path_would_name_nobody_and_blocks() -> None:
    house = House(STANDING_IN.replace("pseudonymise", "mask"))
    assert code(await asked(house, await house.run(), f"/v1/customers/{MAIL}", found())) is Code.EGRESS_BLOCKED


async def test_in_the_path_of_a_model_or_a_source_nothing_is_replaced() -> None:
    house = House(STANDING_IN)
    run = await house.run()
    house.scanner.found = (found("path:0"),)
    refused = await house.ask(run, request("GET", f"https://en.wiki.example/{MAIL}"))
    assert code(refused) is Code.EGRESS_BLOCKED


async def test_a_known_value_that_is_a_word_of_the_tool_s_own_path_makes_it_no_other_tool() -> None:
    house = House(STANDING_IN)
    run = await house.run()
    assert isinstance(await asked(house, run, "/v1/customers/customers", found(value="customers")), Forward)
    # now "customers" is somebody's name, and with a stand-in for it this would be a request of no tool
    refused = await asked(house, run, f"/v1/customers/{MAIL}")
    assert code(refused) is Code.INTERNAL
