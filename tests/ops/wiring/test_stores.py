"""The store that the settings name, opened as a process opens it."""

from __future__ import annotations

import pytest

from aisecops.adapters.store.redis.store import RedisStore
from aisecops.adapters.store.sqlite import SqliteStore
from aisecops.model.errors import ConfigError, StoreError
from aisecops.ops.settings_read import load
from aisecops.ops.wiring.stores import SHARED_KEYS, known_store, remember_store, stores
from support.redis_server import Server, shared


@pytest.fixture
def server() -> Server:
    server = shared("redis")
    server.tell("FLUSHALL")
    return server


def settings_of(folder, store: str):
    folder.mkdir(exist_ok=True)
    return load({"store": store}, environ={}, folder=folder)


async def test_the_default_is_a_file_and_a_url_a_server(server, tmp_path):
    async with stores(settings_of(tmp_path / "a", "sqlite"), {}) as shared_ones:
        assert isinstance(shared_ones.store, SqliteStore)
    settings = settings_of(tmp_path / "b", "env:STORE")
    async with stores(settings, {"STORE": server.url}) as shared_ones:
        assert isinstance(shared_ones.store, RedisStore)
        await shared_ones.content().close()
        await shared_ones.store.ping()
    assert known_store(settings.store_id) == shared_ones.store.link.store_id


async def test_a_store_that_was_emptied_between_two_starts_is_not_taken_for_a_fresh_one(server, tmp_path):
    settings = settings_of(tmp_path, server.url)
    async with stores(settings, {}):
        pass
    server.tell("FLUSHALL")
    with pytest.raises(StoreError, match="has been emptied"):
        async with stores(settings, {}):
            pass


@pytest.mark.parametrize("name", SHARED_KEYS)
async def test_machines_with_different_keys_do_not_share_a_store(server, tmp_path, name):
    one, other = settings_of(tmp_path / "one", server.url), settings_of(tmp_path / "other", server.url)
    async with stores(one, {}):
        other.paths.state.mkdir()
        for key in one.paths.state.glob("*.key"):
            if key.stem != name:
                (other.paths.state / key.name).write_bytes(key.read_bytes())
                (other.paths.state / key.name).chmod(0o600)
        with pytest.raises(ConfigError, match=f"{name}.key` is not the key that others on this store have"):
            async with stores(other, {}):
                pass
        assert not other.store_id.exists()
        (other.paths.state / f"{name}.key").write_bytes((one.paths.state / f"{name}.key").read_bytes())
        async with stores(other, {}):
            pass


def test_a_store_id_that_cannot_be_read_is_not_taken_for_none(tmp_path):
    path = tmp_path / "store.id"
    assert known_store(path) == ""
    remember_store(path, "st_1")
    assert known_store(path) == "st_1"
    for broken in (b"", b"\xff"):
        path.write_bytes(broken)
        with pytest.raises(ConfigError, match=r"store\.id"):
            known_store(path)
