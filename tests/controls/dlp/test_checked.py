from __future__ import annotations

import re

from aisecops.controls.dlp.checked import CheckedDetector

EVEN = CheckedDetector("even", "CREDIT_CARD", re.compile("[0-9]{4}"), lambda n: int(n) % 2 == 0, 0.3, ("even",))


def test_only_what_passes_its_check_is_seen_and_a_word_before_it_lifts_it() -> None:
    text = "1111 2222 then even 4444"
    seen = [(text[s.span.start : s.span.end], round(s.confidence, 2)) for s in EVEN.find(text)]
    assert seen == [("2222", 0.3), ("4444", 0.65)]
