from __future__ import annotations

import codecs

from aisecops.controls.dlp.turned import Turner
from aisecops.model.provenance import Span
from aisecops.model.readings import Reading
from support.detectors import every_detector
from support.samples import Random, card, secrets


def test_ordinary_text_is_not_looked_at_turned():
    text = "def run(self): return self.total_amount_in_cents  # order 12345678, see https://example.com/a " * 20
    assert list(Turner(every_detector())(Reading(text))) == []


def test_a_turned_secret_is_given_to_the_detector_that_knows_its_mark():
    _, token = secrets(Random(1))["github_token"]
    for name, text in (("backwards", f"a {token} b"[::-1]), ("rot13", codecs.encode(f"a {token} b", "rot13"))):
        ((reading, detectors),) = Turner(every_detector())(Reading(text))
        assert token in reading.text
        assert (reading.dress, [one.id for one in detectors]) == (name, ["github_token"])


def test_a_stretch_read_backwards_knows_where_it_stands():
    number = card(Random(1))
    text = f"the number {number[::-1]} as told"
    reading, _ = next(Turner(every_detector())(Reading(text)))
    assert reading.text == number
    assert reading.place(Span(start=0, end=16)) == Span(start=11, end=27)
