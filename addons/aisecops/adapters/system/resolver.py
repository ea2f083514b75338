"""Names to addresses, for the port `Resolver`: the operator's fixed ones first, otherwise the system's.

Asks the system in threads, never through the proxy's event loop, whose resolving is guarded. Judges no address:
whether one may be dialled is `controls/egress/destination.py`.

A system's resolver may take half a minute over a name whose servers are silent, and agents choose names. So one name is
looked up by one thread, however many ask; and names that were answered last time have threads of their own.
"""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from aisecops.model.errors import ConfigError

Addresses = tuple[tuple[str, int], ...]
Lookup = Callable[[str, int], Sequence[tuple[str, int]]]

_MAX_KNOWN = 4096
_THREADS_FOR_KNOWN, _THREADS_FOR_OTHERS = 8, 24
MOST_OTHERS = 128
"""Names that were not answered last time, looked up or waiting for it; with more, a further one is not resolved."""


class SystemResolver:
    """`fixed` maps `host:port` to `address:port`. Answers are kept for `ttl_s`; a look-up takes `timeout_s` at most.

    That a name did not resolve is kept for `missing_ttl_s`.
    """

    def __init__(
        self,
        fixed: Mapping[str, str],
        *,
        ttl_s: float = 5.0,
        missing_ttl_s: float = 0.0,
        timeout_s: float = 5.0,
        lookup: Lookup | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._fixed = {_place(name): (_place(address),) for name, address in fixed.items()}
        self._ttl_s = ttl_s
        self._missing_ttl_s = missing_ttl_s
        self._missing: dict[tuple[str, int], float] = {}
        self._timeout_s = timeout_s
        self._lookup = lookup or system_lookup
        self._clock = clock
        self._known: dict[tuple[str, int], tuple[float, Addresses]] = {}
        self._for_known = ThreadPoolExecutor(max_workers=_THREADS_FOR_KNOWN, thread_name_prefix="resolver")
        self._for_others = ThreadPoolExecutor(max_workers=_THREADS_FOR_OTHERS, thread_name_prefix="resolver-others")
        self._asked: dict[tuple[str, int], asyncio.Future[Addresses]] = {}
        self._others = 0

    def is_fixed(self, host: str, port: int) -> bool:
        """True when the operator fixed this place."""
        return (_plain(host), port) in self._fixed

    def is_at_hand(self, host: str, port: int) -> bool:
        """True when nobody would be asked for it now."""
        return bool(self._at_hand((_plain(host), port)))

    def _at_hand(self, place: tuple[str, int]) -> Addresses:
        if fixed := self._fixed.get(place):
            return fixed
        until, addresses = self._known.get(place, (0.0, ()))
        return addresses if self._clock() < until else ()

    async def resolve(self, host: str, port: int) -> Sequence[tuple[str, int]]:
        """Where `host:port` is. Raises OSError when nothing answers, or not in time."""
        place = (_plain(host), port)
        if found := self._at_hand(place):
            return found
        if self._clock() < self._missing.get(place, 0.0):
            raise OSError(f"`{place[0]}` was not resolved just now")
        try:
            return await self._ask(place)
        except OSError:
            self._keep_missing(place)
            raise

    def _keep_missing(self, place: tuple[str, int]) -> None:
        """Where names do not resolve as a rule, asking anew each time would cost the whole timeout."""
        if self._missing_ttl_s:
            if len(self._missing) >= _MAX_KNOWN:
                self._missing.clear()
            self._missing[place] = self._clock() + self._missing_ttl_s

    async def _ask(self, place: tuple[str, int]) -> Addresses:
        asked = self._asked.get(place) or self._begun(place)
        done, _ = await asyncio.wait((asked,), timeout=self._timeout_s)
        if not done:
            self._known.pop(place, None)
            raise OSError(f"`{place[0]}` was not resolved in {self._timeout_s:g} s")
        return asked.result()

    def _begun(self, place: tuple[str, int]) -> asyncio.Future[Addresses]:
        """A look-up that all who ask for `place` meanwhile wait for."""
        is_known = place in self._known
        if not is_known and self._others >= MOST_OTHERS:
            raise OSError("too many names are being looked up")
        self._others += not is_known
        threads = self._for_known if is_known else self._for_others
        asked = asyncio.get_running_loop().run_in_executor(threads, self._looked_up, place)

        def ended(asked: asyncio.Future[Addresses]) -> None:
            del self._asked[place]
            self._others -= not is_known
            self._known.pop(place, None)
            if not asked.cancelled() and asked.exception() is None:
                if len(self._known) >= _MAX_KNOWN:
                    self._known.clear()
                self._known[place] = (self._clock() + self._ttl_s, asked.result())

        self._asked[place] = asked
        asked.add_done_callback(ended)
        return asked

    def _looked_up(self, place: tuple[str, int]) -> Addresses:
        found = tuple(dict.fromkeys(self._lookup(*place)))
        if not found:
            raise OSError(f"`{place[0]}` has no address")
        return found


def system_lookup(host: str, port: int) -> Sequence[tuple[str, int]]:
    """What the system's resolver says, in its order; blocks. Raises OSError."""
    infos = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return [(str(address[0]), int(address[1])) for *_, address in infos]


def _plain(host: str) -> str:
    return host.lower().removesuffix(".")


def _place(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isascii() or not port.isdigit() or not 0 < int(port) < 65536:  # noqa: PLR2004 - ports
        raise ConfigError(f"`{text}` in `upstream.resolve` is not a host and a port", "write it as `name:443`")
    return _plain(host.removeprefix("[").removesuffix("]")), int(port)
