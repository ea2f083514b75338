"""What is recorded is counted, once it is recorded."""

from __future__ import annotations

import pytest
from prometheus_client import generate_latest

from aisecops.model.errors import RecordError
from aisecops.model.ids import AgentId
from aisecops.model.record import Event, EventName
from aisecops.ops.counted import CountedRecord
from aisecops.ops.metrics import Metrics
from support.gateway import ListedRecord

ISSUED = Event(event=EventName.TOKEN_ISSUED, agent_id=AgentId("bot"))
FINISHED = Event(event=EventName.RUN_FINISHED, agent_id=AgentId("bot"), fields={"total": 0.4})
HALTED = Event(event=EventName.RUN_HALTED, agent_id=AgentId("bot"), fields={"total": 2.1})


def lines(metrics):
    return generate_latest(metrics.registry).decode().splitlines()


async def test_tokens_issued_and_runs_ended_are_counted_with_their_risk():
    metrics, record = Metrics(), ListedRecord()

    await CountedRecord(record, metrics).append(ISSUED, FINISHED, HALTED, ISSUED, durable=True)

    assert record.durable == [ISSUED, FINISHED, HALTED, ISSUED]
    said = lines(metrics)
    assert "aisecops_tokens_issued_total 2.0" in said
    assert 'aisecops_runs_total{agent="bot",outcome="finished"} 1.0' in said
    assert 'aisecops_runs_total{agent="bot",outcome="halted"} 1.0' in said
    assert "aisecops_run_risk_sum 2.5" in said


async def test_what_could_not_be_recorded_is_not_counted():
    metrics, record = Metrics(), ListedRecord()
    record.broken = True

    with pytest.raises(RecordError):
        await CountedRecord(record, metrics).append(ISSUED)

    assert "aisecops_tokens_issued_total 0.0" in lines(metrics)
