"""Follows the record and sends what it says to a collector, from where it stopped, as often as it takes.

Off the path: it reads the record's files behind the gateways, which know nothing of it. Where it is, it keeps in a
file of the state folder, written after the collector has taken a batch: while the collector is away nothing is lost
and nothing is held in memory, and after a crash at most one batch is sent twice, under the same ids.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

import orjson

from aisecops.adapters.audit import otel
from aisecops.adapters.audit.otel import LogLine, TraceSpan
from aisecops.adapters.audit.otlp import Sent
from aisecops.adapters.audit.reader import events, last_seq
from aisecops.adapters.audit.traces import Traces
from aisecops.adapters.system.files import PRIVATE, write_whole
from aisecops.model.errors import RecordError

AT_ONCE = 500
"""Events of one batch."""

_log = logging.getLogger("aisecops.telemetry")


class Receiver(Protocol):
    """What takes batches, whole or not at all."""

    @property
    def why(self) -> str:
        """What it said last."""
        ...

    def logs(self, lines: Sequence[LogLine]) -> Sent: ...

    def spans(self, spans: Sequence[TraceSpan]) -> Sent: ...


class Follower:
    """One pass over what is new is `step`. `place` is the file that says how far it has come.

    `idle_ms`: a run that is silent for so long is over. `lag` is told how old the oldest event is that was not taken.
    """

    def __init__(
        self, record: Path, place: Path, receiver: Receiver, *, idle_ms: int, lag: Callable[[float], None]
    ) -> None:
        """Go on where it stopped. Raises `RecordError` for a record that cannot be read."""
        self._record, self._place, self._receiver, self._lag = record, place, receiver, lag
        self._traces = Traces(idle_ms=idle_ms)
        self._seq, was_open = self._found()
        self._spans: list[TraceSpan] = []
        self._lines: list[LogLine] = []
        self._away = False
        if was_open:
            since = min(was_open.values()) - 1
            before = (event for event in events(record, after_seq=since) if event["seq"] <= self._seq)
            self._traces.recover(before, was_open.keys())

    @property
    def seq(self) -> int:
        """The last event that was read."""
        return self._seq

    @property
    def waits(self) -> bool:
        """True while there is something that the collector has not taken."""
        return bool(self._lines or self._spans)

    def start_at_end(self) -> None:
        """Leave out what is recorded until now."""
        self._seq = last_seq(self._record)
        self._keep()

    def step(self, now_ms: int) -> bool:
        """Send what is new, at most one batch; True when there may be more. False also while nothing is taken."""
        if self._lines or self._spans:  # not taken the last time
            return self._send(now_ms)
        batch = list(islice(events(self._record, after_seq=self._seq), AT_ONCE)) if self._record.exists() else []
        for event in batch:
            self._take(event)
        self._spans += self._traces.silent(now_ms)
        if not batch and not self._spans:
            self._lag(0.0)
            return False
        newest_ms = self._lines[-1].at_ms if self._lines else now_ms
        if not self._send(now_ms):
            return False
        more = len(batch) == AT_ONCE
        self._lag(max(0.0, (now_ms - newest_ms) / 1000) if more else 0.0)
        return more

    def _take(self, event: dict[str, Any]) -> None:
        self._seq = event["seq"]
        self._lines.append(otel.as_log(event))
        try:
            self._spans += self._traces.add(event)
        except (KeyError, TypeError, ValueError) as error:  # an event of another version: the log has it all the same
            _log.warning("no span can be made of event %d (%s: %s)", event["seq"], type(error).__name__, error)

    def _send(self, now_ms: int) -> bool:
        oldest_ms = self._lines[0].at_ms if self._lines else now_ms
        if self._all_taken():
            self._keep()
            if self._away:
                self._away = False
                _log.info("the collector takes telemetry again")
            return True
        self._lag(max(0.0, (now_ms - oldest_ms) / 1000))
        if not self._away:
            self._away = True
            _log.warning("the collector does not take telemetry (%s); what is recorded waits", self._receiver.why)
        return False

    def _all_taken(self) -> bool:
        """What was taken is not sent again when the rest was not."""
        while self._lines:
            taken = _taken(self._receiver.logs, self._lines)
            if not taken:
                return False
            del self._lines[:taken]
        while self._spans:
            taken = _taken(self._receiver.spans, self._spans)
            if not taken:
                return False
            del self._spans[:taken]
        return True

    def _found(self) -> tuple[int, dict[str, int]]:
        try:
            kept = orjson.loads(self._place.read_bytes())
            seq, was_open = int(kept["seq"]), {str(name): int(at) for name, at in kept["open"].items()}
        except FileNotFoundError:
            return 0, {}
        except (ValueError, KeyError, TypeError, AttributeError):
            _log.warning("`%s` cannot be read: the record is sent from its beginning", self._place)
            return 0, {}
        try:
            end = last_seq(self._record)
        except RecordError:
            end = 0
        if end < seq:
            _log.warning("the record ends before event %d, which was sent: it is another one, sent from here on", seq)
            return 0, {}
        return seq, was_open

    def _keep(self) -> None:
        kept = {"seq": self._seq, "open": self._traces.open}
        write_whole(self._place, orjson.dumps(kept), mode=PRIVATE)


def _taken(send: Callable[[Any], Sent], batch: Sequence[Any]) -> int:
    """How many from the start of `batch` are done with: taken, or one alone that never will be. 0: come again."""
    size = len(batch)
    while True:
        match send(batch[:size]):
            case Sent.TAKEN:
                return size
            case Sent.LATER:
                return 0
            case Sent.NEVER if size > 1:
                size = (size + 1) // 2  # find the one it will not take
            case Sent.NEVER:
                _log.error("the collector will never take this one, it is left out: %r", _named(batch[0]))
                return 1


def _named(one: LogLine | TraceSpan) -> str:
    if isinstance(one, LogLine):
        return f"event {one.attributes.get(f'{otel.OURS}seq')}"
    return f"span {one.span_id:016x} {one.name}"
