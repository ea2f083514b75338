"""What every service of a process stands on, handed to it as one value."""

from __future__ import annotations

from dataclasses import dataclass

from aisecops.gateway.ports import AuditLog, Clock, Ids, Meter, RuleSource, Store


@dataclass(frozen=True, kw_only=True)
class Ground:
    """State, the record, the rules in force, time, names, and who counts.

    INVARIANT: services that work together stand on the same one. An evaluation stands on another, so that it changes
    nobody's state and is in nobody's record.
    """

    store: Store
    record: AuditLog
    rules: RuleSource
    clock: Clock
    ids: Ids
    meter: Meter
