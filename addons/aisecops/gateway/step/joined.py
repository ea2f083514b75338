"""Joined chains as the record tells them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from aisecops.model.chain import Drawn, JoinedChain
from aisecops.model.risk import from_micros


def told_drawn(drawn: Iterable[Drawn]) -> list[dict[str, Any]] | None:
    """For the record; None for nobody's."""
    told = [_told(one) for one in drawn]
    return told or None


def told_joined(joined: Iterable[JoinedChain]) -> list[dict[str, Any]] | None:
    """The chains that a decision was made with, for the record; None for none."""
    told = [
        _told(one.drawn) | {"risk": from_micros(one.risk_micros), "halted": one.halted_ms is not None} for one in joined
    ]
    return told or None


def _told(one: Drawn) -> dict[str, Any]:
    return {"run_id": one.run_id, "root_run_id": one.root_run_id, "agent_id": one.agent_id, "way": one.way.value}
