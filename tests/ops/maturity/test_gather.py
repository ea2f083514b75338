"""The evidence of a real installation's record and store, brought together."""

from __future__ import annotations

import pytest

from aisecops.adapters.store.memory import MemoryStore
from aisecops.gateway.ground import Ground
from aisecops.gateway.pinned.inventory import Inventory
from aisecops.model.record import Event, EventName
from aisecops.ops.maturity.gather import Maturity
from support.gateway import CountedIds, rules_of
from support.parts import Tally
from support.records import SystemClock, chain


class Rules:
    def __init__(self, rules):
        self._rules = rules

    def current(self):
        return self._rules


RULES = Rules(rules_of("version: 1\nagents: {}\ntools: {}\n"))


@pytest.fixture
async def record(tmp_path):
    log = chain(tmp_path / "audit")
    yield log
    await log.close()


def assessing(tmp_path, record):
    clock, store = SystemClock(), MemoryStore()
    ground = Ground(store=store, record=record, rules=RULES, clock=clock, ids=CountedIds(), meter=Tally())
    inventory = Inventory(ground)
    return Maturity(record_folder=tmp_path / "audit", rules=RULES, store=store, inventory=inventory, clock=clock)


def criterion(now, name):
    return next(one for one in now.criteria if one.name == name)


async def test_what_is_recorded_later_is_seen_later(tmp_path, record):
    here = assessing(tmp_path, record)
    assert not criterion(await here.assessed(), "injection").met

    figures = {"injection": {"attacks": 4, "contained": 3, "alarms": 0}}
    await record.append(Event(event=EventName.EVALUATION_FINISHED, fields={"ok": False, "suites": figures}))

    assert criterion(await here.assessed(), "injection").met


async def test_a_record_that_was_written_over_is_named_as_broken_and_where_it_ends_is_told(tmp_path, record):
    await record.append(
        *(Event(event=EventName.RULES_RELOADED, fields={"n": number}) for number in range(3)), durable=True
    )
    whole = assessing(tmp_path, record)
    await whole.assessed()
    (file,) = (tmp_path / "audit").glob("record-*.jsonl")
    file.write_bytes(file.read_bytes().replace(b'"n":1', b'"n":7'))

    broken = criterion(await assessing(tmp_path, record).assessed(), "telemetry")

    assert whole.record_end[0] == 3
    assert not broken.met
    assert broken.evidence[0].startswith("the record is broken: record-000001.jsonl:2")


async def test_where_there_is_no_record_there_is_no_evidence(tmp_path, record):
    here = assessing(tmp_path / "elsewhere", record)

    now = await here.assessed()

    assert (now.level, now.coverage) == (0, 0.0)
    assert "unchecked" in criterion(now, "telemetry").evidence[0]
