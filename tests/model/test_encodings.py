from __future__ import annotations

import base64

from hypothesis import given
from hypothesis import strategies as st

from aisecops.model.encodings import BASE64, MIN_RUN, from_base64, from_hex, may_be_base64
from aisecops.model.inside_bytes import Room, no_file

SAID = "the words that were said"


def test_a_run_is_read_wherever_in_it_the_encoding_begins():
    run = base64.b64encode(SAID.encode()).decode()
    assert [SAID in from_base64("abc"[:at] + run, Room(0), no_file) for at in range(4)] == [True] * 4


def test_words_and_ids_say_nothing():
    for run in (
        "total_amount_in_cents",
        "getElementsByTagName",
        "550e8400-e29b-41d4-a716-446655440000",
        "1700000000000000",
    ):
        assert from_base64(run, Room(0), no_file) == ""


def test_a_part_of_an_encoded_text_may_be_one_and_words_and_digests_are_not():
    run = base64.b64encode(SAID.encode() * 3).decode()
    assert all(may_be_base64(run[at : at + 30]) for at in range(20))
    assert not any(map(may_be_base64, ["MetadataConfigurationItemList", "da39a3ee5e6b4b0d3255bfef95601890afd80709"]))


def test_of_bytes_that_are_no_text_the_readable_stretches_are_given():
    run = base64.b64encode(bytes(range(128, 200)) + SAID.encode() + bytes(range(128, 200))).decode()
    assert SAID in from_base64(run, Room(0), no_file)


def test_a_file_is_opened_by_who_can():
    run = base64.b64encode(b"PK\x03\x04 and more of it").decode()
    assert from_base64(run, Room(0), lambda data, room: "opened" if data.startswith(b"PK") else None) == "opened"


@given(st.binary(max_size=200))
def test_any_bytes_can_be_read(data):
    run = base64.b64encode(data).decode()
    for match in BASE64.finditer(run):
        assert isinstance(from_base64(match[0], Room(0), no_file), str)
    assert len(run) < MIN_RUN or isinstance(from_hex(data.hex(), Room(0), no_file), str)
