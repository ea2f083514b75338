"""One control plane process: the API on its port, rules watched, figures kept, signals obeyed."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import Awaitable, Callable, Iterator

import uvicorn
from starlette.applications import Starlette

from aisecops.adapters.policies.files import Rejected, Reloaded
from aisecops.controls.budget.phase import phase_of
from aisecops.model.budget import RunPhase
from aisecops.model.errors import Fault
from aisecops.model.record import Event, EventName
from aisecops.model.rules import SecretAuthentication
from aisecops.model.state import ApprovalState
from aisecops.ops.control.forgetting import keep_forgetting
from aisecops.ops.control.maturity_figures import keep_assessing
from aisecops.ops.control.shapes import shown_inventory
from aisecops.ops.evaluation.figures import Figures
from aisecops.ops.figures.counts import Counts
from aisecops.ops.figures.index import RecordIndex
from aisecops.ops.lifeline import LEAVING, ending_signals
from aisecops.ops.listening import listening
from aisecops.ops.metrics import Metrics, process_metrics
from aisecops.ops.seldom import Seldom
from aisecops.ops.settings import Settings
from aisecops.ops.settings_read import environment
from aisecops.ops.settings_text import Address
from aisecops.ops.wiring.control import announcer, control_plane, reaching, signing_in
from aisecops.ops.wiring.dashboard import record_index
from aisecops.ops.wiring.evaluation_control import evaluation_calls, evaluation_routes
from aisecops.ops.wiring.foundation import Foundation, foundation
from aisecops.ops.wiring.maturity import maturity_of

RULES_EVERY_S = 0.5
FIGURES_EVERY_S = 2.0
SAID_EVERY_S = 60.0
"""Why the figures cannot be read, while that lasts."""
SHUTDOWN_S = 3
LEAVING_S = 1.0
"""How long one that leaves still answers those who are connected."""
COUNTED_RUNS = 500
OPEN = frozenset({ApprovalState.PENDING, ApprovalState.APPROVED})
GOVERNANCE = ("AIS-GOV-01",)

_log = logging.getLogger("aisecops.control")


def serve_control(settings: Settings, ready: Callable[[str], None], listener: socket.socket | None) -> int:
    """Serve until SIGINT, SIGTERM or SIGUSR2, then return 0. Without a `listener` one is made."""
    return asyncio.run(_serve(settings, ready, listener or listening("control", settings.control.listen)))


async def _serve(settings: Settings, ready: Callable[[str], None], listener: socket.socket) -> int:
    metrics = process_metrics()
    async with (
        foundation(settings, environment()) as base,
        signing_in(base) as sign_in,
        reaching(base) as hooks,
        evaluation_routes(base) as beside,
    ):
        rules = base.rules.current()
        metrics.rules_loaded(rules.policy_version, rules.agents)
        say_who_cannot_come(base)
        index, maturity = record_index(settings), maturity_of(base)
        plane = control_plane(
            base,
            index,
            maturity,
            proxy_url=settings.proxy.told_url,
            sign_in=sign_in,
            hooks=hooks,
            evaluations=evaluation_calls(base),
            beside=beside,
        )
        server = _Server(_configuration(settings, plane), lambda: ready(_url(settings, listener)), plane.state.over)
        loop = asyncio.get_running_loop()
        for number in ending_signals():
            loop.add_signal_handler(number, server.stop)
        loop.add_signal_handler(LEAVING, server.leave)
        # What runs beside the API must not end unseen: then the whole process ends and is started again.
        async with asyncio.TaskGroup() as tasks:
            watch = tasks.create_task(base.watch_rules(RULES_EVERY_S, _recorded(base, metrics)))
            figures = tasks.create_task(_figures(base, metrics, index))
            announcing = tasks.create_task(announcer(base, hooks).run())
            assessing = tasks.create_task(keep_assessing(base, metrics, maturity))
            forgetting = tasks.create_task(keep_forgetting(base))
            await server.serve(sockets=[listener])
            announcing.cancel()
            forgetting.cancel()
            watch.cancel()
            figures.cancel()
            assessing.cancel()
        listener.close()
    return 0


class _Server(uvicorn.Server):
    """The signals are ours: uvicorn would raise them again at the end, and a clean stop must exit with 0."""

    def __init__(self, configuration: uvicorn.Config, listening: Callable[[], None], over: asyncio.Event) -> None:
        super().__init__(configuration)
        self._listening = listening
        self._over = over

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._listening()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    def leave(self) -> None:
        """Take nobody new, for another does by now; end when who was taken last has been able to ask."""
        for one in self.servers:
            one.close()
        asyncio.get_running_loop().call_later(LEAVING_S, self.stop)

    def stop(self) -> None:
        """End in peace; event streams end by themselves, whatever else is open is cut after `SHUTDOWN_S`."""
        self._over.set()
        self.should_exit = True


def _configuration(settings: Settings, plane: Starlette) -> uvicorn.Config:
    return uvicorn.Config(
        plane,
        log_config=None,
        access_log=False,
        lifespan="off",
        server_header=False,
        ssl_certfile=settings.control.tls_certificate,
        ssl_keyfile=settings.control.tls_key,
        timeout_graceful_shutdown=SHUTDOWN_S,
    )


def _url(settings: Settings, listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"{settings.control.scheme}://{Address(host=host, port=port).reachable}"


def say_who_cannot_come(base: Foundation) -> None:
    """An agent whose secret was forgotten is refused like a stranger: whoever starts this is told."""
    for agent in base.rules.current().agents.values():
        sources = [how.source for how in agent.authenticate if isinstance(how, SecretAuthentication)]
        if sources and len(sources) == len(agent.authenticate) and not any(map(base.secrets.secret, sources)):
            _log.warning("nobody can be the agent `%s`: `%s` is not set", agent.agent_id, sources[0])


def _recorded(base: Foundation, metrics: Metrics) -> Callable[[Reloaded | Rejected], Awaitable[None]]:
    """Rules taken up or turned down are events: once, by the control plane, for all processes."""

    async def on_change(change: Reloaded | Rejected) -> None:
        if isinstance(change, Reloaded):
            metrics.rules_loaded(change.rules.policy_version, change.rules.agents)
            _log.info("rules %s are in force", change.rules.policy_version)
            say_who_cannot_come(base)
            event = Event(
                event=EventName.RULES_RELOADED,
                control=GOVERNANCE,
                policy_version=change.rules.policy_version,
                fields={"before": change.before},
            )
        else:
            metrics.rules_rejected()
            for problem in change.problems:
                _log.error("rules not taken up: %s (%s)", problem, problem.mend)
            event = Event(
                event=EventName.RULES_REJECTED,
                control=GOVERNANCE,
                policy_version=base.rules.current().policy_version,
                fields={"problems": [f"{problem} ({problem.mend})" for problem in change.problems]},
            )
        try:
            await base.record.append(event)
        except Fault as fault:
            _log.error("a change of the rules could not be recorded: %s", fault)

    return on_change


async def _figures(base: Foundation, metrics: Metrics, index: RecordIndex) -> None:
    """Keep the gauges that are read from store and record; expire what nobody answered."""
    approvals, inventory = base.approvals(), base.inventory()
    evaluated, seldom = Figures(base.settings.paths.state), Seldom(SAID_EVERY_S)
    while True:
        metrics.record_lag(base.record_lag_s())
        try:
            questions = [one for one in await base.store.list_approvals() if one.state in OPEN]
            standing = [await approvals.standing(one.approval_id) for one in questions]
            metrics.approvals_pending(sum(1 for one in standing if one and one.state is ApprovalState.PENDING))
            metrics.runs_active(await _active(base))
            ratios = await asyncio.to_thread(evaluated, base.rules.current().policy_version)
            for suite, ratio in ratios.items():
                metrics.evaluated(suite, ratio)
            metrics.tried_live(evaluated.live_at_s)
            for state, count in shown_inventory(await inventory.all())["counts"].items():
                metrics.integrations(state, count)
            counts = await _read_on(index)
            metrics.runs_traced(counts.traced_runs, counts.ended_runs)
        except Fault as fault:
            if seldom.times(str(fault)):
                _log.warning("the figures could not be read: %s", fault)
        await asyncio.sleep(FIGURES_EVERY_S)


async def _read_on(index: RecordIndex) -> Counts:
    """All that was recorded so far; a long record is read in pieces, so that nobody waits for the index."""
    while not await asyncio.to_thread(index.refresh):
        pass
    return index.total()


async def _active(base: Foundation) -> int:
    """How many of the newest runs can act."""
    runs = await base.store.list_runs(limit=COUNTED_RUNS)
    trees = await base.store.changed_trees({run.root_run_id: 0 for run in runs})
    found = ((trees[run.root_run_id][1], run.run_id) for run in runs if run.root_run_id in trees)
    return sum(phase_of(tree, run_id) is RunPhase.ACTIVE for tree, run_id in found)
