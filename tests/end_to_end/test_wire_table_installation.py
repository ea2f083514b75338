"""Rows of the bypass table that need the whole installation: names that lead elsewhere, and what is left in the record."""

from __future__ import annotations

import pytest

from support.installation import Installation, fresh, until
from support.installation import shared_installation as shared_installation  # noqa: PLC0414 - the fixture `house`
from support.installation_rules import AGENTS
from support.raw import Wire
from support.speaking import assert_refused
from support.told_names import Names

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

CLERK = AGENTS["clerk"]
RULES = """version: 1
agents:
  clerk: {authenticate: {secret: "env:CLERK_SECRET"}}
sources:
  - {match: {host: "*.moving.test"}, tier: external}
"""


class Elsewhere(Installation):
    """An installation whose resolver says what the test wants."""

    names: Names

    @property
    def environment(self):
        found = super().environment
        return found | {"PYTHONPATH": f"{self.names.folder}:{found['PYTHONPATH']}"}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("elsewhere")
    site = Elsewhere(folder, rules=RULES)
    site.names = Names(folder / "names")
    site.start()
    yield site
    assert site.stop() == 0


BAD = ["127.0.0.1", "10.0.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "::1", "fe80::1", "::ffff:169.254.169.254",
       "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "fd00:ec2::254", "224.0.0.1"]  # fmt: skip


@pytest.mark.parametrize("at", range(len(BAD)))
@pytest.mark.parametrize("among_good", [False, True])
def test_a_name_that_leads_to_a_place_nobody_may_go_is_not_dialled(site, at, among_good):
    host = f"n{at}{among_good}.moving.test".lower()
    site.names.say({host: [[*(["93.184.215.14"] if among_good else []), BAD[at]]]})
    said = site.ask(CLERK, "GET", f"http://{host}/{fresh()}")
    assert "address" in assert_refused(said, "destination_denied")["detail"]
    assert site.names.asked == [host]
    assert site.upstream.connections == []


def test_a_name_that_changes_its_address_after_the_check_is_dialled_where_it_was_checked(site):
    """The check sees a public address, the next question would get loopback; there is no next question."""
    host = "rebinding.moving.test"
    site.names.say({host: [["192.0.0.9"], ["127.0.0.1"]]})
    said = site.ask(CLERK, "GET", f"http://{host}/{fresh()}")
    assert said.code == "", said  # allowed; what is there, if anything, answered or did not
    assert site.names.asked == [host]
    assert site.upstream.connections == []


def test_what_cannot_be_read_is_counted_and_recorded(house):
    key = 'aisecops_requests_total{agent="clerk",code="protocol_denied",decision="deny",effect="",tool=""}'
    before, recorded = house.metrics().get(key, 0), len(house.events("decision", code="protocol_denied"))
    with house.line(CLERK, "crm.internal:443") as line:
        wire: Wire = line._wire
        reply = wire.ask(b"SSH-2.0-OpenSSH_9.9\r\n\r\n")
    assert reply.status == 403
    assert b"decision_id" in reply.body
    assert until(lambda: house.metrics().get(key, 0) == before + 1)
    events = house.events("decision", code="protocol_denied")
    assert len(events) == recorded + 1
    assert events[-1]["facts"]["request"]["host"] == "crm.internal"


def test_grpc_is_not_passed_unread(house):
    run, marker = house.run("clerk"), fresh()
    headers = house.with_token(run, "orders.write", f"orders.{marker}") | {"Content-Type": "application/grpc"}
    body = b"\x00\x00\x00\x00\x04" + b"\x0a\x02hi"
    said = house.ask(
        run, "POST", f"https://db.internal/orders/{marker}", headers=headers | {"TE": "trailers"}, body=body
    )
    assert said.code in {"unreadable", "protocol_denied"}, said
    assert house.received(marker) == []
