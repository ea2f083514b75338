"""Enforcement as the adapters see it: `Enforcer`, put together from its parts.

The agent's own way to the control plane (`aisecops.internal`) is here too: it is let through in the
caller's name and nothing else behind the gateway's own addresses is.
"""

from __future__ import annotations

from aisecops.controls.dlp.lexicon import Lexicon
from aisecops.gateway.admission.admit import Admission
from aisecops.gateway.admission.dispatch import turned_away
from aisecops.gateway.enforcer import Caller, Pass, StreamTap
from aisecops.gateway.ground import Ground
from aisecops.gateway.runs.identity import Identities
from aisecops.gateway.runs.vouch import Vouching
from aisecops.gateway.settlement.cuts import Cut, Cuts
from aisecops.gateway.settlement.downloads import Downloads, DownloadWatch, download_watch
from aisecops.gateway.settlement.settle import Settlement
from aisecops.gateway.settlement.streamed import is_event_stream, streamed_as
from aisecops.gateway.step.permits import Permit, Permits
from aisecops.gateway.step.reading import FAILED, is_needed_whole
from aisecops.gateway.step.refuse import fault_refusal
from aisecops.gateway.timed import Stage, timed
from aisecops.gateway.together.batches import Batches
from aisecops.gateway.together.mcp_watch import BatchWatch, McpWatch
from aisecops.gateway.together.messages import Messages
from aisecops.gateway.watch import StreamWatch
from aisecops.model.certificate import Names
from aisecops.model.errors import Fault
from aisecops.model.exchange import HttpRequest, HttpResponse, values
from aisecops.model.ids import DecisionId, RunId
from aisecops.model.outcome import Forward, Outcome, Refuse
from aisecops.model.refusals import Code
from aisecops.wire.dialects import stream_framing
from aisecops.wire.llm import LlmCall

CONTROL_HOST = "aisecops.internal"
CONTROL_PORT = 80
CONTROL_PATHS = ("/v1/runs", "/v1/tokens", "/.well-known/jwks.json", "/healthz")
CONTROL_PERMIT = "control:"
NOT_THERE = Refuse(
    code=Code.DESTINATION_DENIED,
    detail=f"`{CONTROL_HOST}` answers http on port {CONTROL_PORT} for {', '.join(CONTROL_PATHS)} only",
)


