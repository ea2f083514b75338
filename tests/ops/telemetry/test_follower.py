"""Everything recorded reaches whoever takes it, once and in order, whatever they refuse and whenever we die."""

from __future__ import annotations

import pytest

from aisecops.adapters.audit.otlp import Sent
from aisecops.ops.telemetry.follower import AT_ONCE, Follower
from support.records import chain, event

FAR_MS = 10**15


class Takes:
    """Takes batches as `answer` says, and keeps the numbers of the events it took."""

    why = "503"

    def __init__(self, answer=lambda _batch: Sent.TAKEN):
        self.answer = answer
        self.taken = []

    def logs(self, lines):
        seqs = [line.attributes["aisecops.seq"] for line in lines]
        sent = self.answer(seqs)
        if sent is Sent.TAKEN:
            self.taken += seqs
        return sent

    def spans(self, spans):
        del spans
        return Sent.TAKEN


@pytest.fixture
async def record(tmp_path):
    log = chain(tmp_path / "audit")
    yield log
    await log.close()


def following(tmp_path, receiver, lags=None):
    told = (lags if lags is not None else []).append
    return Follower(tmp_path / "audit", tmp_path / "sent.json", receiver, idle_ms=FAR_MS, lag=told)


def drained(follower, now_ms=FAR_MS):
    while follower.step(now_ms):
        pass


async def test_what_is_recorded_is_sent_once_over_several_lives(tmp_path, record):
    takes = Takes()
    await record.append(*(event(number) for number in range(3)))
    drained(following(tmp_path, takes))
    await record.append(event(3))

    drained(following(tmp_path, takes))
    drained(following(tmp_path, takes))

    assert takes.taken == [1, 2, 3, 4]


async def test_a_record_longer_than_a_batch_is_sent_whole_and_in_order(tmp_path, record):
    many = 2 * AT_ONCE + 7
    await record.append(*(event(number) for number in range(many)))
    takes = Takes()

    drained(following(tmp_path, takes))

    assert takes.taken == list(range(1, many + 1))


async def test_while_nothing_is_taken_nothing_is_lost_nor_read_ahead_and_the_lag_is_told(tmp_path, record):
    await record.append(*(event(number) for number in range(3)))
    takes, lags = Takes(lambda _batch: Sent.LATER), []
    follower = following(tmp_path, takes, lags)

    assert follower.step(FAR_MS) is False
    await record.append(event(3))
    assert follower.step(FAR_MS) is False
    seen = follower.seq
    takes.answer = lambda _batch: Sent.TAKEN
    drained(follower)

    assert seen == 3
    assert lags[0] > 0
    assert lags[-1] == 0
    assert takes.taken == [1, 2, 3, 4]


async def test_one_event_that_will_never_be_taken_does_not_hold_up_the_rest(tmp_path, record):
    await record.append(*(event(number) for number in range(9)))
    takes = Takes(lambda seqs: Sent.NEVER if 5 in seqs else Sent.TAKEN)

    drained(following(tmp_path, takes))

    assert takes.taken == [1, 2, 3, 4, 6, 7, 8, 9]


async def test_what_was_taken_of_a_batch_is_not_sent_again_when_the_rest_was_not(tmp_path, record):
    await record.append(*(event(number) for number in range(4)))
    answers = iter([Sent.NEVER, Sent.TAKEN, Sent.LATER])
    takes = Takes(lambda _seqs: next(answers, Sent.TAKEN))
    follower = following(tmp_path, takes)

    follower.step(FAR_MS)
    drained(follower)

    assert takes.taken == [1, 2, 3, 4]


async def test_a_record_that_begins_anew_is_sent_from_its_beginning(tmp_path, record):
    await record.append(*(event(number) for number in range(3)))
    (tmp_path / "sent.json").write_text('{"seq": 900, "open": {}}')
    takes = Takes()

    drained(following(tmp_path, takes))

    assert takes.taken == [1, 2, 3]


@pytest.mark.parametrize("kept", ["", "{", '{"seq": "x", "open": {}}', '{"seq": 1, "open": []}', "[]"])
async def test_a_place_that_cannot_be_read_loses_nothing(tmp_path, record, kept):
    await record.append(event(0))
    (tmp_path / "sent.json").write_text(kept)
    takes = Takes()

    drained(following(tmp_path, takes))

    assert takes.taken == [1]


async def test_it_can_leave_out_what_is_there_already(tmp_path, record):
    await record.append(event(0), event(1))
    takes = Takes()
    follower = following(tmp_path, takes)

    follower.start_at_end()
    await record.append(event(2))
    drained(follower)

    assert takes.taken == [3]
