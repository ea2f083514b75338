from __future__ import annotations

import base64
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisecops.controls.dlp.scan import FLOOR, fingerprint, scan
from aisecops.model.entities import GROUPS
from aisecops.model.finding import Finding
from aisecops.model.provenance import Span
from support.detectors import CANARY_VALUE, STRONG, every_detector
from support.samples import Random, card, mail, personal, secrets

KEY = b"a key for fingerprints"


def look(text: str, entities: frozenset[str] = STRONG, where: str = "body:/a") -> tuple[Finding, ...]:
    return scan([(where, text)], entities, every_detector(), KEY)


def covered(text: str, findings: tuple[Finding, ...]) -> dict[str, str]:
    return {finding.entity: text[finding.span.start : finding.span.end] for finding in findings}


@pytest.mark.parametrize("seed", range(10))
def test_a_text_full_of_everything_gives_everything(seed: int) -> None:
    chance = Random(seed)
    values = {**personal(chance), **dict(secrets(chance).values())}
    text = " ; ".join(values.values())
    found = covered(text, look(text))
    assert values.keys() <= found.keys()
    assert all(values[entity] in found[entity] or found[entity] in values[entity] for entity in values)


def test_only_what_was_asked_for_is_found() -> None:
    chance = Random(1)
    text = f"{card(chance)} {mail(chance)}"
    assert [finding.entity for finding in look(text, frozenset({"EMAIL_ADDRESS"}))] == ["EMAIL_ADDRESS"]


def test_the_word_secret_covers_every_secret() -> None:
    samples = secrets(Random(1))
    text = "\n".join(value for _, value in samples.values())
    assert {finding.entity for finding in look(text, frozenset({"SECRET"}))} == {e for e, _ in samples.values()}
    assert {entity for entity, _ in samples.values()} <= GROUPS["SECRET"]


def test_a_word_that_names_no_kind_is_turned_down() -> None:
    with pytest.raises(ValueError, match="CREDIT_CRD"):
        look("text", frozenset({"CREDIT_CRD"}))


def test_findings_come_in_the_order_of_parts_and_places() -> None:
    chance = Random(2)
    one, other = mail(chance), mail(chance)
    found = scan([("query:q", other), ("body:/a", f"{one} {other}")], STRONG, every_detector(), KEY)
    assert [(f.where, f.span) for f in found] == [
        ("query:q", Span(start=0, end=len(other))),
        ("body:/a", Span(start=0, end=len(one))),
        ("body:/a", Span(start=len(one) + 1, end=len(one) + 1 + len(other))),
    ]


def test_percent_dress_is_seen_through_and_the_whole_word_is_named() -> None:
    text = f"see to={quote(mail(Random(3)), safe='')} now"
    (finding,) = look(text)
    assert (finding.entity, finding.detector) == ("EMAIL_ADDRESS", "percent/presidio.email_address")
    assert text[finding.span.start : finding.span.end].startswith("to=")


@pytest.mark.parametrize("seed", range(5))
def test_base64_dress_is_seen_through_and_the_whole_run_is_named(seed: int) -> None:
    run = base64.b64encode(f"card {card(Random(seed))} of jane".encode()).decode()
    found = look(f"attachment {run} end")
    assert {"CREDIT_CARD": run.rstrip("=")} == {
        e: v.rstrip("=") for e, v in covered(f"attachment {run} end", found).items()
    }


def test_a_canary_is_seen_in_every_dress() -> None:
    for text in (
        CANARY_VALUE,
        quote(CANARY_VALUE).replace("-", "%2D"),
        base64.b64encode(b"xxxxxx" + CANARY_VALUE.encode()).decode(),
    ):
        assert [finding.entity for finding in look(text, frozenset({"CANARY"}))] == ["CANARY"]


def test_what_stands_plainly_is_not_reported_again_in_a_dress() -> None:
    address = mail(Random(4))
    (finding,) = look(f"mail={address}&x=%20")
    assert finding.detector == "presidio.email_address"


def test_a_value_that_stands_plainly_and_dressed_keeps_both_so_that_both_are_masked() -> None:
    address = mail(Random(4))
    text = f"{address},{quote(address, safe='')}"
    assert max(finding.span.end for finding in look(text)) == len(text)


def test_one_value_has_one_fingerprint_under_one_key() -> None:
    address = mail(Random(5))
    one, other = look(f"{address} and {address}")
    assert one.fingerprint == other.fingerprint == fingerprint(address, key=KEY)
    assert fingerprint(address, key=b"another") != one.fingerprint


def test_a_finding_never_holds_the_text() -> None:
    text = " ".join(value for _, value in secrets(Random(6)).values())
    shown = repr(look(text))
    assert not any(value in shown for _, value in secrets(Random(6)).values())


def test_nothing_unsure_is_a_finding() -> None:
    assert all(finding.confidence >= FLOOR for finding in look("order 219099998 " * 20))


def test_ordinary_text_gives_nothing() -> None:
    text = """def run(self, *args): return self.ge + args[0].x  # 2024-11-02T10:00:00Z, version 12.2.3
    {"id": "550e8400-e29b-41d4-a716-446655440000", "sha": "da39a3ee5e6b4b0d3255bfef95601890afd80709", "n": 1234567}
    import numpy as np; x[::2]; https://docs.example.com/path/to/page?id=12&lang=en see the manual, page 3 of 14."""
    assert look(text) == ()


@given(st.text(max_size=400))
def test_any_text_gives_findings_inside_it(text: str) -> None:
    assert all(0 <= f.span.start < f.span.end <= len(text) for f in look(text))
