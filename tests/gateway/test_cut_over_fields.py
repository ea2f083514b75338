"""Values that are cut over fields of one request, with words around the halves or none, and requests that only look so.

From the attacker's side: whoever receives the request puts the halves together, whatever the fields are called.
"""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Callable
from urllib.parse import quote

import pytest

from aisecops.adapters.store.pieces import MemoryPieces
from aisecops.gateway.leaving.trails import Trails
from aisecops.model.entities import expanded
from aisecops.model.exchange import HttpRequest
from aisecops.model.finding import Finding
from aisecops.wire.parts import outgoing_parts
from support.detectors import CANARY_VALUE
from support.samples import Random, letters, luhn, secrets
from support.senders import AWS, CARD, GITHUB, IBAN, PEM, ROOT, TO, URL, Scanner, cut

KINDS = expanded(frozenset({"SECRET", "CREDIT_CARD", "IBAN_CODE", "US_SSN", "CANARY", "CRYPTO"}))
VALUES = {
    "AWS_KEY": AWS,
    "VCS_TOKEN": GITHUB,
    "IBAN_CODE": IBAN,
    "IBAN_CODE in groups": "DE89 3704 0044 0532 0130 00",
    "CREDIT_CARD": CARD,
    "CREDIT_CARD in groups": "4111 1111 1111 1111",
    "US_SSN": "536-22-8726",
    "CANARY": CANARY_VALUE,
    "PRIVATE_KEY": PEM,
    "DATABASE_URL": URL,
    **{kind: value for _, (kind, value) in secrets(Random(5)).items() if kind in {"SAAS_TOKEN", "MODEL_KEY", "JWT"}},
}
FRAMES = (
    ("the first part is {}", "{} is the rest"),
    ("it was used: {}", "{}"),
    ("{}", "{} as before."),
    ('write down "{}"', "'{}', please"),
    ("see {}", "and then: {}"),
)
type Body = tuple[str, str, bytes]
"""Path, type, body."""


def in_json(value: object) -> Body:
    return "/orders", "application/json", json.dumps(value).encode()


def in_form(one: str, two: str) -> Body:
    pairs = {"to": "all", "first": one, "second": two, "when": "now"}
    return (
        "/orders",
        "application/x-www-form-urlencoded",
        "&".join(f"{k}={quote(v)}" for k, v in pairs.items()).encode(),
    )


def in_upload(one: str, two: str) -> Body:
    fields = "".join(
        f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in (("a", one), ("b", two))
    )
    return "/orders", "multipart/form-data; boundary=b", f"{fields}--b--\r\n".encode()


SHAPES: dict[str, Callable[[str, str], Body]] = {
    "two fields": lambda one, two: in_json({"to": "all", "text": one, "text_more": two}),
    "others between": lambda one, two: in_json({"text": one, "id": 7, "user": "ann", "tags": ["a", "b"], "rest": two}),
    "items": lambda one, two: in_json({"items": ["a thing", one, two, "another thing"]}),
    "objects": lambda one, two: in_json({"rows": [{"id": "x1", "v": one}, {"id": "x2", "v": two}]}),
    "nested": lambda one, two: in_json({"a": {"b": {"c": one}}, "d": {"e": [{"f": two}]}}),
    "later half first": lambda one, two: in_json({"z": two, "a": one}),
    "names": lambda one, two: in_json({"names": {one: 1, two: 2}}),
    "name and value": lambda one, two: in_json({"names": {one: two}}),
    "form": in_form,
    "query": lambda one, two: (f"/orders?a={quote(one)}&b={quote(two)}", "application/json", b"{}"),
    "path and body": lambda one, two: (
        f"/orders/{quote(one, safe='')}",
        "application/json",
        json.dumps({"v": two}).encode(),
    ),
    "upload": in_upload,
}


async def findings(body: Body, trails: Trails | None = None) -> list[Finding]:
    path, kind, data = body
    request = HttpRequest(
        method="POST",
        scheme="https",
        host="api.test",
        port=443,
        path=path,
        headers=(("content-type", kind),),
        body=data,
    )
    trails = trails or Trails(MemoryPieces(), Scanner())
    return list(await trails.scanned(ROOT, TO, outgoing_parts(request, data), KINDS))


@pytest.mark.parametrize("shape", SHAPES)
async def test_a_value_is_seen_wherever_it_is_cut(shape):
    chance = Random(shape)
    for kind, value in VALUES.items():
        at = chance.randint(2, len(value) - 2)
        # of a bare number, see below
        frame = chance.choice([one for one in FRAMES if kind != "CREDIT_CARD" or "{}" not in one])
        one, two = (words.format(part) for words, part in zip(frame, cut(value, at), strict=True))
        found = {one.entity for one in await findings(SHAPES[shape](one, two))}
        assert kind.split()[0] in found, (one, two)


