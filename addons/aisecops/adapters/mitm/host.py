"""The host program: the proxy core with our addons in a fixed order, started, watched, drained and stopped.

No script loading, no dumper, no onboarding: nothing is in the chain that is not named here. Runs on the standard
library's event loop, on purpose, and not on uvloop where that is installed. Tried with 0.23.0: its dials never ask the
`getaddrinfo` that the dial guard puts in the loop's place, and on Python 3.13.0 it cannot start the core's eager tasks.
What it would save was within the noise. `dial.py` refuses any loop but that of the standard library.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mitmproxy import certs, options
from mitmproxy.addons import core, disable_h2c, proxyserver
from mitmproxy.master import Master

from aisecops.adapters.mitm.addon import GovernanceAddon
from aisecops.adapters.mitm.bounds import Bounds
from aisecops.adapters.mitm.chain import Chain
from aisecops.adapters.mitm.cuts import watched
from aisecops.adapters.mitm.dial import Dial
from aisecops.adapters.mitm.gate import Gate, Problem
from aisecops.adapters.mitm.guard import CrashLogFilter, FailClosedAddonManager
from aisecops.adapters.mitm.known_core import check_core
from aisecops.adapters.mitm.lane.lane import open_lane
from aisecops.adapters.mitm.lateness import Stages
from aisecops.adapters.mitm.layers import LayerChoice
from aisecops.adapters.mitm.leaves import RenewingTlsConfig
from aisecops.adapters.mitm.listener import SHARED, TRANSPARENT
from aisecops.adapters.mitm.listener_tls import ListenerContext, ListenerTls
from aisecops.adapters.mitm.load import Load, raise_descriptors
from aisecops.adapters.mitm.options import PINNED, PinnedOptions
from aisecops.adapters.mitm.sealing import Seal
from aisecops.adapters.mitm.tunnels import Tunnels
from aisecops.adapters.mitm.turned_away import folded_accept_errors
from aisecops.adapters.mitm.unread import UnreadRequests
from aisecops.adapters.mitm.watchdog import watching_the_loop
from aisecops.adapters.mitm.websockets import Websockets
from aisecops.adapters.mitm.weighing import WaitingStreams
from aisecops.gateway.enforcer import Enforcer
from aisecops.model.errors import ConfigError
from aisecops.model.upstream import UpstreamProxy

CERTIFICATES_KEPT = 2000
"""Leaf certificates kept for hosts already seen; the core's own 100 would sign anew all day."""

_DRAIN_STEP_S = 0.02
_QUIET_LOOKS = 2
_LEAVING_LOOKS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class HostSettings:
    """How the host listens and how much it takes on. Sizes in bytes, times in seconds.

    `transparent` takes connections that the network redirected here beside those of clients that know us.
    `confdir` holds the certificate authority, made beforehand. `upstream_trust` is a PEM file of every CA that an
    upstream's certificate may come from; None is the usual set. `own_places` are the host and port pairs that this
    process itself calls by name (control plane, store); requests of agents never get there through them. `fast_lane`:
    the ordinary case goes without the core's layers, where no addon of others is there.
    """

    confdir: Path
    listen_host: str = "127.0.0.1"
    listen_port: int = 8080
    reuse_port: bool = False
    transparent: bool = False
    upstream_trust: Path | None = None
    max_body_bytes: int = 10 * 1024 * 1024
    bounds: Bounds = field(default_factory=Bounds)
    drain_s: float = 10.0
    websockets: bool = True
    http2: bool = True
    fast_lane: bool = True
    own_places: frozenset[tuple[str, int]] = frozenset()
    tls: ListenerTls | None = None
    upstream_proxy: UpstreamProxy | None = None


class GovernedMaster(Master):
    """A master whose addon manager refuses what fails."""

    def __init__(self, opts: options.Options, gate: Gate) -> None:
        super().__init__(opts)
        self._legacy_log_events.uninstall()  # nobody here listens to log events, and log records may be large
        opts.changed.disconnect(self.addons._configure_all)  # noqa: SLF001 - of the manager that is replaced
        self.addons = FailClosedAddonManager(self)
        self.addons.gate = gate


