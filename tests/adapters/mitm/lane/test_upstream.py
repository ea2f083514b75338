"""The dial of the lane: under the core's hooks, within its time, and dropped when it is told to."""

from __future__ import annotations

import asyncio
import dataclasses
import ssl
import time

import pytest
from mitmproxy.test import tflow

from aisecops.adapters.mitm.bounds import Bounds
from aisecops.adapters.mitm.lane.upstream import Dialler, NotReachedError
from aisecops.adapters.mitm.lane.upstream_tls import UpstreamTls
from aisecops.adapters.mitm.load import Load
from aisecops.adapters.mitm.names import Place
from support.flows import a_gate


class Hooks:
    """Runs no hook but what a test says for the first."""

    def __init__(self, refuses: str = "") -> None:
        self.refuses = refuses
        self.heard = []

    async def handle_lifecycle(self, hook) -> None:
        self.heard.append(hook.name)
        if hook.name == "server_connect" and self.refuses:
            hook.data.server.error = self.refuses


async def silent(_reader, writer) -> None:
    await asyncio.sleep(60)
    writer.close()


async def a_dialler(hooks: Hooks, *, connect_s: float = 60.0) -> tuple[Dialler, asyncio.Server]:
    """Towards a server that takes connections and never says a word."""
    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    gate = a_gate()
    gate.load = Load(dataclasses.replace(Bounds(), connect_s=connect_s))
    place = Place("127.0.0.1", server.sockets[0].getsockname()[1])
    return Dialler(
        gate, hooks, tflow.tclient_conn(), place, UpstreamTls(ssl.create_default_context(), now=time.monotonic)
    ), server


async def test_what_a_hook_refuses_is_not_dialled():
    hooks = Hooks(refuses="not there")
    dialler, server = await a_dialler(hooks)
    with pytest.raises(NotReachedError, match="not there"):
        await dialler.dial(None)
    assert hooks.heard == ["server_connect"]
    server.close()


async def test_who_never_shakes_hands_is_late_and_gives_its_place_back():
    dialler, server = await a_dialler(Hooks(), connect_s=0.05)
    with pytest.raises(NotReachedError):
        await dialler.dial(None)
    assert dialler.is_late
    while dialler._gate.load.upstreams.count:
        await asyncio.sleep(0)
    server.close()


async def test_a_dial_that_is_aborted_ends_at_once():
    hooks = Hooks()
    dialler, server = await a_dialler(hooks)
    dialling = asyncio.ensure_future(dialler.dial(None))
    while "server_connected" not in hooks.heard:
        await asyncio.sleep(0)
    assert dialler.abort()
    with pytest.raises(NotReachedError):
        await dialling
    assert not dialler.is_late
    assert not dialler.abort()
    server.close()
