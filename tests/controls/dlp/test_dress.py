from __future__ import annotations

import base64

from hypothesis import given
from hypothesis import strategies as st

from aisecops.controls.dlp.dress import layers
from aisecops.model.provenance import Span

SECRET = "jane@example.com is the address"


def test_plain_text_has_one_reading() -> None:
    assert [layer.text for layer in layers("hello there")] == ["hello there"]


def test_percent_signs_come_off_word_by_word() -> None:
    plain, percent = layers("to=jane%40example.com end")
    assert (percent.dress, percent.text) == ("percent", "to=jane@example.com")
    assert percent.place(Span(start=3, end=19)) == Span(start=0, end=21)
    assert plain.place(Span(start=3, end=19)) == Span(start=3, end=19)


def test_base64_comes_off_in_both_alphabets_with_or_without_padding() -> None:
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        encoded = encode(b"\xff\xfe>>> " + SECRET.encode()).decode()
        for run in (encoded, encoded.rstrip("=")):
            *_, opened = layers(f"data: {run}, end")
            assert SECRET in opened.text
            assert opened.place(Span(start=0, end=4)) == Span(start=6, end=6 + len(run))


def test_two_runs_know_their_own_places() -> None:
    runs = [base64.b64encode(text).decode() for text in (b"first secret text", b"second secret text")]
    text = " ".join(runs)
    *_, opened = layers(text)
    start = opened.text.index("second")
    assert opened.place(Span(start=start, end=start + 6)) == Span(start=len(runs[0]) + 1, end=len(text))


@given(st.text(max_size=300) | st.text(alphabet="%aA4=+/_- \n", max_size=300))
def test_any_text_can_be_undressed_and_every_place_lies_inside_it(text: str) -> None:
    for layer in layers(text):
        for at in range(0, len(layer.text), 7):
            place = layer.place(Span(start=at, end=at + 1))
            assert 0 <= place.start < place.end <= len(text)
