"""The real host on a loopback port, in a thread of its own; and small real enforcers to stand behind it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from mitmproxy.hooks import all_hooks

from aisecops.adapters.mitm.host import HostSettings, serve
from aisecops.adapters.system.certificates import CertificateAuthority
from aisecops.adapters.system.clock import SystemClock
from aisecops.gateway.enforcer import Caller, Pass, StreamTap
from aisecops.gateway.watch import StreamWatch
from aisecops.model.certificate import Names
from aisecops.model.exchange import HttpRequest, HttpResponse
from aisecops.model.ids import AgentId, DecisionId, RunId
from aisecops.model.outcome import Forward, Refuse
from aisecops.model.refusals import REFUSALS, Code
from support.raw import CREDENTIALS

START_S = 20


def problem(refuse: Refuse, _request: HttpRequest | None) -> HttpResponse:
    """A plain problem document."""
    body = {
        "type": f"urn:aisecops:problem:{refuse.code}",
        "title": REFUSALS[refuse.code].title,
        "status": refuse.status,
        "detail": refuse.detail,
        "code": refuse.code.value,
    }
    return HttpResponse(
        status=refuse.status,
        headers=(("Content-Type", "application/problem+json"),),
        body=json.dumps(body).encode(),
    )


class Echo:
    """A tap that passes everything, and raises when told to."""

    def __init__(self, raises_on: bytes | None = None) -> None:
        self.seen = b""
        self._raises_on = raises_on

    def feed(self, data: bytes) -> list[bytes]:
        self.seen += data
        if self._raises_on is not None and self._raises_on in self.seen:
            raise KeyError("tap")
        return [data]

    def end(self) -> list[bytes]:
        return []

    as_it_came = False
    has_words = True
    waiting = ()

    def refusal(self, refuse: Refuse) -> bytes:
        return f"[cut: {refuse.code}]".encode()


class Lets:
    """An enforcer that lets everything through to `places`, and keeps what it was asked.

    `raises` names a method that fails; `refuses` names one that says no; `tap` is given to each answer.
    """

    def __init__(self, places: dict[tuple[str, int], tuple[str, int]]) -> None:
        self.places = places
        self.reset()

    def reset(self) -> None:
        self.calls: list[str] = []
        self.raises: BaseException | None = None
        self.raises_in = ""
        self.refuses: Refuse | None = None
        self.refuses_in = ""
        self.stream: StreamTap | None = None
        self.limit = 1_000_000
        self.forward: dict[str, Any] = {}
        self.admitting = threading.Event()
        self.go_on: Callable[[], bool] | None = None
        self.admitted: list[HttpRequest] = []
        self.settled: list[HttpResponse] = []
        self.abandoned: list[tuple[str, bool]] = []
        self.finished: list[str] = []
        self.messages: list[tuple[bool, bytes]] = []
        self.judges_message: Callable[[bytes], Awaitable[Pass | Refuse]] | None = None
        self.hung_up: list[str] = []
        self.unrecorded: list[tuple[str, Code]] = []

    def _called(self, method: str) -> Refuse | None:
        self.calls.append(method)
        if method == self.raises_in and self.raises is not None:
            raise self.raises
        return self.refuses if method == self.refuses_in else None

    async def identify(
        self, proxy_authorization: str | None, *, source: str, names: Names | None = None
    ) -> Caller | Refuse:
        self.names = names
        assert source == "127.0.0.1"
        if f"Proxy-Authorization: {proxy_authorization}\r\n".encode() != CREDENTIALS:
            return Refuse(code=Code.IDENTITY_REQUIRED, detail="say who you are")
        return self._called("identify") or Caller(agent_id=AgentId("agent"))

    async def connect(self, caller: Caller, host: str, port: int) -> Refuse | None:
        if (host, port) not in self.places:
            return Refuse(code=Code.DESTINATION_DENIED, detail=f"`{host}:{port}` is not allowed")
        return self._called("connect")

    async def head(self, caller: Caller, request: HttpRequest) -> Refuse | int:
        return self._called("head") or self.limit

    async def refused(self, caller: Caller, request: HttpRequest, refuse: Refuse) -> Refuse:
        return self._called("refused") or refuse

    async def admit(self, caller: Caller, request: HttpRequest) -> Forward | Refuse:
        if refuse := self._called("admit"):
            return refuse
        if (request.host, request.port) not in self.places:
            return Refuse(code=Code.DESTINATION_DENIED, detail=f"`{request.host}:{request.port}` is not allowed")
        self.admitting.set()
        while self.go_on is not None and not self.go_on():
            await asyncio.sleep(0.01)
        self.admitted.append(request)
        values: dict[str, Any] = {
            "permit": f"permit-{len(self.admitted)}",
            "decision_id": DecisionId("dec_1"),
            "run_id": RunId("run_1"),
            "host": request.host,
            "port": request.port,
            "addresses": (self.places[request.host, request.port],),
            "response_headers": (("AISecOps-Decision", "dec_1"),),
        }
        return Forward(**(values | self.forward))

    def counted(self, caller: Caller | None, refuse: Refuse) -> None:
        self.unrecorded.append((caller.agent_id if caller else "", refuse.code))

    async def settle(self, permit: str, response: HttpResponse) -> HttpResponse | Refuse:
        assert permit
        self.settled.append(response)
        return self._called("settle") or response

    def tap(self, permit: str, response: HttpResponse) -> StreamTap | None:
        self._called("tap")
        return self.stream

    async def weigh(self, permit: str, tap: StreamTap) -> list[bytes]:
        self._called("weigh")
        return tap.known() if isinstance(tap, StreamWatch) else []

    async def finish(self, permit: str, tap: StreamTap) -> None:
        self._called("finish")
        self.finished.append(permit)

    async def message(self, permit: str, *, from_client: bool, data: bytes) -> Pass | Refuse:
        self.messages.append((from_client, data))
        if from_client and (refuse := self._called("message")):
            return refuse
        return await self.judges_message(data) if from_client and self.judges_message else Pass(data=data)

    async def hang_up(self, permit: str) -> None:
        self._called("hang_up")
        self.hung_up.append(permit)

    async def watch(self, cut: Callable[[str, Refuse], None]) -> None:
        self.cut = cut
        await asyncio.Event().wait()

    async def abandon(self, permit: str, why: str, *, left: bool) -> None:
        self._called("abandon")
        self.abandoned.append((permit, left))


class Stranger:
    """An addon of somebody else: hears every hook, and does in it what a test says."""

    name = "stranger"

    def __init__(self) -> None:
        self.does: dict[str, Callable[..., Any]] = {}
        self.heard: list[str] = []

    def __getattr__(self, hook: str) -> Callable[..., Any]:
        if hook not in all_hooks or hook in {"add_log", "load", "configure"}:
            raise AttributeError(hook)

        def heard(*arguments: Any) -> Any:
            self.heard.append(hook)
            return self.does[hook](*arguments) if hook in self.does else None

        return heard


def raising(fault: BaseException) -> Callable[..., Any]:
    """What a hook does that fails."""

    def fail(*_arguments: Any) -> Any:
        raise fault

    return fail


class Proxy:
    """A host that runs. `port` is where; `call` runs something on its loop; `stop` drains it."""

    def __init__(
        self,
        settings: HostSettings,
        enforcer: Any,
        strangers: Sequence[Any],
        turned_away: Callable[[str], None] = lambda _reason: None,
    ) -> None:
        self._turned_away = turned_away
        self.port = 0
        self.loop: asyncio.AbstractEventLoop | None = None
        self.failure: BaseException | None = None
        self._settings, self._enforcer, self._strangers = settings, enforcer, strangers
        self._stop, self._leave = asyncio.Event(), asyncio.Event()
        self._up = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self._thread.start()
        assert self._up.wait(START_S)
        if self.failure is not None:
            raise self.failure

    def stop(self) -> None:
        if self.loop is not None and self._thread.is_alive():
            with contextlib.suppress(RuntimeError):
                self.loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(START_S)
        assert not self._thread.is_alive()

    def begin_stop(self) -> None:
        assert self.loop is not None
        self.loop.call_soon_threadsafe(self._stop.set)

    def begin_leave(self) -> None:
        assert self.loop is not None
        self.loop.call_soon_threadsafe(self._leave.set)

    @property
    def running(self) -> bool:
        return self._thread.is_alive()

    def wait(self, seconds: float) -> bool:
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def call(self, func: Callable[[], Any]) -> Any:
        """Run `func` on the proxy's loop and return what it returns."""
        assert self.loop is not None

        async def run() -> Any:
            return func()

        return asyncio.run_coroutine_threadsafe(run(), self.loop).result(START_S)

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as failure:  # noqa: BLE001 - handed to the test
            self.failure = failure
        finally:
            self._up.set()

    async def _serve(self) -> None:
        self.loop = asyncio.get_running_loop()

        def ready(_host: str, port: int) -> None:
            self.port = port
            self._up.set()

        await serve(
            self._settings,
            self._enforcer,
            problem=problem,
            stop=self._stop,
            leave=self._leave,
            ready=ready,
            strangers=self._strangers,
            turned_away=self._turned_away,
        )


@contextlib.contextmanager
def running_proxy(
    confdir: Path,
    enforcer: Any,
    *,
    strangers: Sequence[Any] = (),
    upstream_trust: Path | None = None,
    turned_away: Callable[[str], None] | None = None,
    **settings: Any,
) -> Iterator[Proxy]:
    """The host on a free port, drained at the end."""
    values = {"drain_s": 0.2} | settings
    CertificateAuthority(confdir, SystemClock()).create_if_missing()
    settings_of = HostSettings(confdir=confdir, listen_port=0, upstream_trust=upstream_trust, **values)
    proxy = Proxy(settings_of, enforcer, strangers, turned_away or (lambda _reason: None))
    proxy.start()
    try:
        yield proxy
    finally:
        proxy.stop()
