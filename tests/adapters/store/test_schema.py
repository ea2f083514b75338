from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from aisecops.adapters.store.schema import VERSION, prepare
from aisecops.adapters.store.sqlite import SqliteStore
from aisecops.model.errors import ConfigError, StoreError


def modes(folder) -> dict[str, int]:
    return {file.name: file.stat().st_mode & 0o777 for file in folder.iterdir()}


async def test_everything_the_store_writes_is_for_its_owner_alone(tmp_path):
    path = tmp_path / "state" / "store.sqlite"
    store = SqliteStore(path)
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert modes(path.parent) == dict.fromkeys(
        ["store.sqlite", "store.sqlite-shm", "store.sqlite-wal", "store.sqlite.lock"], 0o600
    )
    await store.close()


def test_a_file_that_others_could_read_no_longer_can_be(tmp_path):
    path = tmp_path / "store.sqlite"
    path.touch(mode=0o644)
    prepare(path, busy_ms=100)
    assert path.stat().st_mode & 0o777 == 0o600


def test_preparing_twice_changes_nothing(tmp_path):
    path = tmp_path / "store.sqlite"
    prepare(path, busy_ms=100)
    prepare(path, busy_ms=100)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT version FROM schema").fetchall() == [
            (step,) for step in range(1, VERSION + 1)
        ]


def test_a_file_of_a_newer_version_refuses_to_start(tmp_path):
    path = tmp_path / "store.sqlite"
    prepare(path, busy_ms=100)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("INSERT INTO schema VALUES (?)", (VERSION + 1,))
        connection.commit()
    with pytest.raises(ConfigError, match=f"of version {VERSION + 1}") as refused:
        SqliteStore(path)
    assert "upgrade" in refused.value.mend


@pytest.mark.parametrize("content", [b"x" * 5_000, b"SQLite format 3\0" + b"\xff" * 5_000])
def test_a_file_that_is_no_database_refuses_to_start(tmp_path, content):
    path = tmp_path / "store.sqlite"
    path.write_bytes(content)
    with pytest.raises(StoreError, match="cannot be opened"):
        SqliteStore(path)
    assert path.read_bytes() == content


def test_a_place_that_cannot_be_written_refuses_to_start(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="cannot be opened"):
        SqliteStore(tmp_path / "file" / "store.sqlite")
