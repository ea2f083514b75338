from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from aisecops.adapters.store.content import MemoryContent, SqliteContent
from aisecops.gateway.origins import known as known_module
from aisecops.gateway.origins.known import KnownAgain
from aisecops.gateway.origins.vouched import Vouched
from aisecops.model.ids import RunId
from aisecops.model.provenance import TrustTier
from support.origins import origin

SECRET = b"a secret for tests, 32 bytes long"
ROOT, OTHER = RunId("run_1"), RunId("run_2")
PAGE = "The committee met on Tuesday and reviewed the draft of the report about the harbour and its cranes"


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteContent]:
    opened = SqliteContent(tmp_path / "store.sqlite")
    yield opened
    await opened.close()


async def test_what_one_process_has_read_another_knows_again(store: SqliteContent) -> None:
    one, other = KnownAgain(store, SECRET), KnownAgain(store, SECRET)
    await one.learn(origin("prv_1", root_run_id=ROOT), [PAGE])
    ((found,),) = await other.recognise(OTHER, [f"it says: {PAGE[:80]}"])
    assert found.origin.origin_id == "prv_1"
    _, untrusted = await other.sayings(ROOT)
    assert untrusted.holds("harbour")
    one.close()
    other.close()


async def test_it_is_known_again_after_a_restart(tmp_path: Path) -> None:
    for round_number in range(2):
        store = SqliteContent(tmp_path / "store.sqlite")
        again = KnownAgain(store, SECRET)
        if round_number == 0:
            await again.learn(origin("prv_1", root_run_id=ROOT), [PAGE], Vouched(fields=("bob@corp.test",)))
        else:
            assert (await again.recognise(OTHER, [PAGE]))[0]
            trusted, untrusted = await again.sayings(ROOT)
            assert trusted.holds("bob@corp.test")
            assert not untrusted.holds("bob@corp.test")
        again.close()
        await store.close()


async def test_words_of_one_tree_are_no_words_of_another() -> None:
    again = KnownAgain(MemoryContent(), SECRET)
    await again.heard(ROOT, trusted=[("mail bob@corp.test", [])], untrusted=[])
    trusted, untrusted = await again.sayings(OTHER)
    assert not trusted.holds("bob@corp.test")
    assert len(untrusted.said) == 0
    again.close()


async def test_words_of_a_tree_that_was_put_away_are_read_again(
    store: SqliteContent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(known_module, "TREES_KEPT", 2)
    again = KnownAgain(store, SECRET)
    await again.heard(
        ROOT, trusted=[("bob@corp.test", [])], untrusted=[("mallory@evil.test", "prv_1", "https://page.test")]
    )
    for number in range(5):
        await again.heard(RunId(f"run_x{number}"), trusted=[("something else", [])], untrusted=[])
    trusted, untrusted = await again.sayings(ROOT)
    assert trusted.holds("bob@corp.test")
    assert untrusted.holds("mallory@evil.test")
    assert await again.named_in(ROOT, ["mallory@evil.test"]) == ("prv_1", "https://page.test")
    again.close()


async def test_what_was_said_before_it_came_in_elsewhere_stays_the_speakers_own_in_that_tree() -> None:
    again = KnownAgain(MemoryContent(), SECRET)
    assert await again.recognise(ROOT, [PAGE]) == [()]
    await again.learn(origin("prv_1", root_run_id=OTHER), [PAGE])
    assert await again.recognise(ROOT, [PAGE]) == [()]
    assert await again.recognise(OTHER, [PAGE]) != [()]
    again.close()


@pytest.mark.parametrize("tier", [TrustTier.USER, TrustTier.OPERATOR])
async def test_a_tool_that_speaks_for_the_user_is_trusted_as_the_user_is(tier: TrustTier) -> None:
    again = KnownAgain(MemoryContent(), SECRET)
    await again.learn(origin("prv_1", tier, root_run_id=ROOT), ["mail bob@corp.test"])
    trusted, untrusted = await again.sayings(ROOT)
    assert trusted.holds("bob@corp.test")
    assert len(untrusted.said) == 0
    again.close()


async def test_content_without_text_is_nobodys() -> None:
    store = MemoryContent()
    again = KnownAgain(store, SECRET)
    await again.learn(origin("prv_1", root_run_id=ROOT), [])
    assert await store.newer(0) == (0, [])
    again.close()
