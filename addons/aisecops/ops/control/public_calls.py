"""What everybody may ask: does it live, is it ready, the public keys, the description of the API."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from aisecops.controls.tokens.jwks import public_key, to_jwks
from aisecops.gateway.ports import KeySet, RuleSource, Store
from aisecops.model.errors import Fault
from aisecops.model.outcome import Refuse
from aisecops.model.refusals import Code
from aisecops.ops.control.answering import as_json, problem
from aisecops.ops.control.openapi import describe

LEAST_ROOM = 1024 * 1024
"""Bytes free for the record, below which some event will not fit, and what it is of is refused."""


class PublicCalls:
    """Open to everybody."""

    def __init__(
        self,
        *,
        store: Store,
        rules: RuleSource,
        keys: KeySet,
        lagging: Callable[[], Sequence[str]] = tuple,
        room: Callable[[], int] = lambda: LEAST_ROOM,
        trouble: Callable[[], str] = str,
    ) -> None:
        """`lagging` says of each gateway worker on this machine that is late how late it is.

        `room` is how many bytes are free for the record, `trouble` why it cannot be written, empty when it can.
        """
        self._store = store
        self._rules = rules
        self._keys = keys
        self._lagging = lagging
        self._room = room
        self._trouble = trouble

    def routes(self) -> Sequence[Route]:
        """All of them."""
        return (
            Route("/healthz", self.healthz, methods=["GET"]),
            Route("/readyz", self.readyz, methods=["GET"]),
            Route("/.well-known/jwks.json", self.jwks, methods=["GET"]),
            Route("/openapi.json", self.openapi, methods=["GET"]),
        )

    async def healthz(self, _: Request) -> Response:
        return as_json({"status": "ok"})

    async def readyz(self, _: Request) -> Response:
        try:
            await self._store.ping()
            self._keys.verify_keys()
            version = self._rules.current().policy_version
        except Fault as fault:
            return problem(Refuse(code=fault.code, detail=str(fault)))
        if unwritable := self._trouble() or await run_in_threadpool(self._too_full):
            return problem(Refuse(code=Code.RECORD_UNAVAILABLE, detail=unwritable))
        if late := await run_in_threadpool(self._lagging):
            return problem(Refuse(code=Code.INTERNAL, detail="; ".join(late)))
        return as_json({"status": "ready", "policy_version": version})

    def _too_full(self) -> str:
        try:
            return "the disk of the record is full; free some" if self._room() < LEAST_ROOM else ""
        except OSError as error:
            return f"the record's folder cannot be looked at ({(error.strerror or str(error)).lower()}); put it back"

    async def jwks(self, _: Request) -> Response:
        return as_json(
            to_jwks(public_key(x) for x in self._keys.verify_keys().values()), headers={"cache-control": "max-age=60"}
        )

    async def openapi(self, _: Request) -> Response:
        return as_json(describe())
