"""A stage is told once, with its name, also when what it holds fails."""

from __future__ import annotations

import pytest

from aisecops.gateway.timed import Stage, timed
from support.gateway import House, request
from support.parts import Tally


def test_what_fails_is_told_too():
    meter = Tally()
    with pytest.raises(OSError, match="gone"), timed(meter, Stage.SCAN):
        raise OSError("gone")

    [(kind, (name, seconds))] = meter.calls
    assert (kind, name) == ("stage", "scan")
    assert seconds >= 0


async def test_a_request_that_is_let_through_has_every_stage_before_its_answer_once():
    house = House()
    run = await house.run()
    token = await house.token(run, "crm.read", "crm.customers.7")
    await house.ask(run, request("GET", "https://crm.internal/v1/customers/7", token=token))

    told = [what[0] for kind, what in house.meter.calls if kind == "stage"]
    assert told == ["scan", "trace", "resolve", "look", "judge", "record"]
