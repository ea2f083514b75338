"""One gateway process: everything connected, the proxy running, rules watched, signals obeyed."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path

from aisecops.adapters.mitm.host import HostSettings, serve
from aisecops.adapters.policies.files import Rejected, Reloaded
from aisecops.adapters.system.certificates import CertificateAuthority
from aisecops.model.exchange import HttpRequest, HttpResponse
from aisecops.model.outcome import Refuse
from aisecops.ops.metrics import Metrics, process_metrics
from aisecops.ops.settings import Settings
from aisecops.ops.settings_read import environment
from aisecops.ops.settings_text import Address
from aisecops.ops.wiring import Foundation, enforcement, foundation
from aisecops.wire.problem import problem_response

RULES_EVERY_S = 0.5


def run_gateway(settings: Settings, ready: Callable[[str], None]) -> int:
    """Serve until SIGINT or SIGTERM, drain, return 0. `ready` is told the proxy's URL once it answers."""
    return asyncio.run(_run(settings, ready))


async def _run(settings: Settings, ready: Callable[[str], None]) -> int:
    stop = asyncio.Event()
    stop_on_signals(stop)
    metrics = process_metrics()
    async with foundation(settings, environment()) as base, enforcement(base, metrics) as enforcer:
        metrics.rules_loaded(base.rules.current().policy_version)
        certificates = CertificateAuthority(settings.paths.certs, base.clock)
        certificates.create_if_missing()
        certificates.bundle(settings.upstream.ca)
        # A watcher that ends would leave this process on old rules unseen: then the whole process ends instead.
        async with asyncio.TaskGroup() as tasks:
            watch = tasks.create_task(base.rules.watch(RULES_EVERY_S, _told(metrics)))
            await serve(
                host_settings(settings, certificates.upstream_bundle(settings.upstream.ca)),
                enforcer,
                problem=problems_of(base),
                stop=stop,
                ready=lambda host, port: ready(_url(settings, host, port)),
            )
            watch.cancel()
    return 0


def stop_on_signals(stop: asyncio.Event) -> None:
    """SIGINT and SIGTERM set `stop`; nothing else ends a process of ours in peace."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)


def host_settings(settings: Settings, upstream_trust: Path) -> HostSettings:
    """What the host program is told."""
    listen = settings.proxy.listen
    return HostSettings(
        confdir=settings.paths.certs,
        listen_host=listen.host,
        listen_port=listen.port,
        reuse_port=settings.proxy.workers > 1,
        upstream_trust=upstream_trust,
        drain_s=float(settings.drain_seconds),
    )


def problems_of(base: Foundation) -> Callable[[Refuse, HttpRequest | None], HttpResponse]:
    """Refusals as responses, with a model provider's own error form for who called a model."""

    def problem(refuse: Refuse, request: HttpRequest | None) -> HttpResponse:
        models = base.rules.current().models.values()
        spoken = (model.dialect for model in models if request is not None and model.match.host == request.host)
        return problem_response(refuse, dialect=next(spoken, None))

    return problem


def _told(metrics: Metrics) -> Callable[[Reloaded | Rejected], Awaitable[None]]:
    # The control plane records what happened to the rules; a gateway only shows what it runs on.
    async def on_change(change: Reloaded | Rejected) -> None:
        if isinstance(change, Reloaded):
            metrics.rules_loaded(change.rules.policy_version)
        else:
            metrics.rules_rejected()

    return on_change


def _url(settings: Settings, host: str, port: int) -> str:
    return f"{settings.proxy.scheme}://{Address(host=host, port=port).reachable}"
