"""One gateway process: everything connected, the proxy running, rules watched, signals obeyed."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

from aisecops.adapters.mitm.bounds import Bounds
from aisecops.adapters.mitm.host import HostSettings, serve
from aisecops.adapters.mitm.listener_tls import ListenerTls
from aisecops.adapters.policies.files import Rejected, Reloaded
from aisecops.adapters.system.certificates import CertificateAuthority
from aisecops.adapters.system.clock import SystemClock
from aisecops.adapters.system.heartbeat import Heartbeat
from aisecops.adapters.system.memory import give_back_large_blocks
from aisecops.gateway.enforcer import Enforcer
from aisecops.gateway.step.mcp import awaited_in
from aisecops.gateway.step.refuse import dialect_at
from aisecops.model.exchange import HttpRequest, HttpResponse
from aisecops.model.outcome import Refuse
from aisecops.model.refusals import Code
from aisecops.model.rules import RuleSet
from aisecops.ops.lifeline import LEAVING, ending_signals
from aisecops.ops.metrics import Metrics, process_metrics
from aisecops.ops.naming import answering
from aisecops.ops.settings import LimitSettings, ProxySettings, Settings
from aisecops.ops.settings_read import environment
from aisecops.ops.settings_text import Address, ClientCertificates, Lane
from aisecops.ops.unavailable import Unavailable
from aisecops.ops.wiring.evaluation import evaluated, evaluation_authority
from aisecops.ops.wiring.foundation import Foundation, foundation
from aisecops.ops.wiring.gateway import enforcement, usual
from aisecops.ops.wiring.keys import fetched_keys
from aisecops.wire.mcp_problem import mcp_response
from aisecops.wire.problem import problem_response

RULES_EVERY_S = 0.5
RECORD_LAG_EVERY_S = 2.0


def run_gateway(settings: Settings, ready: Callable[[str], None]) -> int:
    """Serve until SIGINT or SIGTERM, drain, return 0; after SIGUSR2 return when what is under way has ended.

    `ready` is told the proxy's URL once it answers.
    """
    give_back_large_blocks()
    return asyncio.run(_run(settings, ready))


def addon_for_mitmdump() -> object:
    """The gate as one addon, for `mitmdump -s addons/gateway.py`; reads the same settings (contract 1)."""
    from aisecops.adapters.mitm.embedded import Embedded
    from aisecops.ops.settings_read import load

    give_back_large_blocks()
    process = GatewayProcess(load({}))
    return Embedded(process.host, process.enforcer, process.problem)


class GatewayProcess:
    """What a gateway is made of, whichever program hosts it."""

    def __init__(self, settings: Settings) -> None:
        """Make the certificate authority if there is none. Raises `ConfigError` for one that cannot be used."""
        self._settings = settings
        self._in_force: Callable[[], RuleSet] | None = None
        self._unavailable = Unavailable()
        certificates = CertificateAuthority(settings.paths.certs, SystemClock())
        certificates.create_if_missing()
        certificates.bundle(settings.client_authorities)
        trusted = (*settings.upstream.ca, *evaluation_authority(settings))
        self.host = host_settings(settings, certificates.upstream_bundle(trusted))

    @contextlib.asynccontextmanager
    async def enforcer(self) -> AsyncIterator[Enforcer]:
        """Everything connected, and the rules watched for as long as it is."""
        metrics = process_metrics()
        async with (
            fetched_keys(self._settings) as following,
            foundation(self._settings, environment()) as base,
            usual(base) as around,
            enforcement(base, around) as enforcer,
            evaluated(base, around, enforcer) as enforcer_of_all,
            answering(base, metrics),
        ):
            self._in_force = base.rules.current
            rules = base.rules.current()
            metrics.rules_loaded(rules.policy_version, rules.agents)
            # A watcher that ended would leave this process on old rules unseen: then the whole process ends instead.
            async with asyncio.TaskGroup() as tasks:
                watch = tasks.create_task(base.watch_rules(RULES_EVERY_S, _told(metrics)))
                lag = tasks.create_task(_telling_the_records_lag(base, metrics))
                keys = tasks.create_task(following())
                yield enforcer_of_all
                watch.cancel()
                lag.cancel()
                keys.cancel()

    def problem(self, refuse: Refuse, request: HttpRequest | None) -> HttpResponse:
        """A refusal as a response, in the error form of whom it is for: a model provider's, or MCP's."""
        self._unavailable.refused(refuse)
        rules = self._in_force() if self._in_force and request else None
        awaited, batched = awaited_in(rules, request) if rules and request else ((), False)
        if awaited and refuse.code is not Code.IDENTITY_REQUIRED:
            return mcp_response(refuse, awaited, batched=batched)
        declared = dialect_at(rules, request) if rules and request else ""
        return problem_response(refuse, dialect=refuse.dialect or declared or None)


async def _run(settings: Settings, ready: Callable[[str], None]) -> int:
    stop, leave = asyncio.Event(), asyncio.Event()
    stop_on_signals(stop)
    asyncio.get_running_loop().add_signal_handler(LEAVING, leave.set)
    process = GatewayProcess(settings)
    async with process.enforcer() as enforcer:
        with _telling_its_lag(settings.paths.state) as lag:
            await serve(
                process.host,
                enforcer,
                problem=process.problem,
                stop=stop,
                leave=leave,
                ready=lambda host, port: ready(_url(settings, host, port)),
                lag=lag,
                turned_away=process_metrics().turned_away,
            )
    return 0


async def _telling_the_records_lag(base: Foundation, metrics: Metrics) -> None:
    while True:
        metrics.record_lag(base.record_lag_s())
        await asyncio.sleep(RECORD_LAG_EVERY_S)


@contextlib.contextmanager
def _telling_its_lag(state: Path) -> Iterator[Callable[[float], None]]:
    """What to call with the loop's lag, for the metrics and for the control plane's `/readyz`."""
    beating, metrics = Heartbeat(state), process_metrics()

    def told(seconds: float) -> None:
        metrics.loop_lag(seconds)
        beating.beat(seconds)

    try:
        yield told
    finally:
        beating.end()


def stop_on_signals(stop: asyncio.Event) -> None:
    """What ends a process of ours in peace sets `stop`."""
    loop = asyncio.get_running_loop()
    for number in ending_signals():
        loop.add_signal_handler(number, stop.set)


def host_settings(settings: Settings, upstream_trust: Path) -> HostSettings:
    """What the host program is told."""
    listen = settings.proxy.listen
    return HostSettings(
        confdir=settings.paths.certs,
        listen_host=listen.host,
        listen_port=listen.port,
        reuse_port=settings.proxy.is_shared,
        transparent=settings.proxy.transparent,
        http2=settings.proxy.http2,
        fast_lane=settings.proxy.lane is Lane.FAST,
        upstream_trust=upstream_trust,
        drain_s=float(settings.drain_seconds),
        bounds=bounds(settings.limits),
        tls=listener_tls(settings.proxy),
        upstream_proxy=settings.upstream.proxy.resolved(environment()) if settings.upstream.proxy else None,
    )


def bounds(limits: LimitSettings) -> Bounds:
    """What the host takes on, as it was set."""
    return Bounds(
        connect_s=limits.connect_seconds,
        first_byte_s=limits.first_byte_seconds,
        idle_s=limits.idle_seconds,
        total_s=limits.total_seconds,
        head_s=limits.head_seconds,
        handshake_s=limits.handshake_seconds,
        body_s=limits.body_seconds,
        keepalive_s=limits.keepalive_seconds,
        websocket_idle_s=limits.websocket_idle_seconds,
        connections=limits.connections,
        connections_per_source=limits.connections_per_source,
        buffered_bytes=limits.buffered_bytes,
        answer_bytes=limits.max_answer_bytes,
        room_wait_s=limits.room_seconds,
        stalled_s=limits.stalled_seconds,
    )


def listener_tls(proxy: ProxySettings) -> ListenerTls | None:
    """The files that the listener's TLS is made of; None for a plain one."""
    if proxy.tls_certificate is None or proxy.tls_key is None:
        return None
    return ListenerTls(
        certificate=proxy.tls_certificate,
        key=proxy.tls_key,
        client_ca=proxy.client_ca,
        required=proxy.client_cert is ClientCertificates.REQUIRED,
    )


def _told(metrics: Metrics) -> Callable[[Reloaded | Rejected], Awaitable[None]]:
    # The control plane records what happened to the rules; a gateway only shows what it runs on.
    async def on_change(change: Reloaded | Rejected) -> None:
        if isinstance(change, Reloaded):
            metrics.rules_loaded(change.rules.policy_version, change.rules.agents)
        else:
            metrics.rules_rejected()

    return on_change


def _url(settings: Settings, host: str, port: int) -> str:
    return f"{settings.proxy.scheme}://{Address(host=host, port=port).reachable}"
