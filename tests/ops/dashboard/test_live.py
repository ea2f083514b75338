"""A live page learns that something has changed, and of which runs; never what it was."""

import asyncio
from types import SimpleNamespace

import pytest

from aisecops.ops.control.who import Asker, Role
from aisecops.ops.dashboard import live as module
from aisecops.ops.dashboard.live import Live
from aisecops.ops.dashboard.page import Visitor
from support.dashboard import Site

VISITOR = Visitor(Asker(role=Role.VIEWER, name="vera"))


def asked():
    """A request, as far as the stream looks at it: has the server that it came to stopped?"""
    return SimpleNamespace(app=SimpleNamespace(state=SimpleNamespace(over=asyncio.Event())))


@pytest.fixture
def site(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "LOOK_EVERY_S", 0.01)
    return Site(tmp_path)


async def test_a_page_is_told_which_runs_have_changed(site):
    stream = (await Live(site.index).stream(asked(), VISITOR)).body_iterator
    assert await anext(stream) == b"retry: 2000\n\n"
    run = await site.house.run()
    site.recorded()
    told = await asyncio.wait_for(anext(stream), 20)

    assert told.startswith(b"event: changed\ndata: ")
    assert run.run.run_id.encode() in told
    assert b"run_started" not in told
    await stream.aclose()


async def test_nobody_is_told_when_nothing_happens(site, monkeypatch):
    monkeypatch.setattr(module, "LASTS_S", 0.05)
    stream = (await Live(site.index).stream(asked(), VISITOR)).body_iterator

    assert [told async for told in stream] == [b"retry: 2000\n\n"]


async def test_streams_are_bounded_and_make_room_when_they_end(site, monkeypatch):
    monkeypatch.setattr(module, "MOST_STREAMS", 1)
    live = Live(site.index)
    first = (await live.stream(asked(), VISITOR)).body_iterator
    await anext(first)
    assert (await live.stream(asked(), VISITOR)).code == "rate_limited"
    await first.aclose()

    assert not hasattr(await live.stream(asked(), VISITOR), "code")


async def test_a_page_is_let_go_when_the_server_stops(site):
    request = asked()
    stream = (await Live(site.index).stream(request, VISITOR)).body_iterator
    await anext(stream)
    request.app.state.over.set()

    assert [told async for told in stream] == []