def pinned_options(settings: HostSettings) -> dict[str, Any]:
    """Every option this host sets; none of them may change while it runs."""
    words = [SHARED] * settings.reuse_port + [TRANSPARENT] * settings.transparent
    data = ":" + "+".join(words) if words else ""
    return {
        **PINNED,
        "mode": [f"governed{data}@{settings.listen_host}:{settings.listen_port}"],
        "confdir": str(settings.confdir),
        "ssl_verify_upstream_trusted_ca": str(settings.upstream_trust) if settings.upstream_trust else None,
        "ssl_verify_upstream_trusted_confdir": None,
        # the last word on buffered bodies, both ways; the rules' own limits come first
        "body_size_limit": str(max(settings.max_body_bytes, settings.bounds.answer_bytes)),
        # not used: each connection has a clock of ours in the place of the core's (`deadlines.py`)
        "tcp_timeout": 24 * 3600,
    }


def governance_addons(gate: Gate, dial: Dial) -> tuple[Any, ...]:
    """Ours, in order, without the seal, which stands last of all."""
    asked = UnreadRequests(gate), WaitingStreams(gate), Stages(gate)
    return Tunnels(gate), GovernanceAddon(gate), Websockets(gate), *asked, dial


async def serve(
    settings: HostSettings,
    enforcer: Enforcer,
    *,
    problem: Problem,
    stop: asyncio.Event,
    leave: asyncio.Event | None = None,
    ready: Callable[[str, int], None] = lambda _host, _port: None,
    strangers: Sequence[Any] = (),
    lag: Callable[[float], None] = lambda _seconds: None,
    turned_away: Callable[[str], None] = lambda _reason: None,
) -> None:
    """Run until `stop` is set, then drain and return; or until `leave` is, then go on with what is under way.

    `ready` is told the real address once the port answers, `lag` again and again how late the event loop is,
    `turned_away` for each connection that found no place (`source` or `all`).
    `strangers` are addons of others; they stand before ours. Raises ConfigError when it cannot listen, or when a
    stranger ended it.
    """
    leave = leave or asyncio.Event()
    quiet_the_core()
    check_core()
    check_files(settings)
    load = Load(settings.bounds, descriptors=raise_descriptors(), turned_away=turned_away)
    gate = Gate(
        problem,
        max_body_bytes=settings.max_body_bytes,
        websockets=settings.websockets,
        http2=settings.http2,
        load=load,
    )
    gate.listener_tls = ListenerContext.of(settings.tls) if settings.tls else None
    gate.open(enforcer)
    dial = Dial(gate, own_places=settings.own_places, chain=chain_of(settings))
    pinned = pinned_options(settings)
    pins = PinnedOptions(gate, pinned)
    master = GovernedMaster(options.Options(), gate)
    server = proxyserver.Proxyserver()
    tls = RenewingTlsConfig()
    master.addons.add(pins, core.Core(), server, LayerChoice(gate), disable_h2c.DisableH2C(), tls)
    master.addons.add(*strangers, *governance_addons(gate, dial), Seal(gate))
    master.options.update(**pinned)
    pins.watch()
    if settings.fast_lane and not strangers:  # whose hooks are run for the core's flows alone
        manager = master.addons
        assert isinstance(manager, FailClosedAddonManager)  # as it was made
        governance: GovernanceAddon = manager.get("aisecops-governance")
        governance.lane = open_lane(gate, manager, tls, settings.upstream_trust)
    master.addons.add(_Ready(master, server, ready))
    loop = asyncio.get_running_loop()
    with dial.guarding(loop), folded_accept_errors(loop, master):
        async with watching_the_loop(settings.bounds.stalled_s, told=lag), asyncio.TaskGroup() as tasks:
            watching = tasks.create_task(watched(gate, enforcer))
            ends = (
                tasks.create_task(_drain(master, server, gate, stop, settings.drain_s, leaving=False)),
                tasks.create_task(_drain(master, server, gate, leave, settings.bounds.total_s, leaving=True)),
            )
            try:
                await master.run()
            finally:
                watching.cancel()
                for end in ends:
                    end.cancel()
                await _stop_listening(server)
    if not stop.is_set() and not leave.is_set():
        raise _end_of_its_own(server, settings)


