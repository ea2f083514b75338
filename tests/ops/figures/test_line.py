"""Lines that are not as ours are counted by name, and lines that are none not at all."""

import pytest

from aisecops.ops.figures.line import read_line

HEAD = b'"seq":7,"at":"2026-01-31T12:05:09.123Z","event":"decision","run_id":"run_1","root_run_id":"run_1"'


def test_a_line_is_read_for_what_is_counted():
    line = read_line(b'{%s,"tool":"crm.read","total":1.6,"approve_above":1.5,"other":{"deep":[1]}}' % HEAD)

    assert (line.seq, line.tool, line.over_the_line) == (7, "crm.read", True)


@pytest.mark.parametrize("odd", [b'"tool":5', b'"total":"much"', b'"facts":[]', b'"contained_s":{}'])
def test_odd_fields_of_its_own_leave_the_name(odd):
    line = read_line(b"{%s,%s}" % (HEAD, odd))

    assert (line.event, line.run_id, line.tool) == ("decision", "run_1", None)


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b'{"seq":"7"}', b"\xff", b'{"at":"x","event":"y"}'])
def test_what_is_no_event_is_none(raw):
    assert read_line(raw) is None
