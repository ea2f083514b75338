from __future__ import annotations

import html

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisecops.model.references import unescaped


@given(st.text("&#;x0123456789aAmplt ", max_size=60))
def test_a_text_is_read_as_the_standard_library_does(text: str) -> None:
    assert unescaped(text) == html.unescape(text)


@pytest.mark.parametrize(("text", "plain"), [("&#" + "1" * 5000 + ";b", "\ufffdb"), ("&#" + "0" * 5000 + "64;b", "@b")])
def test_a_number_of_thousands_of_digits_is_no_fault(text: str, plain: str) -> None:
    assert unescaped(text) == plain
