from __future__ import annotations

import json
from typing import Any

import pytest

from aisecops.controls.dlp.redact import covered, mask, with_fixed
from aisecops.controls.dlp.scan import scan
from aisecops.controls.dlp.written import WrittenBody
from aisecops.model.errors import Fault
from aisecops.model.finding import Finding, FindingAction, JudgedFinding
from aisecops.model.provenance import Span
from support.detectors import STRONG, every_detector
from support.samples import Random, card, mail


def finding(where: str, start: int, end: int, entity: str = "EMAIL_ADDRESS", confidence: float = 1.0) -> Finding:
    return Finding(entity=entity, where=where, span=Span(start=start, end=end), confidence=confidence, fingerprint="00")


def test_only_the_named_spans_change_and_every_other_byte_stays() -> None:
    body = b'{ "n":1.10, "big":123456789012345678901, "to" : "a@b.co and c@d.co", "same": "a@b.co", "e": 1E5}'
    masked = mask(body, [finding("body:/to", 11, 17), finding("body:/to", 0, 6)])
    assert masked == body.replace(b'"a@b.co and c@d.co"', b'"<EMAIL_ADDRESS> and <EMAIL_ADDRESS>"')


def test_deep_values_odd_keys_and_escapes_are_found() -> None:
    value: dict[str, Any] = {"a/b": [{"~": 'x "a@b.co" \n\u00e9 \U0001f600'}], "": "keep"}
    masked = json.loads(mask(json.dumps(value).encode(), [finding("body:/a~1b/0/~0", 3, 9)]))
    assert masked == {"a/b": [{"~": 'x "<EMAIL_ADDRESS>" \n\u00e9 \U0001f600'}], "": "keep"}


def test_overlapping_findings_are_masked_as_one_named_after_the_surest() -> None:
    body = b'{"t": "0123456789"}'
    found = [finding("body:/t", 0, 5, "PHONE_NUMBER", 0.4), finding("body:/t", 2, 8, "CREDIT_CARD", 1.0)]
    assert json.loads(mask(body, found)) == {"t": "<CREDIT_CARD>89"}


def test_a_text_body_is_masked_likewise() -> None:
    assert mask("für a@b.co, ok".encode(), [finding("body:", 4, 10)]) == "für <EMAIL_ADDRESS>, ok".encode()


def test_nothing_to_mask_changes_nothing() -> None:
    assert mask(b"\xff not text", []) == b"\xff not text"


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (b'{"a": "b"}', finding("body:/c", 0, 1)),
        (b'{"a": 4111}', finding("body:/a", 0, 4)),
        (b'{"a": "b"}', finding("body:/a", 0, 5)),
        (b'{"a": "b", "a": "b"}', finding("body:/a", 0, 1)),
        (b'{"a": "b"', finding("body:/a", 0, 1)),
        (b'"lone string"', finding("body:", 0, 3)),
        (b"\xff\xfe", finding("body:", 0, 1)),
        (b'{"a": "b"}', finding("query:q", 0, 1)),
        (b'{"a": "b"}', finding("body:/a", 1, 1)),
    ],
)
def test_a_finding_without_a_place_is_a_fault_and_nothing_is_let_through(body: bytes, found: Finding) -> None:
    with pytest.raises(Fault):
        mask(body, [found])


@pytest.mark.parametrize("seed", range(10))
def test_what_was_masked_is_no_longer_found(seed: int) -> None:
    chance = Random(seed)
    value = {"messages": [{"content": f"mail {mail(chance)} card {card(chance, ' ')} end {n}"} for n in range(5)]}
    parts = [(f"body:/messages/{n}/content", m["content"]) for n, m in enumerate(value["messages"])]
    found = scan(parts, STRONG, every_detector(), b"key")
    masked = json.loads(mask(json.dumps(value).encode(), found))
    assert scan([("body:", m["content"]) for m in masked["messages"]], STRONG, every_detector(), b"key") == ()
    assert [m["content"].split()[-1] for m in masked["messages"]] == [str(n) for n in range(5)]


def judged(one: Finding, action: FindingAction) -> JudgedFinding:
    return JudgedFinding(finding=one, action=action)


def test_where_nothing_can_be_put_in_its_place_a_finding_is_fixed() -> None:
    body = b'{"a": "a@b.co", "n": 4111111111111111}'
    text, number, query = finding("body:/a", 0, 6), finding("body:/n", 0, 16), finding("query:q", 0, 6)
    assert [one.fixed for one in with_fixed([text, number, query], WrittenBody(body))] == [False, True, False]


@pytest.mark.parametrize("where", ["body:", "form:note", "upload:note:"])
def test_in_a_body_that_cannot_be_written_all_is_fixed(where: str) -> None:
    assert [one.fixed for one in with_fixed([finding(where, 0, 6)], None)] == [True]


def test_findings_that_overlap_are_one_and_the_stricter_action_counts() -> None:
    written = WrittenBody(b'{"t": "0123456789"}')
    one = judged(finding("body:/t", 0, 5, "PHONE_NUMBER", 0.4), FindingAction.PSEUDONYMISE)
    two = judged(finding("body:/t", 2, 8, "CREDIT_CARD", 1.0), FindingAction.MASK)
    (together,) = covered(written, [one, two])
    assert (together.entity, together.action, together.marker) == ("CREDIT_CARD", FindingAction.MASK, "<CREDIT_CARD>")
    assert written.reads(together.span) == "01234567"
