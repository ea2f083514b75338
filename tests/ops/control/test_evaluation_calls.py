"""Who may open a round of an evaluation, to where, and that it is on record before it is open."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from aisecops.adapters.system.rounds import Rounds as RoundFile
from aisecops.model.errors import RecordError
from aisecops.ops.control.app import control_app
from aisecops.ops.control.door import Door
from aisecops.ops.control.evaluation_calls import EvaluationCalls, Rounds
from aisecops.ops.control.public_calls import PublicCalls
from aisecops.ops.control.who import Doorkeeper
from support.api import CLERK, GATEWAY, OPERATOR
from support.gateway import RULES, House

PEOPLE = """
people:
  ann: {role: approver, secret: "env:CLERK"}
  vic: {role: viewer, secret: "env:VISITOR"}
"""
BODY = {"port": 5000, "seconds": 60}


class Plane:
    """The calls behind the real door, with the real file of rounds."""

    def __init__(self, folder, *, live=True):
        self.house = House(RULES + PEOPLE)
        self.file = RoundFile(folder, self.house.clock)
        self.recorded_before = None
        rounds = Rounds(
            open=self.opened, close=self.file.close, told=lambda _: {"path": "/evaluation"}, own_ports=frozenset({8080})
        )
        calls = EvaluationCalls(self.house.ground, rounds=rounds if live else None)
        keeper = Doorkeeper(
            self.house.identities, operator_secret="operator's secret", gateway_secret="gateway's secret",
            vouching=self.house.vouching,
        )  # fmt: skip
        public = PublicCalls(store=self.house.store, rules=self.house.rules, keys=self.house.keys, lagging=list)
        self.http = TestClient(control_app(Door(keeper), public, (calls,)), base_url="http://testserver")

    def opened(self, new):
        self.recorded_before = [event.event for event in self.house.record.events]
        return self.file.open(new)

    def open(self, who=OPERATOR, **body):
        return self.http.post("/v1/evaluations", json=BODY | body, headers=who)


@pytest.fixture
def plane(tmp_path):
    return Plane(tmp_path)


def test_an_operator_opens_one_and_it_is_on_record_first(plane):
    answer = plane.open()

    assert answer.status_code == 201
    assert plane.recorded_before == ["evaluation_opened"]
    [event] = plane.house.record.events
    assert event.fields["by"] == "operator:local"
    assert event.fields["port"] == 5000
    found = plane.file.current()
    assert (found.evaluation_id, found.port) == (answer.json()["evaluation_id"], 5000)
    assert found.ends_ms == plane.house.clock.ms + 60_000


@pytest.mark.parametrize(
    ("who", "status"),
    [
        (CLERK, 403),
        (GATEWAY, 403),
        ({}, 401),
        ({"Authorization": "Bearer clerk's secret"}, 403),
        ({"Authorization": "Bearer v's secret"}, 403),
    ],
)
def test_nobody_else_does_not_even_who_may_approve(plane, who, status):
    assert plane.open(who).status_code == status
    assert plane.file.current() is None
    assert plane.house.record.events == []


def test_where_it_is_not_allowed_nobody_does(tmp_path):
    plane = Plane(tmp_path, live=False)
    answer = plane.open()

    assert answer.json()["code"] == "policy_denied"
    assert "evaluation.live" in answer.json()["detail"]
    assert plane.house.record.events == []


@pytest.mark.parametrize("port", [8080, 22, 0, 65536, "5000", None])
def test_no_port_of_ours_and_no_port_of_the_systems_is_a_stand_in(plane, port):
    assert plane.open(port=port).is_client_error
    assert plane.file.current() is None


@pytest.mark.parametrize("seconds", [0, 1801, 10**9])
def test_no_round_lasts_longer_than_half_an_hour(plane, seconds):
    assert plane.open(seconds=seconds).is_client_error
    assert plane.file.current() is None


def test_there_is_one_at_a_time_and_it_is_closed_by_its_name(plane):
    name = plane.open().json()["evaluation_id"]

    assert plane.open().status_code == 409
    close = "/v1/evaluations/{}/close"
    assert plane.http.post(close.format("eval_x"), headers=OPERATOR).status_code == 404
    assert plane.http.post(close.format(name), headers=CLERK).status_code == 403
    assert plane.file.current() is not None
    assert plane.http.post(close.format(name), headers=OPERATOR).status_code == 200
    assert plane.file.current() is None
    assert plane.house.record.events[-1].event == "evaluation_closed"
    assert plane.open().status_code == 201


def test_what_cannot_be_recorded_is_not_opened(plane):
    async def full(*_, **__):
        raise RecordError("no room")

    plane.house.record.append = full

    assert plane.open().status_code == 503
    assert plane.file.current() is None
