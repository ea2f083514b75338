"""Values that are cut over several texts on their way to one place, and texts that only look so."""

from __future__ import annotations

import asyncio
import base64

import pytest

from aisecops.adapters.store.pieces import MemoryPieces
from aisecops.gateway.leaving import trail
from aisecops.gateway.leaving import trails as module
from aisecops.gateway.leaving.trails import MAX_TEXTS, Trails
from aisecops.model.errors import StoreError
from aisecops.model.ids import RunId
from support.detectors import CANARY_VALUE
from support.packing import word
from support.senders import AWS, CARD, GITHUB, IBAN, KINDS, PEM, ROOT, TO, URL, Scanner, Sender, cut

WHOLE = {"AWS_KEY": AWS, "VCS_TOKEN": GITHUB, "IBAN_CODE": IBAN, "CANARY": CANARY_VALUE, "DATABASE_URL": URL}


@pytest.mark.parametrize(("kind", "value"), WHOLE.items())
@pytest.mark.parametrize("share", [0.3, 0.5, 0.6])
async def test_a_value_in_two_requests_is_seen_with_the_second(kind, value, share):
    halves = cut(value, round(len(value) * share))
    assert await Sender().all(*halves) == [kind]


@pytest.mark.parametrize("where", ["body:", "query:q", "form:note", "path:1", "header:x-note", "host:", "upload:f"])
async def test_it_is_seen_wherever_it_stands(where):
    assert await Sender().all(*cut(AWS, 9), at=where) == ["AWS_KEY"]


async def test_it_is_seen_with_words_around_it_and_a_name_before_each_part():
    one, two = cut(AWS, 9)
    assert await Sender().all(f"first part: {one}", f"second part: {two}") == ["AWS_KEY"]
    assert await Sender().all(f'as promised, the key begins with "{one}",', f"{two} is how it goes on.") == ["AWS_KEY"]
    assert await Sender().all(f"k1={one}", f"k2={two}") == ["AWS_KEY"]


async def test_it_is_seen_letter_by_letter():
    assert await Sender().all(*AWS) == ["AWS_KEY"]
    assert await Sender().all(*CANARY_VALUE) == ["CANARY"]


async def test_it_is_seen_in_base64_of_the_whole():
    dressed = base64.b64encode(f"the key is {AWS} and that is that".encode()).decode()
    assert "AWS_KEY" in await Sender().all(*cut(dressed, 21))


async def test_it_is_seen_behind_other_texts_and_with_the_later_half_first():
    one, two = cut(GITHUB, 17)
    assert await Sender().all(one, "what is the weather in Oslo today", "and tomorrow", two) == ["VCS_TOKEN"]
    assert await Sender().all(two, one) == ["VCS_TOKEN"]


async def test_the_head_of_a_private_key_is_seen_across_a_seam():
    assert await Sender().all(*cut(PEM, 16)) == ["PRIVATE_KEY"]


@pytest.mark.parametrize(
    "pieces",
    [
        ("4012 8888", "8888 1881"),
        ("40128888", "88881881"),
        ("4012", "8888", "8888", "1881"),
        ("my card is 4012 8888", "8888 1881, until 12/31"),
        tuple(CARD),
    ],
    ids=["groups", "halves", "fours", "words", "digits"],
)
async def test_a_card_is_seen_where_texts_of_any_sort_are_said(pieces):
    assert await Sender().all(*pieces) == ["CREDIT_CARD"]


@pytest.mark.parametrize("at", ["body:/customer_id", "path:2", "query:id", "body:/rows/N/number"])
async def test_numbers_that_name_things_are_no_cards(at):
    assert await Sender().all("40128888", "88881881", at=at) == []


async def test_messages_of_one_request_are_read_as_one():
    one, two = cut(AWS, 9)
    found = await Sender().send("be kind", one, two, at="body:/messages/N/content")
    assert [(one.entity, one.where) for one in found] == [("AWS_KEY", "seam:body:/messages/2/content")]
    both = [("body:/messages/0/content", one), ("body:/messages/1/content/0/text", two)]
    found = list(await Trails(MemoryPieces(), Scanner()).scanned(ROOT, TO, both, KINDS))
    assert [one.entity for one in found] == ["AWS_KEY"]


async def test_the_finding_is_known_by_the_value_and_holds_nothing_of_it():
    sender = Sender()
    (whole,) = await sender.send(AWS, root=RunId("run_9"))
    one, two = cut(AWS, 9)
    await sender.send(one)
    (found,) = await sender.send(two)
    assert found.fingerprint == whole.fingerprint
    assert one not in repr(found)
    assert two not in repr(found)


async def test_another_tree_has_said_nothing():
    sender = Sender()
    one, two = cut(AWS, 9)
    assert await sender.send(one) == []
    assert await sender.send(two, root=RunId("run_2")) == []
    assert [found.entity for found in await sender.send(two)] == ["AWS_KEY"]


async def test_names_below_one_domain_are_one_receiver():
    sender = Sender()
    one, two = cut(AWS, 9)
    assert await sender.send(one, to=("a.evil.test", 443)) == []
    assert await sender.send(two, to=("b.evil.test", 443)) != []


async def test_every_worker_knows_what_went_through_another():
    for workers in (2, 3):
        assert await Sender(workers=workers).all(*cut(GITHUB, 9, 25)) == ["VCS_TOKEN"]
        assert await Sender(workers=workers).all(*AWS) == ["AWS_KEY"]


