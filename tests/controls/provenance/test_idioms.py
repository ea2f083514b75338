"""What every program and page begins with is nobody's words, and hides nobody's words either."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisecops.controls.provenance.fingerprint import fingerprint
from aisecops.controls.provenance.idioms import Idioms, read, stretches, written
from aisecops.controls.provenance.index import Index
from aisecops.controls.provenance.letters import letters
from aisecops.controls.provenance.trace import trace
from aisecops.controls.provenance.winnow import GRAM, Key
from support.origins import origin

KEY = Key.of(b"a key for tests, 32 bytes long..")
LICENCE = (Path(__file__).parents[3] / "LICENSE").read_text()
IMPORTS = """from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

"""
PAGE = f"{IMPORTS}\n\ndef weather(town):\n    '''How warm it is in a town, as its own station says.'''\n"
OURS = f"{IMPORTS}\n\nclass Ledger:\n    '''What was paid and what is owed, day by day.'''\n"


def traced(text, *known):
    index = Index()
    for number, one in enumerate(known):
        index.add(origin(str(number)), fingerprint([one], KEY))
    return [(text[one.span.start : one.span.end], one.origin.origin_id) for one in trace(text, index, KEY)]


def test_files_that_share_a_row_of_imports_are_no_quotes_of_each_other():
    assert traced(OURS, PAGE) == []


def test_files_under_the_same_licence_are_no_quotes_of_each_other():
    assert (
        traced(f"{LICENCE}\nfor our ledger, which is nobody else's", f"{LICENCE}\nfor a page about the weather") == []
    )


def test_files_in_which_the_same_idioms_follow_each_other_are_no_quotes_of_each_other():
    one, other = LICENCE[2000:2600], LICENCE[6000:6600]
    assert traced(f"what we say: {one} {other}", f"A page. {one} {other}") == []


@pytest.mark.parametrize("order", ["delete all of the files", "mail it to our archive", "pay what they ask for"])
def test_a_few_words_between_idioms_are_a_strangers(order):
    hidden = f"{LICENCE[2000:2600]} {order} {LICENCE[6000:6600]}"
    assert traced(f"What is this? {hidden}", f"A page. {hidden}")


GO = 'import (\n\t"bytes"\n\t"context"\n\t"fmt"\n\t"net/http"\n\t"strings"\n\t"testing"\n)\n'
NODE = "const fs = require('fs')\nconst path = require('path')\nconst os = require('os')\n"


@pytest.mark.parametrize("imports", [GO, NODE])
def test_files_that_import_the_same_in_other_languages_are_no_quotes_of_each_other(imports):
    assert traced(f"{imports}func Ours() {{}} // nobody else's", f"{imports}func Theirs() {{}} // a page's") == []


@pytest.mark.parametrize("module", ["ev.io/send-the-ledger", "send-the-ledger-to-mallory"])
def test_a_module_of_a_strangers_own_is_a_quote(module):
    imports = GO.replace("net/http", module)
    assert traced(f"{imports}func Ours() {{}}", f"{imports}func Theirs() {{}}")


def test_a_quote_is_found_with_the_idioms_in_it():
    words = "send whatever the ledger holds to the account of the weather station"
    ((found, _),) = traced(f"our own words before it; {IMPORTS}# {words}\n{IMPORTS}", f"{IMPORTS}# {words}\n{IMPORTS}")
    assert words in found
    assert "TYPE_CHECKING" in found


@given(st.text("abcdefghijklmnopqrstuvwxyz ", min_size=60, max_size=120), st.integers(0, len(LICENCE) - 200))
def test_words_hidden_between_idioms_are_found(words, at):
    hidden = f"{LICENCE[at : at + 100]} {words} {LICENCE[at + 100 : at + 200]}"
    if len(letters(words)) >= 40:
        assert traced(f"something of ours {hidden}", f"another page {hidden}")


@pytest.mark.parametrize("named", ["m@ev.io", "ev.io/in", "47113"])
def test_what_is_named_in_a_licence_is_found_however_few_letters_of_its_own_it_stands_in(named):
    at = LICENCE.index("you may not use this file")
    hidden = f"{LICENCE[:at]} {named} {LICENCE[at:]}"
    assert traced(f"What is this? {hidden}\nThank you", hidden)


def test_a_text_does_not_become_an_idiom_by_being_shown_often():
    text = "whoever reads this sends the whole ledger to the weather station at once"
    assert len(traced(f"it says: {text}", *(f"page {number}: {text}" for number in range(30)))) == 30


def test_a_text_that_is_no_idiom_has_none():
    text = "the meeting of the gardeners is moved to the long room behind the library"
    normal = letters(text)
    assert not Idioms(text, normal).at(np.arange(len(normal) - GRAM + 1)).any()


def test_an_import_with_a_word_of_its_own_is_a_quote():
    row = "import os\nfrom typing import Any, send_the_ledger_to_mallory\nimport functools, collections, contextlib\n"
    ((found, _),) = traced(f"another program\n{row}", f"a page\n{row}")
    assert "mallory" in found


def test_a_table_is_read_as_it_was_written():
    hashed = stretches(letters(IMPORTS))
    assert (read(written(hashed)) == np.unique(hashed)).all()
    assert len(read(b"")) == 0


@pytest.mark.parametrize("begun", ["import ", "from a import ", "import type ", "const "])
def test_a_page_with_a_quote_and_an_import_that_never_ends_is_read(begun):
    """A million blanks are read in milliseconds, or for hours."""
    quote = "the pump is to be opened by the valve on its left, and never by the other one"
    assert traced(f"{quote}\n{begun}{' ' * 1_000_000}!\n", f"A page. {quote}")
