from __future__ import annotations

import pytest

from aisecops.controls.provenance.fingerprint import fingerprint, packed, unpacked
from aisecops.controls.provenance.winnow import Key

KEY = Key.of(b"a key for tests, 32 bytes long..")


def test_fingerprints_are_kept_as_bytes_and_read_back() -> None:
    hashes = fingerprint(["a text that is long enough to be winnowed, and so to be known again"], KEY)
    assert len(hashes) > 0
    assert unpacked(packed(hashes)).tolist() == hashes.tolist()


def test_several_texts_have_the_fingerprints_of_each() -> None:
    one, two = fingerprint(["first text"], KEY), fingerprint(["second text"], KEY)
    assert set(fingerprint(["first text", "second text"], KEY)) == {*one, *two}


def test_no_text_has_none() -> None:
    assert len(fingerprint([], KEY)) == 0


def test_bytes_of_another_length_are_refused() -> None:
    with pytest.raises(ValueError):
        unpacked(b"123456789")
