"""TLS with all upstreams, and the sessions that are resumed: whom we have just verified proves itself in short.

A session is of one run with one name and port, since a ticket tells its server who comes again; it is good for one more
connection, and for so long as what was verified when it began may be taken for true: never longer than the server's
certificate, at which nobody looks in a resumption. Knows no hooks and no requests.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections import OrderedDict
from collections.abc import Callable

from aisecops.adapters.mitm.lane.tls_pipe import TlsPipe
from aisecops.adapters.mitm.names import Place

VERIFIED_S = 600.0
"""For so long a chain that was verified is not verified again."""
SESSIONS_KEPT = 200
"""Each has its server's chain, and takes 17 KB and more."""
OF_ONE = 4
"""Sessions of one run with one place: of so many connections at once."""

type Whose = tuple[tuple[str, str] | None, Place]


class UpstreamTls:
    """One for all upstreams; `context` verifies them. `now` is in seconds."""

    def __init__(self, context: ssl.SSLContext, *, now: Callable[[], float]) -> None:
        self._context = context
        self._now = now
        self._sessions: OrderedDict[Whose, list[tuple[ssl.SSLSession, float]]] = OrderedDict()
        self._kept = 0

    def pipe(
        self, raw: asyncio.Transport, protocol: asyncio.Protocol, whose: Whose
    ) -> tuple[TlsPipe, Callable[[], None]]:
        """TLS on `raw` with whoever is at the place of `whose`, not begun; and what is to be called when it is lost."""
        session, until = self._taken(whose)
        began, host = self._now(), whose[1].host
        pipe = TlsPipe(raw, protocol, self._context, server_side=False, server_hostname=host, session=session)

        def lost() -> None:
            if pipe.stands:
                resumed = pipe.tls.session_reused
                good = until if resumed else min(began + VERIFIED_S, self._now() + _lasts_s(pipe.tls))
                self._keep(whose, pipe.tls.session, good)

        return pipe, lost

    def _keep(self, whose: Whose, session: ssl.SSLSession | None, until: float) -> None:
        if session is None or not session.has_ticket:
            return
        kept = self._out(whose)
        self._sessions[whose] = [*kept[1 - OF_ONE :], (session, until)]
        self._kept += len(self._sessions[whose])
        while self._kept > SESSIONS_KEPT:
            self._out(next(iter(self._sessions)))

    def _taken(self, whose: Whose) -> tuple[ssl.SSLSession | None, float]:
        """The newest session, which nobody gets again, and until when its peer need not be verified again."""
        kept = self._out(whose)
        fresh = [(session, until) for session, until in kept if self._now() < until]
        if not fresh:
            return None, self._now()
        if rest := fresh[:-1]:
            self._sessions[whose] = rest
            self._kept += len(rest)
        return fresh[-1]

    def _out(self, whose: Whose) -> list[tuple[ssl.SSLSession, float]]:
        kept = self._sessions.pop(whose, [])
        self._kept -= len(kept)
        return kept


def _lasts_s(tls: ssl.SSLObject) -> float:
    """How long the certificate that the server has shown is still good."""
    shown = tls.getpeercert() or {}
    ends = ssl.cert_time_to_seconds(str(shown["notAfter"])) if "notAfter" in shown else 0
    return ends - time.time()  # noqa: TID251 - certificates are by this clock
