"""Hooks that did not wait are over within the event that asked for them; and what of the core that leans on."""

from __future__ import annotations

import asyncio
import inspect
from dataclasses import dataclass

import pytest
from mitmproxy import options
from mitmproxy.proxy import commands, events, layer, server
from mitmproxy.proxy.context import Context
from mitmproxy.test import tflow

from aisecops.adapters.mitm.at_once import AtOnce
from aisecops.adapters.mitm.listener import GovernedHandler


@dataclass
class HeardHook(commands.StartHook):
    name = "test_heard"
    data: list[str]


@dataclass
class UnheardHook(commands.StartHook):
    name = "test_unheard"
    data: list[str]


class Asks(layer.Layer):
    """Asks two hooks for each event, and says when each is over."""

    kind: type[commands.StartHook] = HeardHook

    def _handle_event(self, event):
        yield commands.Log(f"{type(event).__name__} came")
        for number in (1, 2):
            yield self.kind([str(number)])
            yield commands.Log(f"hook {number} is over")


class Handler(server.ConnectionHandler):
    """The core's own, with the governed way of ending hooks."""

    hook_task = GovernedHandler.hook_task

    def __init__(self, *, waits: bool, kind: type[commands.StartHook]) -> None:
        super().__init__(Context(tflow.tclient_conn(), options.Options()))
        top = Asks(self.layer.context)
        top.kind = kind
        self._at_once = self.layer = AtOnce(top, lambda hook: isinstance(hook, UnheardHook))
        self.said: list[str] = []
        self._waits = waits

    async def handle_hook(self, hook):
        if self._waits:
            await asyncio.sleep(0)
        self.said.append(f"hook {hook.data[0]} ran")

    def log(self, message, level=0, exc_info=None):
        assert exc_info is None, exc_info
        self.said.append(message)


HEARD = ["Start came", "hook 1 ran", "hook 1 is over", "hook 2 ran", "hook 2 is over"]


@pytest.mark.parametrize("waits", [False, True])
@pytest.mark.parametrize("factory", [asyncio.eager_task_factory, None], ids=["eager", "lazy"])
async def test_a_hook_ends_once_and_in_order_whether_it_waits_or_not(waits, factory):
    asyncio.get_running_loop().set_task_factory(factory)
    handler = Handler(waits=waits, kind=HeardHook)
    await handler.server_event(events.Start())
    over_at_once = list(handler.said) == HEARD
    for _ in range(20):
        await asyncio.sleep(0)
    assert handler.said == HEARD
    assert over_at_once is (factory is not None and not waits)


async def test_a_hook_that_nobody_hears_is_over_and_never_run():
    handler = Handler(waits=True, kind=UnheardHook)
    await handler.server_event(events.Start())
    assert handler.said == ["Start came", "hook 1 is over", "hook 2 is over"]


async def test_what_comes_while_a_hook_waits_is_told_after_it():
    asyncio.get_running_loop().set_task_factory(asyncio.eager_task_factory)
    handler = Handler(waits=True, kind=HeardHook)
    await handler.server_event(events.Start())
    await handler.server_event(events.Start())
    for _ in range(20):
        await asyncio.sleep(0)
    assert handler.said == HEARD * 2


async def test_after_a_core_that_broke_off_hooks_end_the_cores_own_way():
    handler = Handler(waits=False, kind=HeardHook)
    asked = handler.layer.handle_event(events.Start())
    next(asked)
    hook = next(asked)
    assert handler.layer.ends(hook)
    asked.close()
    assert not handler.layer.ends(hook)


def test_the_core_still_runs_hooks_where_their_end_is_told_from():
    """`hook_task` is asked for each hook, and nothing of the core tells the end of a hook elsewhere."""
    assert list(inspect.signature(server.ConnectionHandler.hook_task).parameters) == ["self", "hook"]
    source = inspect.getsource(server.ConnectionHandler)
    assert source.count("HookCompleted(") == 1
    assert "self.hook_task(command)" in inspect.getsource(server.ConnectionHandler.server_event)
    assert "self.layer.handle_event(event)" in inspect.getsource(server.ConnectionHandler.server_event)
