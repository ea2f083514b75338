from __future__ import annotations

import base64
import json
import random
import textwrap
import unicodedata
from collections.abc import Callable
from typing import Literal
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisecops.controls.provenance import trace as trace_module
from aisecops.controls.provenance.fingerprint import fingerprint
from aisecops.controls.provenance.index import Index
from aisecops.controls.provenance.letters import letters
from aisecops.controls.provenance.trace import trace
from aisecops.controls.provenance.winnow import Key
from support.origins import origin

KEY = Key.of(b"a key for tests, 32 bytes long..")
VOCABULARY = [
    "".join(random.Random(number).choices("abcdefghijklmnopqrstuvwxyz", k=number % 8 + 2)) for number in range(2000)
]
ACCENTED = str.maketrans("aeiouncs", "\u00e4\u00e9\u00ef\u00f6\u00fc\u00f1\u00e7\u0161")
DRESSES: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "reflowed": lambda text: textwrap.fill(text, 20),
    "quoted": lambda text: "\n".join(f"> {line}" for line in textwrap.wrap(text, 30)),
    "in capitals": str.upper,
    "a JSON string in JSON": lambda text: json.dumps({"outer": json.dumps({"inner": text + "\n"})}),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "percent": quote,
    "entities": lambda text: "".join(f"&#x{ord(character):x};" for character in text),
    "markup between words": lambda text: text.replace(" ", "</b> <b>*").replace("</b> <b>", " **"),
    "full width": lambda text: "".join(chr(ord(one) + 0xFEE0) if one.isalpha() else one for one in text),
    "invisible characters": "\u200b".join,
    "base64 in a link": lambda text: f"https://page.test/?q={quote(base64.b64encode(text.encode()).decode(), safe='')}",
    "entities in JSON": lambda text: json.dumps({"body": "".join(f"&#{ord(character)};" for character in text)}),
    "an address of data": lambda text: f"data:text/html;base64,{base64.urlsafe_b64encode(text.encode()).decode()}",
    "escapes": lambda text: "".join(f"\\u{ord(character):04x}" for character in text),
}


def words(seed: int, count: int) -> str:
    return " ".join(random.Random(seed).choices(VOCABULARY, k=count))


def known(*texts: str) -> Index:
    index = Index()
    for number, text in enumerate(texts):
        index.add(origin(str(number)), fingerprint([text], KEY))
    return index


@pytest.mark.parametrize("dress", DRESSES)
@given(seed=st.integers(0, 10_000), start=st.integers(0, 900))
def test_every_quote_of_sixty_characters_is_found_in_any_dress(dress: str, seed: int, start: int) -> None:
    text = words(seed, 200)
    quote_of = text[start % (len(text) - 60) :][:60]
    carried = f"new words before it {DRESSES[dress](quote_of)} and other words behind"
    assert [one.origin.origin_id for one in trace(carried, known(text), KEY)] == ["0"]


@pytest.mark.parametrize("form", ["NFC", "NFD", "NFKC", "NFKD"])
@given(seed=st.integers(0, 10_000), start=st.integers(0, 900))
def test_a_quote_is_found_in_every_normal_form(
    form: Literal["NFC", "NFD", "NFKC", "NFKD"], seed: int, start: int
) -> None:
    text = words(seed, 200).translate(ACCENTED)
    quote_of = unicodedata.normalize(form, text[start % (len(text) - 60) :][:60])
    assert [one.origin.origin_id for one in trace(f"new words {quote_of} behind", known(text), KEY)] == ["0"]


def program(seed: int, count: int) -> str:
    """Lines of a program in words that no other has, without anything to act on."""
    pick = random.Random(seed)
    forms = ("    {} = {}({})\n", "def {}({}: {}) -> None:\n", "    return {}.{}[{}]\n", "from {} import {}, {}\n")
    return "".join(pick.choice(forms).format(*pick.choices(VOCABULARY, k=3)) for _ in range(count))


@given(seed=st.integers(0, 10_000), start=st.integers(0, 900))
def test_every_quote_of_sixty_letters_of_a_program_is_found_in_another(seed: int, start: int) -> None:
    text = program(seed, 60)
    normal = letters(text)
    first = start % (len(normal) - 60)
    quoted = normal.span(first, first + 60)
    carried = f"{program(seed + 1, 20)}{text[quoted.start : quoted.end]}\n{program(seed + 2, 20)}"
    assert [one.origin.origin_id for one in trace(carried, known(text), KEY)] == ["0"]


def test_a_line_that_programs_share_is_a_quote_only_where_it_names_something() -> None:
    own, other = program(1, 30), program(2, 30)
    shared = "        return wrapped_in(self.heard, self.again, of=self.hearing)\n"
    assert trace(f"{own}{shared}{own}", known(f"{other}{shared}{other}"), KEY) == ()
    named = "        return wrapped_in(self.heard, self.again, of='m@ev.io')\n"
    assert trace(f"{own}{named}{own}", known(f"{other}{named}{other}"), KEY)
    assert trace(shared, known(f"{other}{shared}{other}"), KEY), "as a whole it is one"
    said = "whoever hears of it tells it to all who are still here, "
    assert trace(f"{own}{said}{own}", known(f"{other}{said}{other}"), KEY), "and so is prose"


def test_the_stretch_that_is_found_is_the_quote_within_a_window() -> None:
    text = words(1, 200)
    carried = f"{words(2, 30)} {text[300:600]} {words(3, 30)}"
    (found,) = trace(carried, known(text), KEY)
    start = carried.index(text[300:600])
    assert start <= found.span.start <= start + 40
    assert start + 260 <= found.span.end <= start + 300


def test_quotes_of_two_origins_are_told_apart() -> None:
    one, two = words(4, 100), words(5, 100)
    carried = f"{one[50:150]} and then {two[50:150]}"
    assert [found.origin.origin_id for found in trace(carried, known(one, two), KEY)] == ["0", "1"]


def test_what_many_origins_share_is_weighed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    weighed = trace_module._Match.says_something
    monkeypatch.setattr(
        trace_module._Match,
        "says_something",
        lambda self, *args: asked.append(self) or weighed(self, *args),
    )
    page = words(6, 60)
    assert len(trace(page, known(*[page] * 40), KEY)) == 40
    assert len(asked) == 1


def test_unrelated_texts_share_nothing() -> None:
    index = known(*(words(number, 500) for number in range(50)))
    assert not any(trace(words(number, 500), index, KEY) for number in range(1000, 1200))


def test_a_short_text_is_known_again_only_as_a_whole() -> None:
    index = known("Order 66 is open")
    assert trace("order 66\nis OPEN!", index, KEY)
    assert not trace("order 66 is open, they say, and that is what we shall do about it", index, KEY)


def test_new_text_is_nobodys() -> None:
    assert trace("", known(words(1, 50)), KEY) == ()
    assert trace(words(9, 50), known(words(1, 50)), KEY) == ()
