import pytest
from hyperframe.frame import ContinuationFrame, DataFrame, HeadersFrame, PingFrame, RstStreamFrame

from aisecops.adapters.mitm.host_refusals import MAX_HEAD_BYTES
from aisecops.adapters.mitm.http2_meter import (
    FRAMES_AHEAD,
    FRAMES_EACH_SECOND,
    MAX_FRAME_BYTES,
    PREFACE,
    RESETS_AHEAD,
    Allowance,
    FrameMeter,
)


def data_frame(size: int) -> bytes:
    return DataFrame(1, data=b"d" * size).serialize()


def head_frame(*flags: str, size: int = 10) -> bytes:
    return HeadersFrame(1, data=b"h" * size, flags=flags).serialize()


@pytest.fixture
def meter():
    fresh = FrameMeter(now=0.0)
    assert fresh.fault(PREFACE, now=0.0) == ""
    return fresh


@pytest.mark.parametrize("step", [1, 2, 7, 9, 10, 4096])
def test_frames_are_counted_in_whatever_pieces_they_come(step):
    meter = FrameMeter(now=0.0)
    stream = PREFACE + (PingFrame(0).serialize() + data_frame(300)) * FRAMES_AHEAD + PingFrame(0).serialize()
    faults = [meter.fault(stream[at : at + step], now=0.0) for at in range(0, len(stream), step)]
    known_at = len(stream) - len(PingFrame(0).serialize()) + 8
    assert [bool(fault) for fault in faults].index(True) == known_at // step


def test_answers_and_time_give_frames_back(meter):
    pings = PingFrame(0).serialize() * FRAMES_AHEAD
    assert meter.fault(pings, now=0.0) == ""
    assert meter.fault(PingFrame(0).serialize() * FRAMES_EACH_SECOND, now=1.0) == ""
    meter.frames.earn(5)
    assert meter.fault(PingFrame(0).serialize() * 5, now=1.0) == ""
    assert meter.fault(PingFrame(0).serialize(), now=1.0) != ""


def test_an_allowance_never_grows_beyond_its_most():
    allowance = Allowance(3, 1, now=0.0)
    allowance.earn(100)
    assert allowance.spend(3, now=100.0)
    assert not allowance.spend(1, now=100.0)


def test_streams_may_be_reset_now_and_then(meter):
    reset = RstStreamFrame(1, error_code=8).serialize()
    assert all(meter.fault(reset, now=0.0) == "" for _ in range(RESETS_AHEAD))
    assert "reset" in meter.fault(reset, now=0.0)


def test_large_pieces_of_a_body_cost_nothing_and_small_ones_do(meter):
    assert meter.fault(data_frame(MAX_FRAME_BYTES) * (FRAMES_AHEAD + 1), now=0.0) == ""
    assert meter.fault(data_frame(0) * (FRAMES_AHEAD + 1), now=0.0) != ""


def test_a_frame_longer_than_allowed_is_known_by_its_first_bytes(meter):
    assert "long" in meter.fault(data_frame(MAX_FRAME_BYTES + 1)[:9], now=0.0)


def test_a_head_may_not_go_on_for_ever(meter):
    assert meter.fault(head_frame(size=MAX_FRAME_BYTES), now=3.0) == ""
    assert meter.head_since == 3.0
    more = ContinuationFrame(1, data=b"h" * MAX_FRAME_BYTES).serialize()
    assert [meter.fault(more, now=4.0) == "" for _ in range(MAX_HEAD_BYTES // MAX_FRAME_BYTES)] == [True] * 3 + [False]


def test_a_head_that_ends_is_waited_for_no_more(meter):
    assert meter.fault(head_frame(), now=1.0) == ""
    assert meter.fault(ContinuationFrame(1, data=b"h", flags=("END_HEADERS",)).serialize(), now=2.0) == ""
    assert meter.head_since is None
