from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from aisecops.controls.provenance.letters import letters
from aisecops.controls.provenance.winnow import QUOTE, SHORTEST, WINDOW, Key, says_too_little, whole, winnow

KEY = Key.of(b"a key for tests, 32 bytes long..")


def prints(text: str, key: Key = KEY) -> set[int]:
    return set(winnow(letters(text), key).hashes.tolist())


@given(st.data())
def test_a_long_enough_quote_always_shares_a_fingerprint(data: st.DataObject) -> None:
    text = data.draw(st.text(alphabet="abcdefgh", min_size=QUOTE, max_size=400))
    start = data.draw(st.integers(0, len(text) - QUOTE))
    before, after = data.draw(st.text(alphabet="xyz")), data.draw(st.text(alphabet="xyz"))
    assert prints(text) & prints(before + text[start : start + QUOTE] + after)


def test_where_a_fingerprint_is_said_to_stand_its_stretch_stands() -> None:
    text = "".join(random.Random(7).choices("abcdefghij", k=3000))
    found = winnow(letters(text), KEY)
    for mark, start in zip(found.hashes.tolist(), found.starts.tolist(), strict=True):
        assert mark in prints(text[max(0, start - WINDOW + 1) : start + QUOTE])


def test_a_text_longer_than_one_piece_is_fingerprinted_to_its_end() -> None:
    text = "".join(random.Random(8).choices("abcdefghijklmnop", k=1_100_000))
    assert prints(text) >= prints(text[-500:-QUOTE])


def test_another_key_makes_other_fingerprints() -> None:
    text = "the quick brown fox jumps over the lazy dog and runs away from it"
    assert not prints(text) & prints(text, Key.of(b"another key for tests, 32 bytes."))


def test_about_one_stretch_in_four_is_kept() -> None:
    text = "".join(random.Random(9).choices("abcdefghij", k=70_000))
    assert 15_000 < len(prints(text)) < 20_000


def test_a_short_text_is_known_as_a_whole_and_a_tiny_one_not_at_all() -> None:
    assert len(whole(letters("a" * SHORTEST), KEY)) == 1
    assert len(whole(letters("a" * (SHORTEST - 1)), KEY)) == 0
    assert len(whole(letters("a" * QUOTE), KEY)) == 0
    assert not prints("a" * (QUOTE - 1))


@given(st.text("abcXYZ019", max_size=7))
def test_a_plain_word_that_says_too_little_has_no_fingerprint(text: str) -> None:
    assert says_too_little(text) == bool(text)
    assert not len(whole(letters(text), KEY))
    assert not len(winnow(letters(text), KEY).hashes)


def test_a_short_text_that_may_say_more_in_another_reading_does_not_say_too_little() -> None:
    assert not any(map(says_too_little, ("\\uFDFA", "\ufdfa", "a b c d", "eightlet")))
