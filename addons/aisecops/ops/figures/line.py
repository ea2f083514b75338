"""One line of the record as the figures read it: the few fields they count by, everything else passed over.

A line is read in microseconds, since a million of them are read when a record is counted for the first time.
"""

from __future__ import annotations

from typing import Any

import msgspec

ENDS = frozenset({"run_finished", "run_halted"})
ACTS = frozenset({"tool_invoked", "llm_called", "source_read"})
RETURNS = frozenset({"tool_returned", "llm_returned", "exchange_cut"})


class ApprovedFacts(msgspec.Struct, gc=False):
    """Of a decision's facts: whether a person had approved the step."""

    approval: dict[str, Any] | None = None


class Line(msgspec.Struct, gc=False):
    """What is counted by. `total`: the sum of the chain's risk, with this step when it is a decision."""

    seq: int
    at: str
    event: str
    run_id: str | None = None
    root_run_id: str | None = None
    agent_id: str | None = None
    decision_id: str | None = None
    kind: str | None = None
    tool: str | None = None
    mode: str | None = None
    enforced: str | None = None
    total: float | None = None
    approve_above: float | None = None
    contained_s: float | None = None
    duration_ms: float | None = None
    facts: ApprovedFacts | None = None

    @property
    def over_the_line(self) -> bool:
        """True for a decision about a step that would have taken its chain over the line where a person is asked."""
        return self.event == "decision" and (self.total or 0.0) > (self.approve_above or 0.0)

    @property
    def passed_by_itself(self) -> bool:
        """True for a decision that let its step through without a person's yes."""
        return self.enforced == "allow" and (self.facts is None or self.facts.approval is None)


class _Head(msgspec.Struct, gc=False):
    seq: int
    at: str
    event: str
    run_id: str | None = None
    root_run_id: str | None = None


_LINE = msgspec.json.Decoder(Line)
_HEAD = msgspec.json.Decoder(_Head)


def read_line(line: bytes) -> Line | None:
    """`line` as the figures see it; None when it is no event."""
    try:
        return _LINE.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _read_head(line)


def _read_head(line: bytes) -> Line | None:
    """An event whose own fields are not as ours are: counted by its name alone."""
    try:
        head = _HEAD.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return Line(seq=head.seq, at=head.at, event=head.event, run_id=head.run_id, root_run_id=head.root_run_id)
