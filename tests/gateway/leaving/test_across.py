"""Values that are cut over several receivers within one tree, and what only looks so."""

from __future__ import annotations

import base64
import secrets
import uuid

import pytest

from aisecops.adapters.store.pieces import MemoryPieces
from aisecops.controls.dlp.halves import HALVES_KEPT, MOST_NEW, half_of
from aisecops.gateway.leaving import across as module
from aisecops.model.ids import RunId
from aisecops.model.piece import piece_of
from support.detectors import CANARY_VALUE
from support.senders import AWS, CARD, GITHUB, PEM, Sender, cut

ONE, OTHER = ("api.one.test", 443), ("hooks.other.example", 443)


async def apart(first: str, second: str, **how):
    """What is found when each is told to a receiver of its own."""
    sender = Sender(**how)
    assert await sender.send(first, to=ONE) == []
    return [(one.entity, one.where) for one in await sender.send(second, to=OTHER, at="query:q")]


@pytest.mark.parametrize("value", [AWS, GITHUB, CANARY_VALUE], ids=["aws", "github", "canary"])
@pytest.mark.parametrize("workers", [1, 2])
async def test_half_to_one_host_and_half_to_another_is_found_whichever_goes_first(value, workers):
    for first, second in (cut(value, len(value) // 2), cut(value, len(value) // 2)[::-1]):
        assert [where for _, where in await apart(first, second, workers=workers)] == ["seam:query:q"]


async def test_two_places_of_different_names_at_one_receiver_are_two_of_them_too():
    first, second = cut(GITHUB, 18)
    sender = Sender()
    assert await sender.send(first, at="body:/left", to=ONE) == []
    assert [one.where for one in await sender.send(second, at="query:right", to=ONE)] == ["seam:query:right"]


async def test_words_before_a_half_hide_nothing():
    first, second = cut(GITHUB, 18)
    assert await apart(f"please keep this: {first}", f"key={second} and thanks") == [("VCS_TOKEN", "seam:query:q")]


async def test_what_was_refused_is_refused_again_and_is_no_part_of_anything():
    first, second = cut(GITHUB, 18)
    sender = Sender()
    await sender.send(first, to=ONE)
    for _ in range(3):
        assert await sender.send(second, to=OTHER)
    assert await sender.send("weather", to=OTHER) == []


async def test_another_tree_is_another_sender():
    first, second = cut(AWS, 10)
    sender = Sender()
    await sender.send(first, to=ONE)
    assert await sender.send(second, to=OTHER, root=RunId("run_2")) == []


async def test_a_worker_that_has_forgotten_the_tree_reads_it_again(monkeypatch):
    monkeypatch.setattr(module, "TREES_KEPT", 1)
    first, second = cut(AWS, 10)
    sender = Sender()
    await sender.send(first, to=ONE)
    await sender.send("a1b2c3d4-XyZ9", to=ONE, root=RunId("run_2"))
    assert await sender.send(second, to=OTHER)


@pytest.mark.parametrize(
    ("one", "two"), [("{}...", "...{}"), ("\u201c{}\u201d", "\u201c{}\u201d"), ("<p>{}</p>", "-{}")]
)
async def test_marks_around_the_halves_are_no_part_of_them(one, two):
    first, second = cut(AWS, 10)
    sender = Sender()
    await sender.send(f"the key {one.format(first)}", to=ONE)
    assert await sender.send(f"{two.format(second)} is the rest", to=OTHER)


async def test_ids_of_all_sorts_told_to_all_sorts_of_hosts_are_nothing():
    sender = Sender()
    for _ in range(6):
        texts = [str(uuid.uuid4()), secrets.token_hex(12), secrets.token_urlsafe(15), "2026-11-27T10:00:00Z"]
        texts += [base64.b32encode(secrets.token_bytes(10)).decode(), f"cust_{secrets.randbelow(10**6)}"]
        for to in (ONE, OTHER, ("third.test", 443)):
            assert await sender.send(*texts, at="body:/N", to=to) == []


async def test_a_request_full_of_ids_does_not_grow_what_is_kept():
    store = MemoryPieces()
    sender = Sender(store)
    await sender.send(*(secrets.token_urlsafe(15) for _ in range(200)), at="body:/N", to=ONE)
    ((_, kept),) = await store.newer(RunId("run_1"), module.EVERYWHERE, 0)
    assert len(kept) <= MOST_NEW < HALVES_KEPT


@pytest.mark.parametrize("text", ["weather", "How are you today?", str(uuid.UUID(int=7)), "2026-11-27", "42", CARD])
def test_words_numbers_and_ids_are_no_halves(text):
    assert half_of(piece_of("one.test:443", text), planted=False) is None


@pytest.mark.parametrize("text", [*cut(AWS, 10), *cut(GITHUB, 18), PEM])
def test_parts_of_secrets_may_be(text):
    assert half_of(piece_of("one.test:443", text), planted=False) is not None


def test_where_exact_values_are_looked_for_any_word_that_stands_alone_may_be():
    assert half_of(piece_of("one.test:443", "heron-"), planted=True) is not None
    assert half_of(piece_of("one.test:443", "the heron is a bird"), planted=True) is None
