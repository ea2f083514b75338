"""`aisecops store` and what the doctor says of a store on a server."""

from __future__ import annotations

import asyncio

import orjson
import pytest
from click.testing import CliRunner

from aisecops.adapters.store.redis.marker import LOST
from aisecops.ops.cli import main, root
from aisecops.ops.doctor.installation import _store
from aisecops.ops.settings_read import load
from support.redis_server import Server, running, shared
from support.stores import joined_store


@pytest.fixture
def server(tmp_path, monkeypatch) -> Server:
    monkeypatch.chdir(tmp_path)
    server = shared("redis")
    server.tell("FLUSHALL")
    monkeypatch.setenv("AISECOPS_STORE", server.url)
    return server


def told(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(root, ["store", *arguments], standalone_mode=False)
    if done.exception:
        raise done.exception
    return done.return_value or 0, done.output


def test_status_says_how_a_store_stands_and_makes_nothing(server):
    code, said = told("status")
    assert (code, "no store yet" in said, "note: it syncs its disk once a second" in said) == (0, True, True)
    assert server.names() == []
    store_id = asyncio.run(made(server))
    assert store_id in told("status")[1]
    server.tell("HSET", "aisecops:store", "marker", f"1 {store_id} {'a' * 16} lost")
    code, said = told("status", "--json")
    assert code == 1
    assert orjson.loads(said) | {"notes": []} == {
        "server": f"{server.url}/0", "usable": False, "store_id": store_id, "wrong": LOST, "notes": [],
    }  # fmt: skip


def test_an_emptied_store_is_begun_anew_by_who_says_yes_and_goes_on_under_its_id(server, tmp_path, capsys):
    store_id = asyncio.run(made(server))
    (tmp_path / ".aisecops").mkdir()
    (tmp_path / ".aisecops" / "store.id").write_text(store_id)
    server.tell("FLUSHALL")
    code, said = told("status")
    assert (code, "has been emptied" in said, "the first start makes it" in said) == (1, True, False)
    assert main(["store", "begin"]) == 2
    assert "gone for good" in capsys.readouterr().err
    assert server.names() == []
    assert store_id in told("begin", "--yes")[1]
    assert told("status")[0] == 0
    asyncio.run(made(server, store_id))


def test_a_server_that_is_down_is_exit_3_and_sqlite_is_wrong_use(server, monkeypatch, capsys):
    monkeypatch.setenv("AISECOPS_STORE", "redis://us:hush@127.0.0.1:1")
    assert main(["store", "status"]) == 3
    assert "hush" not in capsys.readouterr().err
    monkeypatch.setenv("AISECOPS_STORE", "sqlite")
    assert main(["store", "status"]) == 2


def test_the_doctor_names_what_is_wrong_with_a_server_and_what_is_worth_knowing(tmp_path):
    with running(tmp_path / "redis", appendfsync="everysec") as own:
        settings = load({"store": own.url}, environ={}, folder=tmp_path)
        well, note = list(_store(settings))
        assert (well.well, "the first start makes the store" in well.words) == (True, True)
        assert (note.well, note.warns, "once a second" in note.words) == (True, True, True)
        own.tell("CONFIG", "SET", "maxmemory-policy", "allkeys-lfu")
        bad = next(iter(_store(settings)))
        assert (bad.well, "allkeys-lfu" in bad.words) == (False, True)
    down = next(iter(_store(settings)))
    assert (down.well, "cannot be asked" in down.words) == (False, True)


async def made(server: Server, known_id: str = "") -> str:
    store = await joined_store(server.url, known_id)
    await store.close()
    return store.link.store_id