class Enforcement:
    """Implements `Enforcer`. `control` is where the control plane listens, None when agents may not reach it."""

    def __init__(
        self,
        ground: Ground,
        *,
        identities: Identities,
        admission: Admission,
        settlement: Settlement,
        downloads: Downloads,
        permits: Permits,
        cuts: Cuts,
        messages: Messages,
        vouching: Vouching,
        control: tuple[str, int] | None,
    ) -> None:
        self._ground = ground
        self._identities = identities
        self._admission = admission
        self._batches = Batches(ground, admission=admission, settlement=settlement, permits=permits)
        self._settlement = settlement
        self._downloads = downloads
        self._permits = permits
        self._cuts = cuts
        self._messages = messages
        self._vouching = vouching
        self._control = control

    async def identify(
        self, proxy_authorization: str | None, *, source: str, names: Names | None = None
    ) -> Caller | Refuse:
        with timed(self._ground.meter, Stage.IDENTIFY):
            caller = await self._identities.identify(proxy_authorization, source=source, names=names or frozenset())
        if isinstance(caller, Refuse):
            # Counted and not recorded: whoever guesses secrets must not be able to fill the disk with it.
            self.counted(None, caller)
        return caller

    async def connect(self, caller: Caller, host: str, port: int) -> Refuse | None:
        if host == CONTROL_HOST:
            if self._control is not None and port == CONTROL_PORT:
                return None  # some clients open a tunnel for http too; what is asked in it is judged there
            asked = HttpRequest(method="CONNECT", scheme="https", host=host, port=port, path="/", headers=())
            return await self.refused(caller, asked, NOT_THERE)
        refuse = await self._admission.connect(caller, host, port)
        if refuse is not None:
            self.counted(caller, refuse)
        return refuse

    async def head(self, caller: Caller, request: HttpRequest) -> Refuse | int:  # noqa: ARG002 - the port's shape
        """How much body may be buffered. Everything else is judged with the whole request, in one place."""
        return self._ground.rules.current().egress.max_body_bytes

    async def admit(self, caller: Caller, request: HttpRequest) -> Outcome:
        try:
            if request.host == CONTROL_HOST:
                there = self._to_control(caller, request)
                return await self.refused(caller, request, there) if isinstance(there, Refuse) else there
            outcome = await self._batches.admit(caller, request)
            return outcome or await self._admission.admit(caller, request)
        except Fault as fault:
            refuse = fault_refusal(fault, caller.run_id)
            turned_away(self._ground.meter, caller.agent_id, refuse)
            return refuse

    async def refused(self, caller: Caller, request: HttpRequest, refuse: Refuse) -> Refuse:
        self.counted(caller, refuse)
        return await self._admission.refused(caller, request, refuse)

    def counted(self, caller: Caller | None, refuse: Refuse) -> None:
        turned_away(self._ground.meter, caller.agent_id if caller else None, refuse)

    async def settle(self, permit: str, response: HttpResponse) -> HttpResponse | Refuse:
        if permit.startswith(CONTROL_PERMIT):
            return response
        with timed(self._ground.meter, Stage.SETTLE):
            if self._batches.is_open(permit):
                return await self._batches.settle(permit, response)
            return await self._settlement.settle(permit, response)

    def tap(self, permit: str, response: HttpResponse) -> StreamTap | None:
        if self._batches.is_open(permit):
            return self._batches.tap(permit, response)
        found = self._permits.find(permit)
        if found is None or is_needed_whole(found.step):
            return None  # a stream would go by unseen
        tap = self._tap_on(found, response)
        if isinstance(tap, StreamWatch):
            self._permits.answers(permit, tap)
        return tap

    def _tap_on(self, found: Permit, response: HttpResponse) -> StreamTap | None:
        step = found.step
        if step.call is not None:
            return self._tap_of(step.call, response, found.restores)
        if step.any_size and found.restores is None and not is_event_stream(response):
            return download_watch(response)
        unread = step.model is not None and self._settlement.judges_proposals
        if unread or not is_event_stream(response):
            return None
        if step.spoken is not None:
            return McpWatch(status=response.status, awaited=step.spoken.awaited, restores=found.restores)
        return StreamWatch(status=response.status, dialect=None, restores=found.restores)

    def _tap_of(self, call: LlmCall, response: HttpResponse, restores: Lexicon | None) -> StreamTap | None:
        framing = stream_framing(call.dialect, streamed_as(response)) if call.stream else None
        if framing is None or response.status >= FAILED:
            return None
        shaped = call.response_schema is not None
        return StreamWatch(
            status=response.status,
            dialect=call.dialect,
            judged=True,
            shaped=shaped,
            framing=framing,
            restores=restores,
        )

    async def weigh(self, permit: str, tap: StreamTap) -> list[bytes]:
        if isinstance(tap, DownloadWatch):
            return await self._downloads.weigh(permit, tap)
        if not isinstance(tap, StreamWatch):
            raise Fault("a stream waits that was not opened here")
        if tap.unknown:
            carries = self._batches.least_trusted(permit) if self._batches.is_open(permit) else permit
            return await self._downloads.hear(carries, tap)
        passed: list[bytes] = []
        while awaited := tap.unweighed:
            weighed = await self._settlement.weigh(permit, awaited)
            passed += tap.stopped(weighed) if isinstance(weighed, Refuse) else tap.weighed(weighed)
        return passed

    async def finish(self, permit: str, tap: StreamTap) -> None:
        if isinstance(tap, DownloadWatch):
            await self._downloads.finish(permit, tap)
            return
        if not isinstance(tap, StreamWatch):
            raise Fault("a stream ended that was not opened here")
        if isinstance(tap, BatchWatch):
            await self._batches.finish(permit, tap)
            return
        await self._settlement.finish(
            permit,
            status=tap.status,
            size=tap.size,
            answer=tap.answer(),
            content=tap.content,
            known=tap.origin if isinstance(tap, McpWatch) else None,  # elsewhere words are cut over events
            refused=tap.refused,
        )

    async def message(self, permit: str, *, from_client: bool, data: bytes) -> Pass | Refuse:
        try:
            return await self._messages.judge(permit, from_client=from_client, data=data)
        except Fault as fault:
            return fault_refusal(fault)

    async def hang_up(self, permit: str) -> None:
        await self._messages.end(permit)

    async def watch(self, cut: Cut) -> None:
        def cut_carrier(permit: str, refuse: Refuse) -> None:
            cut(self._batches.carrier(permit, refuse), refuse)

        await self._cuts.watch(cut_carrier)

    async def abandon(self, permit: str, why: str, *, left: bool) -> None:
        if self._batches.is_open(permit):
            await self._batches.abandon(permit, why, left=left)
        elif not permit.startswith(CONTROL_PERMIT):
            await self._settlement.abandon(permit, why, left=left)

    def _to_control(self, caller: Caller, request: HttpRequest) -> Outcome:
        path = request.path.partition("?")[0]
        inside = any(path == allowed or path.startswith(f"{allowed}/") for allowed in CONTROL_PATHS)
        if self._control is None or request.scheme != "http" or request.port != CONTROL_PORT or not inside:
            return NOT_THERE
        if ".." in path or "%" in path or "\\" in path or "//" in path:
            return Refuse(code=Code.PROTOCOL_DENIED, detail="the path can be read in more than one way")
        spoken_for = values(request.headers, "Authorization")
        if any(not value.lower().startswith("basic ") for value in spoken_for):
            # An operator's key has no business inside a sandbox; if an agent has one, it is not used from here.
            return Refuse(code=Code.POLICY_DENIED, detail=f"`{CONTROL_HOST}` is for agents and runs, not for operators")
        own = () if spoken_for else (("Authorization", self._introduced(caller, request)),)
        decision = DecisionId(self._ground.ids.new("dec_"))
        return Forward(
            permit=f"{CONTROL_PERMIT}{decision}",
            decision_id=decision,
            run_id=caller.run_id or RunId(""),
            host=request.host,
            port=request.port,
            addresses=(self._control,),
            set_headers=own,
        )

    def _introduced(self, caller: Caller, request: HttpRequest) -> str:
        """What proves `caller` to the control plane: their own credentials, else our word for what was proven here."""
        return caller.authorization or self._vouching.says(caller.agent_id, request.method, request.path)
