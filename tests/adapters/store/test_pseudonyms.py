"""Stand-ins on disk: what is in the file, who can read it, how long it is there."""

from __future__ import annotations

from pathlib import Path

import pytest

from aisecops.adapters.store.pseudonyms import SqlitePseudonyms
from aisecops.model.errors import StoreError
from aisecops.model.ids import RunId
from aisecops.model.stand_in import Given, StandIn

ROOT = RunId("run_1")
VALUE, TEXT = "ann.neil@corp-mail.com", "k7xm2q9dta@mail.example"
ONE = Given(run_id=ROOT, to="api.test:443", stand_in=StandIn(entity="EMAIL_ADDRESS", value=VALUE, text=TEXT))


def opened(folder: Path, key: bytes = b"k" * 32, **more: int) -> SqlitePseudonyms:
    return SqlitePseudonyms(folder / "store.sqlite", key, **more)


def bytes_in(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.iterdir())


async def test_it_outlives_the_process_and_nothing_of_it_can_be_read_in_the_files(tmp_path: Path) -> None:
    store = opened(tmp_path)
    await store.keep(ROOT, [ONE])
    written = bytes_in(tmp_path)
    await store.close()
    written += bytes_in(tmp_path)
    assert VALUE.encode() not in written
    assert TEXT.encode() not in written
    again = opened(tmp_path)
    assert list((await again.newer(ROOT, 0))[1]) == [ONE]
    await again.close()


async def test_another_key_opens_nothing_and_says_so(tmp_path: Path) -> None:
    store = opened(tmp_path)
    await store.keep(ROOT, [ONE])
    await store.close()
    stranger = opened(tmp_path, b"j" * 32)
    with pytest.raises(StoreError, match="key"):
        await stranger.newer(ROOT, 0)
    await stranger.close()


async def test_two_processes_see_each_other(tmp_path: Path) -> None:
    one, two = opened(tmp_path), opened(tmp_path)
    await one.keep(ROOT, [ONE])
    assert list((await two.newer(ROOT, 0))[1]) == [ONE]
    await two.forget(ROOT)
    assert list((await one.newer(ROOT, 0))[1]) == []
    await one.close()
    await two.close()


async def test_a_tree_that_never_said_it_ended_is_forgotten_in_time(tmp_path: Path) -> None:
    store = opened(tmp_path, kept_ms=-1)
    await store.keep(ROOT, [ONE])
    await store.keep(RunId("run_2"), [ONE])
    assert list((await store.newer(ROOT, 0))[1]) == []
    await store.close()


def test_a_stand_in_prints_neither_itself_nor_what_it_stands_for() -> None:
    assert VALUE not in repr(ONE.stand_in)
    assert TEXT not in repr(ONE.stand_in)
