"""What others add is read once and in order; what one adds alone is not read again; a step looks once."""

from __future__ import annotations

import asyncio

import pytest

from aisecops.adapters.store.content import MemoryContent
from aisecops.adapters.store.provisos import held_if_so
from aisecops.gateway.origins.additions import MOST_GUESSED, Additions, one_look
from aisecops.gateway.ports import KNOWN_AT_ONCE
from aisecops.gateway.resting import Rests
from aisecops.model.errors import Moved, StoreError
from aisecops.model.ids import RunId
from aisecops.model.known import ProposedWords
from support.gateway import RULES, House, request

ROOT = RunId("run_1")


def words(key: str) -> ProposedWords:
    return ProposedWords(root_run_id=RunId("run_1"), key=key)


class Asked(MemoryContent):
    """Counts how often it is asked what is new."""

    def __init__(self) -> None:
        super().__init__()
        self.looks = 0
        self.is_down = False

    async def newer(self, after):
        self.looks += 1
        if self.is_down:
            raise StoreError("down")
        return await super().newer(after)


@pytest.fixture
def store():
    return Asked()


def reader(store):
    heard = []

    async def take(known):
        heard.extend(one.key for one in known)

    return Additions(store, take), heard


async def test_what_others_add_is_read_once_and_in_order(store):
    additions, heard = reader(store)
    await store.keep(words("a"), words("b"))
    await additions.read()
    await store.keep(words("c"))
    await additions.read()
    await additions.read()
    assert heard == ["a", "b", "c"]


async def test_what_one_adds_alone_is_not_read_again(store):
    additions, heard = reader(store)
    await additions.keep([words("mine")])
    await additions.read()
    assert heard == []


async def test_what_another_adds_between_is_read_with_all_behind_it(store):
    additions, heard = reader(store)
    await store.keep(words("theirs"))
    await additions.keep([words("mine")])
    await additions.read()
    assert heard == ["theirs", "mine"]


async def test_a_step_looks_once_and_the_next_one_again(store):
    additions, heard = reader(store)
    with one_look():
        await additions.read()
        await store.keep(words("later"))
        await additions.read()
    assert (store.looks, heard) == (1, [])
    with one_look():
        await additions.read()
    assert heard == ["later"]


async def test_a_look_that_failed_is_none(store):
    additions, heard = reader(store)
    await store.keep(words("a"))
    with one_look():
        store.is_down = True
        with pytest.raises(StoreError):
            await additions.read()
        store.is_down = False
        await additions.read()
    assert heard == ["a"]


async def test_who_goes_on_after_the_step_looks_anew(store):
    additions, heard = reader(store)
    may_go = asyncio.Event()

    async def goes_on():
        await may_go.wait()
        await additions.read()

    with one_look():
        await additions.read()
        task = asyncio.create_task(goes_on())
        await asyncio.sleep(0)
    await store.keep(words("a"))
    may_go.set()
    await task
    assert heard == ["a"]


async def test_the_values_of_a_call_are_held_against_one_look_however_many_they_are(monkeypatch):
    house = House(RULES)
    run = await house.run()
    token = await house.token(run, "db.write", "db.orders.7")
    looks = []
    newer = house.content.newer

    async def counted(after):
        looks.append(after)
        return await newer(after)

    monkeypatch.setattr(house.content, "newer", counted)
    body = {"to": "ann@corp.test", "pay": "4407 1189 2203", "place": "https://shop.corp.test/in"}
    await house.ask(run, request("POST", "https://db.internal/orders/7", body=body, token=token))
    assert len(looks) == 1


async def test_a_step_that_may_rest_on_what_is_at_hand_asks_nothing_until_it_must(store):
    additions, heard = reader(store)
    await store.keep(words("theirs"))
    with one_look(ROOT, rests := Rests()):
        await additions.read()
        assert (store.looks, bool(rests)) == (0, True)
        assert await additions.guessing(MOST_GUESSED) is not None
        assert await additions.guessing(MOST_GUESSED + 1) is None
        assert (store.looks, heard) == (1, ["theirs"])
        assert await additions.guessing(1) is None, "it has asked"


async def test_what_a_step_adds_is_added_with_its_charge_and_known_from_then_on(store):
    additions, heard = reader(store)
    done = []
    with one_look(ROOT, rests := Rests()):
        await additions.read()
        additions.add([words("mine")], lambda: done.append(True))
    assert (heard, await store.newer(0)) == ([], (0, []))
    await store.keep(words("theirs"))
    with pytest.raises(Moved):
        held_if_so(rests.provided())
    assert (heard, done) == ([], [])
    with one_look(ROOT, rests := Rests()):
        await additions.ask()
        additions.add([words("mine")], lambda: done.append(True))
    await rests.came_true(held_if_so(rests.provided()))
    assert (heard, done) == (["theirs", "mine"], [True])
    await additions.read()
    assert heard == ["theirs", "mine"]


async def test_what_is_added_elsewhere_than_in_such_a_step_is_added_at_once(store):
    additions, _ = reader(store)
    with one_look(ROOT, rests := Rests()):
        assert additions.with_charge
    assert not rests
    with one_look():
        assert not additions.with_charge
    assert not additions.with_charge


async def test_what_is_told_with_the_charge_is_not_read_again(store):
    additions, heard = reader(store)
    await store.keep(words("theirs"))
    with one_look(ROOT, rests := Rests()):
        await additions.read()
    await rests.came_true([await store.newer(0)])
    assert heard == ["theirs"]
    await additions.read()
    assert heard == ["theirs"]


async def test_what_was_told_instead_of_a_charge_is_all_there_is_or_must_be_asked_for(store):
    additions, heard = reader(store)
    with one_look(ROOT, rests := Rests()):
        await additions.read()
    await rests.moved([(1, [words("theirs")])])
    assert (rests.is_read, heard) == (True, ["theirs"])
    for told in (None, (KNOWN_AT_ONCE, [words(str(number)) for number in range(KNOWN_AT_ONCE)])):
        with one_look(ROOT, rests := Rests()):
            await additions.read()
        await rests.moved([told])
        assert not rests.is_read


async def test_what_this_process_adds_is_nothing_that_a_step_of_its_own_must_be_held_against(store):
    additions, _ = reader(store)
    with one_look(ROOT, rests := Rests()):
        await additions.read()
    await additions.keep([words("mine")])
    held_if_so(rests.provided())
    with one_look(ROOT, rests := Rests()):
        await additions.read()
    await store.keep(words("theirs"))
    await additions.keep([words("mine too")])
    with pytest.raises(Moved):
        held_if_so(rests.provided())
    await additions.read()
    with pytest.raises(Moved):
        held_if_so(rests.provided())  # known here now, and not when it was looked at