@pytest.mark.parametrize("parts", [cut(AWS, 9), [*AWS], ["4012 8888", "8888 1881"], [*CARD]], ids=range(4))
async def test_a_refused_part_is_refused_again_however_often_it_comes(parts):
    sender = Sender(workers=2)
    *before, last = parts
    for part in before:
        assert await sender.send(part) == []
    for _ in range(20):
        assert await sender.send(last) != []


async def test_of_two_halves_at_once_one_is_seen():
    store = MemoryPieces()
    one, two = (Trails(store, Scanner()) for _ in range(2))
    first, second = cut(AWS, 9)
    said = await asyncio.gather(
        one.scanned(ROOT, TO, [("body:/text", first)], KINDS), two.scanned(ROOT, TO, [("body:/text", second)], KINDS)
    )
    assert sum(map(len, said)) >= 1


BENIGN = {
    "prose": ["Please find the report attached.", "Thanks, I will read it tonight.", "Anything else?"],
    "ids": ["cus_9s6XKzkNRiz8i3", "cus_QZ1c8Pq0aXv2Lm", "ord_8f2k1m5x9q"],
    "uuids": ["6f9619ff-8b86-4011-b42d-00cf4fc964ff", "f47ac10b-58cc-4372-a567-0e02b2c3d479"],
    "twin": [AWS[:9], AWS[9:-1]],
    "links": ["https://acme.test", "mailto:ann@acme.test"],
    "numbers": ["48291034", "11223344", "77120934"],
    "words": ["open", "closed", "AKIA", "pending"],
    "hashes": ["da39a3ee5e6b4b0d3255bfef95601890afd80709", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4"],
    "dates": ["2026-11-27", "2026-11-28", "2026-12-01"],
}


@pytest.mark.parametrize("texts", BENIGN.values(), ids=BENIGN)
async def test_the_benign_twin_passes(texts):
    assert await Sender().all(*texts) == []
    assert await Sender().send(*texts, at="body:/rows/N/value") == []


async def test_what_one_half_says_alone_is_judged_there_alone():
    sender = Sender()
    (alone,) = await sender.send(f"{GITHUB} and more", at="body:/note")
    assert alone.where == "body:/note"
    assert await sender.send("x1 goes on", at="body:/note") == []


async def test_a_resent_history_is_held_against_others_once():
    sender = Sender()
    history = [f"message number {number} of a long talk about boats" for number in range(30)]
    for turn in range(1, len(history) + 1):
        await sender.send(*history[:turn], at="body:/messages/N/content")
    asked = [text for text in sender.scanner.asked if text not in history]
    assert 0 < len(asked) < 3 * len(history)


async def test_of_very_many_texts_the_first_and_the_last_are_held_against_others():
    sender = Sender()
    many = [f"row {number} of the table" for number in range(4 * MAX_TEXTS)]
    one, two = cut(AWS, 9)
    assert await sender.send(*many, one, at="body:/rows/N/name") == []
    assert await sender.send(two, *many, at="body:/rows/N/name") != []


async def test_without_a_store_nothing_is_known_and_nothing_leaves(monkeypatch):
    store = MemoryPieces()

    async def down(*_, **__):
        raise StoreError("down")

    monkeypatch.setattr(store, "say", down)
    with pytest.raises(StoreError):
        await Sender(store).send(AWS[:9])


async def test_nothing_is_kept_where_no_rule_asks_for_a_kind_that_can_be_cut():
    store = MemoryPieces()
    worker = Trails(store, Scanner())
    await worker.scanned(ROOT, TO, [("body:/text", "half of it")], frozenset({"EMAIL_ADDRESS"}))
    assert await worker.scanned(ROOT, TO, [("body:/text", AWS)], frozenset()) == ()
    assert await store.newer(ROOT, "api.test:443", 0) == []


async def test_files_in_texts_of_their_own_are_not_read_as_one_broken_file():
    one, two = (base64.b64encode(word(text)).decode() for text in ("the tide", "the crane"))
    assert await Sender().all(one, two, f"see {one} and answer", f"see {two}") == []
    assert await Sender().send(one, two, at="body:/files/N") == []


async def test_credentials_in_their_headers_are_no_pieces():
    assert await Sender().all(*cut(AWS, 9), at="header:authorization") == []


async def test_places_and_trails_are_forgotten_when_there_are_too_many(monkeypatch):
    monkeypatch.setattr(module, "TRAILS_KEPT", 2)
    monkeypatch.setattr(trail, "MAX_PLACES", 2)
    monkeypatch.setattr(trail, "_TEXTS_KNOWN", 2)
    sender = Sender()
    one, two = cut(AWS, 9)
    await sender.send(one)
    for number in range(5):
        await sender.send("something else", to=(f"h{number}.test{number}", 443))
    assert await sender.send(two) != []  # read again from the store
    for name in "abc":
        await sender.send(one, at=f"body:/{name}")
    assert await sender.send(two, at="body:/c") != []


async def test_what_a_protocol_says_itself_is_not_kept_and_a_value_in_its_place_is_seen():
    pieces = MemoryPieces()
    trails = Trails(pieces, Scanner())
    said = [("body:/messages/0/role", "user"), ("body:/messages/0/content/0/type", "text")]
    await trails.scanned(ROOT, TO, said, KINDS)
    assert list(await pieces.newer(ROOT, "llm.example:443", 0)) == []
    assert await Sender().all(*cut(AWS, 9), at="body:/messages/0/role") == ["AWS_KEY"]
    assert await Sender().all(*AWS, at="body:/parts/0/type") == ["AWS_KEY"]
