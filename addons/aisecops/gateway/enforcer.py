"""The face of enforcement that an adapter drives: who calls, may they connect, may this leave, what came back."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Protocol

from aisecops.model.certificate import Names
from aisecops.model.exchange import HttpRequest, HttpResponse
from aisecops.model.ids import AgentId, RunId
from aisecops.model.outcome import Forward, Refuse
from aisecops.model.value import Value


class Caller(Value):
    """Who is on a connection, proven by credentials. Without `run_id`, its header or the implicit run decides.

    `authorization` is what proved it, kept to speak to the control plane in the caller's own name. `evaluation` is the
    round of an evaluation that it belongs to, empty for everybody else.
    """

    agent_id: AgentId
    run_id: RunId | None = None
    authorization: str = ""
    evaluation: str = ""

    def __repr__(self) -> str:
        return f"Caller(agent_id={self.agent_id!r}, run_id={self.run_id!r})"  # never the credentials


class Pass(Value):
    """A WebSocket message may go on, as `data`; None: nothing goes on in its place, for now or for good.

    `before` are messages that go the same way first, `back` those that go the other way afterwards.
    """

    data: bytes | None
    before: tuple[bytes, ...] = ()
    back: tuple[bytes, ...] = ()


class StreamTap(Protocol):
    """Watches one streamed answer. Called in order, from the event loop, and must be quick."""

    def feed(self, data: bytes) -> list[bytes]:
        """What may be passed on now, in order; an empty list holds everything back.

        Raises nothing on purpose; if it raises, the adapter cuts the stream on both sides.
        """
        ...

    def end(self) -> list[bytes]:
        """Upstream has finished: what is still to be passed on."""
        ...

    @property
    def waiting(self) -> Collection[object]:
        """What holds everything after it back until `Enforcer.weigh` has seen it."""
        ...

    @property
    def as_it_came(self) -> bool:
        """True when exactly the upstream's bytes are passed on, or fewer, and all of them are fit to be the whole.

        Then its own word on their number may stand: who gets so many has all of it.
        """
        ...

    @property
    def has_words(self) -> bool:
        """False when there is no form in which it could say that it was cut: then it must not end as a whole one does.

        So it may only be passed on where an end can be told from a break.
        """
        ...

    def refusal(self, refuse: Refuse) -> bytes:
        """The last bytes of a stream that is cut: `refuse`, in the form its reader knows. Goes after a whole piece.

        Empty for one that has no words.
        """
        ...


class Enforcer(Protocol):
    """What the host program asks. Anything raised is a fault, and the host's guard refuses with its code."""

    async def identify(
        self, proxy_authorization: str | None, *, source: str, names: Names | None = None
    ) -> Caller | Refuse:
        """Who calls, from the `Proxy-Authorization` value, the source address, and what a verified certificate proved.

        Constant time in the secret.
        """
        ...

    async def connect(self, caller: Caller, host: str, port: int) -> Refuse | None:
        """May a tunnel to `host:port` be opened at all? Judges the name only; resolves and dials nothing."""
        ...

    async def head(self, caller: Caller, request: HttpRequest) -> Refuse | int:
        """Before any body is read: a refusal, or how many body bytes may be buffered."""
        ...

    async def admit(self, caller: Caller, request: HttpRequest) -> Forward | Refuse:
        """Judge the whole request. When it returns `Forward`, the step is reserved and recorded.

        May wait for a person up to `hold_seconds`. Every `Forward` must be followed by exactly one of
        `settle`, `tap` or `abandon` for its permit; one that never is stays charged.
        """
        ...

    async def refused(self, caller: Caller, request: HttpRequest, refuse: Refuse) -> Refuse:
        """The host itself refuses a request of a known caller: record it, and name the decision in the refusal."""
        ...

    def counted(self, caller: Caller | None, refuse: Refuse) -> None:
        """The host refused something that is not recorded: nobody's, or too much of the same. Count it."""
        ...

    async def settle(self, permit: str, response: HttpResponse) -> HttpResponse | Refuse:
        """The whole answer is there: charge what it really cost, record it, return what the agent may see."""
        ...

    def tap(self, permit: str, response: HttpResponse) -> StreamTap | None:
        """The answer's head is there. A tap when this answer shall be streamed, None when it shall be buffered."""
        ...

    async def weigh(self, permit: str, tap: StreamTap) -> list[bytes]:
        """Judge what `tap` waits for, until it waits for nothing; what may be passed on then."""
        ...

    async def finish(self, permit: str, tap: StreamTap) -> None:
        """A tapped answer has ended: charge and record it."""
        ...

    async def message(self, permit: str, *, from_client: bool, data: bytes) -> Pass | Refuse:
        """Judge one whole WebSocket message before it goes on. After a refusal the channel is closed on both sides.

        The messages of one channel are asked about one after the other, in the order in which they go on.
        """
        ...

    async def hang_up(self, permit: str) -> None:
        """A WebSocket has ended: record it."""
        ...

    async def watch(self, cut: Callable[[str, Refuse], None]) -> None:
        """For as long as the host runs: call `cut` for each permit whose exchange must end at once.

        The host then relays nothing more of it, drops its upstream, and tells the agent. If this ends or raises,
        nobody watches any more, and the host must end too.
        """
        ...

    async def abandon(self, permit: str, why: str, *, left: bool) -> None:
        """There will be no answer. `left` False: nothing reached the upstream, so the charge is given back."""
        ...
