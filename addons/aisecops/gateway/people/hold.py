"""Waiting on the line for a person's answer, for as long as the settings allow."""

from __future__ import annotations

import asyncio

from aisecops.gateway.people.approve import Approvals
from aisecops.gateway.ports import Clock
from aisecops.model.state import Approval, ApprovalState

LOOK_EVERY_S = 0.2
"""The answer comes through the shared store, from another process: it is looked for this often."""


async def wait_for_person(approvals: Approvals, approval: Approval, *, clock: Clock, hold_ms: int) -> Approval:
    """The approval as it stands once it is answered, gone, or `hold_ms` have passed."""
    until = clock.now_ms() + hold_ms
    now = approval
    while now.state is ApprovalState.PENDING and clock.now_ms() < until:
        await asyncio.sleep(LOOK_EVERY_S)
        now = await approvals.standing(approval.approval_id) or approval
    return now