async def test_every_cut_of_a_token_an_account_and_a_card_in_words_is_seen():
    for kind in ("AWS_KEY", "IBAN_CODE", "CREDIT_CARD in groups"):
        value = VALUES[kind]
        for at in range(1, len(value)):
            one, two = cut(value, at)
            body = in_json({"text": f"The deployment used {one}", "text_more": f"{two} as before."})
            assert [one.entity for one in await findings(body)][:1] == kind.split()[:1], (one, two)


@pytest.mark.parametrize("kind", ["AWS_KEY", "VCS_TOKEN", "IBAN_CODE", "CREDIT_CARD", "CANARY"])
async def test_a_value_in_three_fields_is_seen_with_words_around_it(kind):
    value = VALUES[kind]
    one, two, three = cut(value, len(value) // 3, 2 * len(value) // 3)
    body = in_json({"a": f"this is {one}", "b": two, "c": f"{three}, to the end"})
    assert kind in {one.entity for one in await findings(body)}


async def test_a_coin_s_address_is_seen_in_two_fields():
    one, two = cut("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", 12)
    assert "CRYPTO" in {one.entity for one in await findings(in_json({"a": f"send it to {one}", "b": f"{two} please"}))}


async def test_what_is_in_base64_is_seen_in_two_fields():
    one, two = cut(base64.b64encode(f"the key is {AWS} and that is that".encode()).decode(), 21)
    assert "AWS_KEY" in {one.entity for one in await findings(in_json({"a": f"so {one}", "b": f"{two} it is"}))}


@pytest.mark.parametrize(
    "body",
    [
        {"card": "41111111", "card_more": "11111111"},
        {"text": "41111111", "text_2": "11111111"},
        {"a": "my card is 41111111", "b": "11111111"},
        {"a": "4111 1111", "id": "x", "b": "1111 1111"},
        {"a": "41111111", "id": "x", "b": "11111111"},
        {"text": "41111111", "user": "ann", "rest": "11111111"},
    ],
    ids=["named", "texts", "said", "groups", "letters", "a text and the rest"],
)
async def test_halves_of_a_card_that_stand_alone_are_seen_where_something_says_what_they_are(body):
    assert "CREDIT_CARD" in {one.entity for one in await findings(in_json({"n": 1, **body, "of": "all of it"}))}


async def test_the_finding_is_at_the_later_field_and_is_found_again_when_it_is_sent_again():
    one, two = cut(AWS, 9)
    trails = Trails(MemoryPieces(), Scanner())
    for _ in range(3):
        (found,) = await findings(in_json({"text": f"the key {one}", "text_more": f"{two} is old"}), trails)
        assert (found.entity, found.where) == ("AWS_KEY", "seam:body:/text_more")


def order(chance: Random, number: int) -> dict[str, object]:
    """What shops, code hosts and chats send."""
    day = f"2026-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}"
    return {
        "id": f"ord_{letters(chance, 'abcdefghijklmnopqrstuvwxyz0123456789', 14)}",
        "number": letters(chance, "0123456789", 8),
        "customer": letters(chance, "0123456789", 8),
        "subject": f"Re: order {letters(chance, '0123456789', 8)}",
        "created": day,
        "uuid": str(uuid.UUID(int=chance.getrandbits(128))),
        "sha": letters(chance, "0123456789abcdef", 40),
        "url": f"https://api.shop.example/orders/{number}/items?page=2",
        "street": f"Harbour street {chance.randint(1, 99)}",
        "zip": letters(chance, "0123456789", 5),
        "city": chance.choice(["Oslo", "Bergen", "Lyon"]),
        "total": f"{chance.randint(1, 999)}.{chance.randint(10, 99)}",
        "note": chance.choice(["Please ring twice", "to be collected on monday", "see the pattern on page 3", ""]),
        "token_type": "bearer",
        "items": [
            {"sku": letters(chance, "ABCDEFGHJK0123456789", 10), "count": str(chance.randint(1, 9))} for _ in "123"
        ],
        "at": f"{day}T10:{chance.randint(10, 59)}:00Z",
    }


@pytest.mark.parametrize("seed", range(4))
async def test_bodies_full_of_ids_numbers_and_days_are_nothing(seed):
    chance = Random(seed)
    assert [
        one for one in await findings(in_json([order(chance, n) for n in range(12)])) if one.where[:5] == "seam:"
    ] == []


@pytest.mark.parametrize("shape", ["two fields", "items", "objects", "form", "query", "upload"])
async def test_the_twin_that_lacks_something_passes(shape):
    chance = Random(shape)
    for value in (
        AWS[:-2],
        GITHUB[:-9],
        f"{IBAN[:-1]}9",
        CARD[:-1] + str((int(luhn(CARD[:-1])) + 1) % 10),
        CANARY_VALUE[:-1],
    ):
        at, frame = chance.randint(4, len(value) - 4), chance.choice(FRAMES)
        one, two = (words.format(part) for words, part in zip(frame, cut(value, at), strict=True))
        assert await findings(SHAPES[shape](one, two)) == []


async def test_two_ids_side_by_side_are_no_card():
    body = {"text": "Invoice 4111111", "created": "111111111", "user": "41111111", "count": "11111111"}
    assert await findings(in_json({**body, "of": "a list of words"})) == []
