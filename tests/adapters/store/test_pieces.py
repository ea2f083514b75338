"""Pieces on disk: what is in the file, who can read it, how long it is there."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from aisecops.adapters.store.pieces import MAX_REQUESTS, SqlitePieces
from aisecops.model.errors import StoreError
from aisecops.model.ids import RunId
from aisecops.model.piece import Piece

ROOT = RunId("run_1")
TO = "collect.test:443"
HALF = Piece(place="body:/text", head="half-of-a-value-" * 4)


def opened(folder: Path, key: bytes = b"k" * 32, **more: int) -> SqlitePieces:
    return SqlitePieces(folder / "store.sqlite", key, **more)


def bytes_in(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.iterdir())


async def test_they_outlive_the_process_and_nothing_of_them_can_be_read_in_the_files(tmp_path: Path) -> None:
    store = opened(tmp_path)
    await store.say(ROOT, TO, [HALF], after=0)
    written = bytes_in(tmp_path)
    await store.close()
    written += bytes_in(tmp_path)
    assert HALF.head.encode() not in written
    assert TO.encode() not in written
    again = opened(tmp_path)
    ((_, said),) = await again.newer(ROOT, TO, 0)
    assert list(said) == [HALF]
    await again.close()


async def test_another_key_opens_nothing_and_says_so(tmp_path: Path) -> None:
    store = opened(tmp_path)
    await store.say(ROOT, TO, [HALF], after=0)
    await store.close()
    stranger = opened(tmp_path, b"j" * 32)
    assert list(await stranger.newer(ROOT, TO, 0)) == []  # it does not even know the receiver
    with closing(sqlite3.connect(tmp_path / "store.sqlite")) as raw, raw:
        raw.execute("UPDATE pieces SET receiver = ?", (stranger._seal.receiver(TO),))
    with pytest.raises(StoreError, match="key"):
        await stranger.newer(ROOT, TO, 0)
    await stranger.close()


async def test_two_processes_see_each_other(tmp_path: Path) -> None:
    one, two = opened(tmp_path), opened(tmp_path)
    await one.say(ROOT, TO, [HALF], after=0)
    assert len(await two.newer(ROOT, TO, 0)) == 1
    await two.forget(ROOT)
    assert list(await one.newer(ROOT, TO, 0)) == []
    await one.close()
    await two.close()


async def test_what_is_old_does_not_count_and_is_gone_with_the_next(tmp_path: Path) -> None:
    store = opened(tmp_path)
    await store.say(ROOT, TO, [HALF], after=0)
    await store.close()
    late = opened(tmp_path, kept_ms=-1)
    assert list(await late.newer(ROOT, TO, 0)) == []
    await late.say(RunId("run_2"), TO, [HALF], after=0)
    await late.close()
    again = opened(tmp_path)
    assert list(await again.newer(ROOT, TO, 0)) == []
    await again.close()


async def test_of_many_requests_the_last_are_kept(tmp_path: Path) -> None:
    store = opened(tmp_path)
    places = [(await store.say(ROOT, TO, [HALF], after=n))[0] for n in range(MAX_REQUESTS + 40)]
    kept = [place for place, _ in await store.newer(ROOT, TO, 0)]
    assert kept == places[-len(kept) :]
    assert MAX_REQUESTS <= len(kept) < MAX_REQUESTS + 16
    await store.close()


async def test_a_file_that_is_gone_is_a_fault(tmp_path: Path) -> None:
    store = opened(tmp_path)
    (tmp_path / "store.sqlite").unlink()
    with pytest.raises(StoreError):
        await store.say(ROOT, TO, [HALF], after=0)
    await store.close()
