from __future__ import annotations

import io

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisecops.adapters.nlp.frames import HEADER_BYTES, Begin, Done, Job, Watch, packed, read_from_worker, read_to_worker
from support.detectors import WATCHLIST


@given(st.lists(st.binary(max_size=40), max_size=4), st.binary(max_size=64))
def test_frames_come_out_of_a_pipe_as_they_went_in(texts: list[bytes], key: bytes) -> None:
    frames = [Begin(key=key, deadline_s=1.0), Watch(watchlist=WATCHLIST), Job(texts=tuple(texts), entities=("JWT",))]
    pipe = io.BytesIO(b"".join(map(packed, frames)))
    assert [read_to_worker(pipe) for _ in range(4)] == [*frames, None]


def test_an_answer_reads_back() -> None:
    assert read_from_worker(packed(Done(findings=((), ())))[HEADER_BYTES:]) == Done(findings=((), ()))


@given(st.binary(max_size=80))
def test_any_other_bytes_are_an_error_of_one_kind(data: bytes) -> None:
    try:
        read_from_worker(data)
    except msgspec.MsgspecError:
        return


def test_a_pipe_that_ends_within_a_frame_is_an_error() -> None:
    with pytest.raises(msgspec.MsgspecError):
        read_to_worker(io.BytesIO(packed(Job(texts=(b"abc",), entities=()))[:-2]))