def chain_of(settings: HostSettings) -> Chain | None:
    """The way through the operator's own proxy, if there is one."""
    return Chain(settings.upstream_proxy, settings.upstream_trust) if settings.upstream_proxy else None


def _end_of_its_own(server: proxyserver.Proxyserver, settings: HostSettings) -> ConfigError:
    for instance in server.servers:
        if isinstance(instance.last_exception, OSError):
            place = f"{settings.listen_host}:{settings.listen_port}"
            why = os.strerror(instance.last_exception.errno or 0).lower()
            return ConfigError(f"the proxy cannot listen on `{place}`: {why}", "choose another in `proxy.listen`")
    return ConfigError("an addon ended the proxy", "read the lines above for which")


class _Ready:
    """An addon for the end of the start: says where the host listens, or ends it when it does not."""

    name = "aisecops-ready"

    def __init__(self, master: Master, server: proxyserver.Proxyserver, ready: Callable[[str, int], None]) -> None:
        self._master = master
        self._server = server
        self._ready = ready

    def running(self) -> None:
        addresses = self._server.listen_addrs()
        if not addresses:
            self._master.shutdown()
            return
        gc.collect()
        gc.freeze()  # what is here now stays; later collections need not look at it
        self._ready(addresses[0][0], addresses[0][1])


async def _drain(
    master: Master, server: proxyserver.Proxyserver, gate: Gate, told: asyncio.Event, seconds: float, *, leaving: bool
) -> None:
    """When `told`: no new connection; what is under way gets so many seconds; then the end.

    What comes new on a line that stands is refused. `leaving`, for another process has the port, it is served, and
    the line ends with it.
    """
    await told.wait()
    gate.stop_admitting(leaving=leaving)
    await _stop_listening(server)
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    quiet = 0
    # an answer that has just been let go is written in the turns of the loop that follow, and who was accepted just
    # before we left may still shake hands: one quiet look is not the end
    while quiet < (_LEAVING_LOOKS if leaving else _QUIET_LOOKS) and loop.time() < deadline:
        quiet = 0 if _under_way(gate) else quiet + 1
        await asyncio.sleep(_DRAIN_STEP_S)
    for connected in list(gate.connected.values()):
        connected.abort()
    master.shutdown()


def _under_way(gate: Gate) -> bool:
    return bool(gate.exchanges) or any(connected.unwritten() for connected in gate.connected.values())


async def _stop_listening(server: proxyserver.Proxyserver) -> None:
    for instance in server.servers:
        if instance.is_running:
            await instance.stop()


def check_files(settings: HostSettings) -> None:
    """The core would make an authority of its own where it finds none, which no client trusts."""
    authority = settings.confdir / f"{options.CONF_BASENAME}-ca.pem"
    if not authority.is_file():
        raise ConfigError(
            f"there is no certificate authority `{authority}`", "start with `aisecops up`, which makes it"
        )
    if settings.upstream_trust is not None and not settings.upstream_trust.is_file():
        raise ConfigError(f"`{settings.upstream_trust}` is not a file", "name a file of certificates in PEM")


def quiet_the_core() -> None:
    """The core logs what peers say; only its warnings are kept, and of its crashes only kind and place."""
    certs.CertStore.STORE_CAP = CERTIFICATES_KEPT
    core_logger = logging.getLogger("mitmproxy.proxy.server")
    if not any(isinstance(known, CrashLogFilter) for known in core_logger.filters):
        core_logger.addFilter(CrashLogFilter())
    logging.getLogger("mitmproxy").setLevel(logging.WARNING)
