"""Our gate inside somebody else's `mitmdump`: the same addons, in a host that we do not control.

Less is certain there: other addons are in the chain, and the script may be edited or deleted under way. So the
gate stays closed until everything stands, the listener is exchanged for ours, and the end of the script is the end
of the process. `host.py` is the better home.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any

from mitmproxy import addonmanager, ctx
from mitmproxy.proxy import mode_specs
from mitmproxy.utils import asyncio_utils

from aisecops.adapters.mitm.cuts import watched
from aisecops.adapters.mitm.dial import Dial
from aisecops.adapters.mitm.faults import describe
from aisecops.adapters.mitm.gate import Gate, Problem
from aisecops.adapters.mitm.guard import FailClosedAddonManager
from aisecops.adapters.mitm.host import (
    HostSettings,
    chain_of,
    check_files,
    governance_addons,
    pinned_options,
    quiet_the_core,
)
from aisecops.adapters.mitm.known_core import check_core
from aisecops.adapters.mitm.layers import LayerChoice
from aisecops.adapters.mitm.listener import GovernedInstance
from aisecops.adapters.mitm.listener_tls import ListenerContext
from aisecops.adapters.mitm.load import Load, raise_descriptors
from aisecops.adapters.mitm.options import PinnedOptions
from aisecops.adapters.mitm.sealing import Seal
from aisecops.gateway.enforcer import Enforcer
from aisecops.model.errors import ConfigError

logger = logging.getLogger(__name__)

OpenEnforcer = Callable[[], AbstractAsyncContextManager[Enforcer]]
"""Opens everything an enforcer needs, and closes it at the end."""


class Embedded:
    """The one addon of `addons/gateway.py`; the others are its children."""

    name = "aisecops-embedded"

    def __init__(self, settings: HostSettings, open_enforcer: OpenEnforcer, problem: Problem) -> None:
        check_core()
        check_files(settings)
        self.gate = Gate(
            problem,
            max_body_bytes=settings.max_body_bytes,
            websockets=settings.websockets,
            http2=settings.http2,
            load=Load(settings.bounds, descriptors=raise_descriptors()),
        )
        self.gate.listener_tls = ListenerContext.of(settings.tls) if settings.tls else None
        self._options: Mapping[str, Any] = pinned_options(settings)
        self._pins = PinnedOptions(self.gate, self._options)
        self._dial = Dial(self.gate, own_places=settings.own_places, chain=chain_of(settings))
        self._open_enforcer = open_enforcer
        self._over = asyncio.Event()
        self._dialling = contextlib.ExitStack()
        self.addons = [
            self._pins,
            LayerChoice(self.gate, name="aisecops-nextlayer"),
            *governance_addons(self.gate, self._dial),
        ]

    def load(self, _loader: addonmanager.Loader) -> None:
        """Take over: the addon manager, the options, name resolution, and whoever connected too early."""
        quiet_the_core()
        manager = ctx.master.addons
        manager.__class__ = FailClosedAddonManager
        manager.gate = self.gate  # type: ignore[attr-defined] # it has just become one that has it
        ctx.options.update(**self._options)
        self._pins.watch()
        self._dialling.enter_context(self._dial.guarding(asyncio.get_running_loop()))

    def running(self) -> None:
        """Stand last in the chain, and open the gate when everything is there."""
        ctx.master.addons.add(Seal(self.gate))
        asyncio_utils.create_task(self._run(), name="aisecops gate", keep_ref=True)

    def done(self) -> None:
        """The script was removed, edited or broken, or the process ends: close for good, and end the process."""
        self.gate.trip("the gateway script has ended")
        self._over.set()
        for connected in list(self.gate.connected.values()):
            connected.abort()
        ctx.master.shutdown()

    async def _run(self) -> None:
        try:
            await self._exchange_the_listener()
            async with self._open_enforcer() as enforcer:
                self.gate.open(enforcer)
                async with asyncio.TaskGroup() as tasks:
                    watching = tasks.create_task(watched(self.gate, enforcer))
                    await self._over.wait()
                    watching.cancel()
        except Exception as fault:  # noqa: BLE001 - whatever it is, there is no gateway without it
            logger.critical("the gateway could not start: %s", describe(fault))
            self.done()

    async def _exchange_the_listener(self) -> None:
        server = ctx.master.addons.get("proxyserver")
        await server.servers.update([mode_specs.ProxyMode.parse(spec) for spec in ctx.options.mode])
        for handler in list(server.connections.values()):
            for held in handler.transports.values():
                if isinstance(held.writer, asyncio.StreamWriter):
                    held.writer.transport.abort()
        listening = list(server.servers)
        if not listening or not all(isinstance(one, GovernedInstance) and one.is_running for one in listening):
            raise ConfigError("the gateway's own listener does not run", "look whether its port is taken")
