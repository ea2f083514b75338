from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisecops.controls.provenance.fingerprint import fingerprint, packed, unpacked
from aisecops.controls.provenance.winnow import _MOST, QUOTE, Key
from support.samples import Random

KEY = Key.of(b"a key for tests, 32 bytes long..")


def test_fingerprints_are_kept_as_bytes_and_read_back() -> None:
    hashes = fingerprint(["a text that is long enough to be winnowed, and so to be known again"], KEY)
    assert len(hashes) > 0
    assert unpacked(packed(hashes)).tolist() == hashes.tolist()


def test_several_texts_have_the_fingerprints_of_each() -> None:
    one, two = fingerprint(["first text"], KEY), fingerprint(["second text"], KEY)
    assert set(fingerprint(["first text", "second text"], KEY)) == {*one, *two}


@given(st.text(st.sampled_from("aBcé1 .-ß\u0130\ud800ﬁ") | st.characters(), max_size=300), st.data())
def test_a_part_of_the_first_text_adds_what_it_would_have_alone(whole, data) -> None:
    at, end = (data.draw(st.integers(0, len(whole))) for _ in range(2))
    part = whole[at:end]
    alone = {*fingerprint([whole], KEY).tolist(), *fingerprint([part], KEY).tolist()}
    assert set(fingerprint([whole, part], KEY).tolist()) == alone


def test_a_part_of_a_very_long_text_adds_nothing() -> None:
    chance = Random(7)
    whole = "".join(chance.choices("abcdefghij ", k=2 * _MOST + 1000))
    for at in (0, _MOST - 2 * QUOTE, _MOST - QUOTE // 2, _MOST, 2 * _MOST):
        part = fingerprint([whole[at : at + 500]], KEY)
        assert len(part) > 0
        assert set(part.tolist()) <= set(fingerprint([whole], KEY).tolist())


def test_no_text_has_none() -> None:
    assert len(fingerprint([], KEY)) == 0


def test_bytes_of_another_length_are_refused() -> None:
    with pytest.raises(ValueError):
        unpacked(b"123456789")
