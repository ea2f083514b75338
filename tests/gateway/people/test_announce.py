import asyncio

from aisecops.adapters.store.memory import MemoryStore
from aisecops.gateway.people.announce import BACKOFF_MS, Announcements
from aisecops.model.ids import ApprovalId
from aisecops.model.people import AnnounceRule
from aisecops.model.place import Place
from support.gateway import SetClock

HOOK = AnnounceRule(url="https://hooks.test/secret-path", place=Place(file="rules.yaml", line=1))
ONE = ApprovalId("apr_1")


async def test_of_many_who_look_at_once_one_tries():
    said = Announcements(MemoryStore(), SetClock())
    assert sorted(await asyncio.gather(*(said.due(ONE, HOOK) for _ in range(8)))) == [False] * 7 + [True]


async def test_a_try_that_was_not_taken_is_made_again_later_and_later():
    clock = SetClock()
    said = Announcements(MemoryStore(), clock)
    for wait_ms in (*BACKOFF_MS, BACKOFF_MS[-1]):
        assert await said.due(ONE, HOOK)
        clock.ms += wait_ms - 1
        assert not await said.due(ONE, HOOK)
        clock.ms += 1


async def test_what_was_taken_is_not_said_again_by_anybody():
    clock, store = SetClock(), MemoryStore()
    first = Announcements(store, clock)
    await first.due(ONE, HOOK)
    await first.done(ONE, HOOK)
    clock.ms += 10**9
    assert not await Announcements(store, clock).due(ONE, HOOK)
    other = AnnounceRule(url="https://hooks.test/other", place=HOOK.place)
    assert await Announcements(store, clock).due(ONE, other)
