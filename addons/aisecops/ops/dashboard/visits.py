"""Who is logged in: a random name in a cookie here, everything it stands for kept in this process.

Every request proves again who it is by, so a person whom the rules name no longer is out at once. Another way to log
in (single sign-on, say) is another `Proof`, and one more button on the page of the login.
"""

from __future__ import annotations

import hashlib
import hmac
from collections import deque
from collections.abc import Callable
from typing import Protocol

from aisecops.gateway.ports import Clock
from aisecops.model.outcome import Refuse
from aisecops.ops.control.who import Asker, Doorkeeper

MOST_VISITS = 1000
LASTS_MS = 12 * 60 * 60 * 1000
IDLE_MS = 60 * 60 * 1000

FAILURES = 5
FAILURES_TOGETHER = 100
WITHIN_MS = 5 * 60 * 1000
MOST_SOURCES = 10_000


class Proof(Protocol):
    """What a login rests on."""

    async def asker(self) -> Asker | Refuse:
        """Whose login it is, as things stand now. Raises `StoreError` when that cannot be checked."""
        ...


class SecretProof:
    """A login with the operator's secret, or with that of somebody whom the rules name under `people`."""

    def __init__(self, keeper: Doorkeeper, secret: str) -> None:
        self._keeper = keeper
        self._secret = secret

    async def asker(self) -> Asker | Refuse:
        return await self._keeper.who(f"Bearer {self._secret}", method="GET", target="/")


class Visit:
    """One login. `csrf` is what its forms must carry."""

    def __init__(self, proof: Proof, csrf: str, now_ms: int) -> None:
        self.proof = proof
        self.csrf = csrf
        self.began_ms = now_ms
        self.seen_ms = now_ms

    def over(self, now_ms: int) -> bool:
        """True once it has lasted too long, or nobody has asked for anything for too long."""
        return now_ms - self.began_ms >= LASTS_MS or now_ms - self.seen_ms >= IDLE_MS

    def is_from(self, csrf: str) -> bool:
        """True when a form with this token was made for this login."""
        return hmac.compare_digest(self.csrf.encode(), csrf.encode("utf-8", "surrogatepass"))


class Visits:
    """All logins of this process, at most `MOST_VISITS`: the oldest gives way."""

    def __init__(self, clock: Clock, new_secret: Callable[[], str]) -> None:
        self._clock = clock
        self._new_secret = new_secret
        self._standing: dict[str, Visit] = {}

    def begin(self, proof: Proof) -> str:
        """Remember a login; return what its cookie says."""
        now_ms = self._clock.now_ms()
        self._standing = {name: visit for name, visit in self._standing.items() if not visit.over(now_ms)}
        while len(self._standing) >= MOST_VISITS:
            del self._standing[next(iter(self._standing))]
        cookie = self._new_secret()
        self._standing[_kept_as(cookie)] = Visit(proof, self._new_secret(), now_ms)
        return cookie

    def find(self, cookie: str) -> Visit | None:
        """The login that a cookie names, if it still stands; it has just been seen."""
        now_ms = self._clock.now_ms()
        visit = self._standing.get(_kept_as(cookie))
        if visit is None or visit.over(now_ms):
            self.end(cookie)
            return None
        visit.seen_ms = now_ms
        return visit

    def end(self, cookie: str) -> None:
        """Forget a login."""
        self._standing.pop(_kept_as(cookie), None)


class Failures:
    """How often a secret was wrong: `FAILURES` within `WITHIN_MS` from one address, `FAILURES_TOGETHER` from all."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._of: dict[str, deque[int]] = {}
        self._all: deque[int] = deque(maxlen=FAILURES_TOGETHER)

    def wait_s(self, source: str) -> int:
        """For how long nothing is compared for this address any more; 0 when it is."""
        now_ms = self._clock.now_ms()
        own = self._of.get(source, ())
        until = [times[0] + WITHIN_MS for times in (own, self._all) if times and len(times) == _most(times)]
        return max(0, -(-(max(until, default=0) - now_ms) // 1000))

    def failed(self, source: str) -> None:
        """One more wrong secret."""
        now_ms = self._clock.now_ms()
        if source not in self._of and len(self._of) >= MOST_SOURCES:
            del self._of[next(iter(self._of))]
        self._of.setdefault(source, deque(maxlen=FAILURES)).append(now_ms)
        self._all.append(now_ms)


def _most(times: deque[int] | tuple[int, ...]) -> int:
    return (times.maxlen or 0) if isinstance(times, deque) else 0


def _kept_as(cookie: str) -> str:
    """A cookie is kept by its digest: who can read this process's memory listing of names still cannot log in."""
    return hashlib.sha256(cookie.encode("utf-8", "surrogatepass")).hexdigest()
