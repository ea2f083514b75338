"""Answers names for agents whose connections are redirected: only those that a rule names, and nobody else is asked.

Every connection of such an agent ends at the gateway, which goes by the name said inside it; so any address that is
routed to the gateway will do, and is made up here. No resolver is asked for an agent: what it writes into a name
stays here. Knows rules and DNS words; sockets are an adapter's.
"""

from __future__ import annotations

import hashlib
import ipaddress
import logging
from collections.abc import Callable
from enum import StrEnum

from aisecops.controls.policy.match import host_known
from aisecops.gateway.ports import Clock, RuleSource
from aisecops.model.errors import WireError
from aisecops.wire.dns import AAAA, IN, A, Query, Rcode, answer, format_error, is_query, read_query

logger = logging.getLogger(__name__)

TTL_S = 30
LINES_A_MINUTE = 10
_MINUTE_MS = 60_000
_SHOWN = 60


class Answered(StrEnum):
    """What became of a query; the label of its metric."""

    ADDRESS = "address"
    EMPTY = "empty"
    REFUSED = "refused"
    MALFORMED = "malformed"
    IGNORED = "ignored"


class MadeUpAddresses:
    """An address for every name, always the same one, out of one network of 256 addresses or more."""

    def __init__(self, network: str) -> None:
        self._network = ipaddress.ip_network(network)

    def of(self, name: str) -> str:
        """The address of `name`; neither the first nor the last of the network."""
        digest = hashlib.blake2b(name.encode(), digest_size=8).digest()
        return str(self._network[1 + int.from_bytes(digest) % (self._network.num_addresses - 2)])


class NameAnswers:
    """Answers queries. `own_names` are answered without a rule; `count` is told what became of each query."""

    def __init__(
        self,
        rules: RuleSource,
        clock: Clock,
        *,
        ipv4: str,
        ipv6: str | None,
        own_names: frozenset[str],
        count: Callable[[str], None],
    ) -> None:
        self._rules = rules
        self._families = {A: MadeUpAddresses(ipv4), AAAA: MadeUpAddresses(ipv6) if ipv6 else None}
        self._own_names = own_names
        self._count = count
        self._lines = FewLines(clock)

    def answer(self, message: bytes) -> bytes | None:
        """The answer to one DNS message; None when it deserves none. Never raises for what a client sent."""
        answered, said = self._answer(message)
        self._count(answered.value)
        return said

    def _answer(self, message: bytes) -> tuple[Answered, bytes | None]:
        if not is_query(message):
            return Answered.IGNORED, None
        try:
            query = read_query(message)
        except WireError as error:
            self._lines.say("a DNS query is malformed: %s", error.detail)
            return Answered.MALFORMED, format_error(message)
        if query.kind_class != IN or query.kind not in self._families or not query.is_standard:
            self._lines.say("a DNS query of type %d was refused; only A and AAAA are answered", query.kind)
            return Answered.REFUSED, answer(query, Rcode.REFUSED)
        if not self._known(query):
            self._lines.say("the name `%s` was refused: no rule names it", _shown(query.name))
            return Answered.REFUSED, answer(query, Rcode.REFUSED)
        family = self._families[query.kind]
        if family is None:
            return Answered.EMPTY, answer(query, Rcode.NO_ERROR)
        return Answered.ADDRESS, answer(query, Rcode.NO_ERROR, family.of(query.name), ttl_s=TTL_S)

    def _known(self, query: Query) -> bool:
        return query.name in self._own_names or host_known(self._rules.current(), query.name)


class FewLines:
    """A log that an agent cannot flood: so many lines a minute, and then how many more there would have been."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._since_ms = 0
        self._said = 0

    def say(self, words: str, *values: object) -> None:
        """Log it, if this minute has a line left."""
        now_ms = self._clock.now_ms()
        if not 0 <= now_ms - self._since_ms < _MINUTE_MS:
            if self._said > LINES_A_MINUTE:
                logger.warning("%d more DNS queries were refused in that minute", self._said - LINES_A_MINUTE)
            self._since_ms, self._said = now_ms, 0
        self._said += 1
        if self._said <= LINES_A_MINUTE:
            logger.warning(words, *values)


def _shown(name: str) -> str:
    """The end of `name`: what an agent tries to send out in a name stands before it."""
    end = ".".join(name.rsplit(".", 2)[-2:])[-_SHOWN:]
    return end if end == name else f"….{end}"
