"""Two enforcements behind one door: everybody's, and that of an evaluation while a round of it is open.

Who comes with credentials of the scheme `Evaluation` is the evaluation's, and stays so: on its connection, in every
permit, to the end. What it does is judged by the rules in force and by this very process, and is kept apart by having
another store, another record, no metrics, and nobody to reach but stand-ins.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from aisecops.gateway.annex import Annex
from aisecops.gateway.enforcer import Caller, Enforcer, Pass, StreamTap
from aisecops.model.certificate import Names
from aisecops.model.exchange import HttpRequest, HttpResponse
from aisecops.model.outcome import Forward, Refuse
from aisecops.model.refusals import Code

SCHEME = "evaluation"
_MARK = "evaluation:"
_OVER = Refuse(code=Code.IDENTITY_REQUIRED, detail="no evaluation is open: `aisecops eval --live` opens one")


class Evaluated:
    """Implements `Enforcer`. `annex` is set before anything is asked."""

    annex: Annex[Enforcer]

    def __init__(self, usual: Enforcer) -> None:
        self._usual = usual
        self._cut: Callable[[str, Refuse], None] = lambda _permit, _refuse: None

    async def identify(
        self, proxy_authorization: str | None, *, source: str, names: Names | None = None
    ) -> Caller | Refuse:
        scheme, _, given = (proxy_authorization or "").strip().partition(" ")
        if scheme.lower() != SCHEME:
            return await self._usual.identify(proxy_authorization, source=source, names=names)
        found = await self.annex.now()
        caller = await found[1].identify(f"Basic {given}", source="") if found else _OVER
        if isinstance(caller, Refuse) or found is None:
            self._usual.counted(None, _OVER)  # whoever tries this door shows in the metrics of the real one
            return caller if isinstance(caller, Refuse) else _OVER
        return replace(caller, evaluation=found[0].evaluation_id)

    async def connect(self, caller: Caller, host: str, port: int) -> Refuse | None:
        mine = self._of(caller)
        return _OVER if mine is None else await mine.connect(caller, host, port)

    async def head(self, caller: Caller, request: HttpRequest) -> Refuse | int:
        mine = self._of(caller)
        return _OVER if mine is None else await mine.head(caller, request)

    async def admit(self, caller: Caller, request: HttpRequest) -> Forward | Refuse:
        mine = self._of(caller)
        if mine is None:
            return _OVER
        outcome = await mine.admit(caller, request)
        if mine is self._usual or not isinstance(outcome, Forward):
            return outcome
        return replace(outcome, permit=f"{_MARK}{outcome.permit}")

    async def refused(self, caller: Caller, request: HttpRequest, refuse: Refuse) -> Refuse:
        mine = self._of(caller)
        return refuse if mine is None else await mine.refused(caller, request, refuse)

    def counted(self, caller: Caller | None, refuse: Refuse) -> None:
        mine = self._usual if caller is None else self._of(caller)
        if mine is not None:
            mine.counted(caller, refuse)

    async def settle(self, permit: str, response: HttpResponse) -> HttpResponse | Refuse:
        mine, permit = self._by(permit)
        return _OVER if mine is None else await mine.settle(permit, response)

    def tap(self, permit: str, response: HttpResponse) -> StreamTap | None:
        mine, permit = self._by(permit)
        return None if mine is None else mine.tap(permit, response)

    async def weigh(self, permit: str, tap: StreamTap) -> list[bytes]:
        mine, permit = self._by(permit)
        return [] if mine is None else await mine.weigh(permit, tap)

    async def finish(self, permit: str, tap: StreamTap) -> None:
        mine, permit = self._by(permit)
        if mine is not None:
            await mine.finish(permit, tap)

    async def message(self, permit: str, *, from_client: bool, data: bytes) -> Pass | Refuse:
        mine, permit = self._by(permit)
        return _OVER if mine is None else await mine.message(permit, from_client=from_client, data=data)

    async def hang_up(self, permit: str) -> None:
        mine, permit = self._by(permit)
        if mine is not None:
            await mine.hang_up(permit)

    async def watch(self, cut: Callable[[str, Refuse], None]) -> None:
        self._cut = cut
        await self._usual.watch(cut)

    def cut(self, permit: str, refuse: Refuse) -> None:
        """End an exchange of the evaluation; `permit` is as its own enforcement knows it."""
        self._cut(f"{_MARK}{permit}", refuse)

    async def abandon(self, permit: str, why: str, *, left: bool) -> None:
        mine, permit = self._by(permit)
        if mine is not None:
            await mine.abandon(permit, why, left=left)

    def _of(self, caller: Caller) -> Enforcer | None:
        """Whose request it is; None for one of a round that is over."""
        if not caller.evaluation:
            return self._usual
        found = self.annex.standing
        return found[1] if found and found[0].evaluation_id == caller.evaluation else None

    def _by(self, permit: str) -> tuple[Enforcer | None, str]:
        if not permit.startswith(_MARK):
            return self._usual, permit
        found = self.annex.standing
        return found[1] if found else None, permit.removeprefix(_MARK)
