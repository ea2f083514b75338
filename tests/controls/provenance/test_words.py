from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisecops.controls.provenance import words
from aisecops.controls.provenance.words import EMPTY, addresses, hosts, named_inside, split, together, vocabulary

KEY = b"a key for tests"
SAID = vocabulary(
    [
        "Please mail Bob at bob@example.org. Pay 1,250.00 EUR to DE89 3704 0044 0532 0130 00, or call +49 30 901820!",
        'The report is {"file": "Quarterly_Report-v2.pdf", "room": 12}; see https://status.example/a/b?c=1.',
    ],
    KEY,
)


@pytest.mark.parametrize(
    "value",
    [
        "bob@example.org",
        "<BOB@example.org>",
        "mailto: bob@example.org",
        "1250",
        "1250.00",
        "$1,250",
        "DE89370400440532013000",
        "+4930901820",
        "quarterly_report-v2.pdf",
        "https://status.example/a/b?c=1",
        "12",
        "mail Bob",
    ],
)
def test_a_value_that_was_said_is_found_however_it_is_written(value: str) -> None:
    assert SAID.holds(value, KEY) or value.startswith("mailto")


@pytest.mark.parametrize(
    "value",
    [
        "mallory@example.org",
        "ob@example.org",
        "1251",
        "125",
        "DE89370400440532013001",
        "EUR 1250",
        "Bob Mallory",
        "bo@bexample.org",
        "b.ob@example.org",
        "bob@exampleorg",
        "bob@ex-ample.org",
        "bob@ex\u0430mple.org",
        "bob@\u00e9xample.org",
        "https://statusexample/a/b?c=1",
        "https://status.example/ab?c=1",
        "quarterly-report_v2.pdf",
        "",
        "--",
    ],
)
def test_a_value_that_was_not_said_is_not_found(value: str) -> None:
    assert not SAID.holds(value, KEY)


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ("Bob@Corp\uff0eTest", "bob@corp.test"),
        ("bob@co\u00adrp.test", "bob@corp.test"),
        ("at Caf\u00e9 Luna", "cafe luna"),
        ("on 27/11/2026", "27.11.2026"),
        ("B\u00dcCHER.test", "b\u00fccher.test"),
        ("\u041c\u043e\u0441\u043a\u0432\u0430", "\u043c\u043e\u0441\u043a\u0432\u0430"),
    ],
)
def test_what_programs_take_for_the_same_is_the_same(said: str, value: str) -> None:
    assert vocabulary([said], KEY).holds(value, KEY)


def test_an_address_of_the_network_is_no_number() -> None:
    said = vocabulary(["connect to 10.1.11.1, or 10.1.11.1:22"], KEY)
    assert said.holds("10.1.11.1", KEY)
    assert not said.holds("101.1.1.1", KEY)
    assert not said.holds("10.1.1.1.1", KEY)


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ("fish, chips etc", "/etc"),
        ("the report", "../report"),
        ("the env", ".env"),
        ("5 pieces", "-5"),
        ("bob@corp.test", "_bob@corp.test"),
        ("bob@corp.test", "+bob@corp.test"),
        ("the home of", "~home"),
    ],
)
def test_a_mark_before_a_word_makes_another_of_it(said: str, value: str) -> None:
    assert not vocabulary([said], KEY).holds(value, KEY)
    assert vocabulary([said], KEY).holds(value, KEY, exactly=False)
    assert vocabulary([f"{said}, or {value}."], KEY).holds(value, KEY)


@pytest.mark.parametrize("value", ["#4711", "$4711", "@ann", "./notes", "notes/", "+49301234"])
def test_a_mark_that_says_what_it_is_changes_nothing(value: str) -> None:
    assert vocabulary(["order 4711 for ann in notes, call 49301234"], KEY).holds(value, KEY)


def test_words_of_two_texts_do_not_stand_side_by_side() -> None:
    assert not vocabulary(["one", "two"], KEY).holds("one two", KEY)


def test_nothing_was_said_in_no_text() -> None:
    assert not EMPTY.holds("anything", KEY)


def test_vocabularies_add_up() -> None:
    both = together(vocabulary(["one"], KEY), vocabulary(["two"], KEY))
    assert both.holds("one", KEY)
    assert both.holds("two", KEY)


def test_addresses_in_a_value_are_named() -> None:
    assert addresses("Bob <bob@example.org>, see https://example.org/x or example.net!") == [
        "bob@example.org",
        "https://example.org/x",
        "example.net",
    ]


@given(st.text(max_size=200))
def test_every_text_holds_itself_when_it_has_words(text: str) -> None:
    assert vocabulary([text], KEY).holds(text, KEY) == bool(split(text))


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("see https://api.evil.test/v1, then", ["api.evil.test"]),
        ("at HTTP://user:word@Evil.test:8443/x?y=z.", ["evil.test"]),
        ("evil.test/path or evil.test:81", ["evil.test"]),
        ("https://\u00e9vil.test/x", ["\u00e9vil.test", "xn--vil-9la.test"]),
        ("mail bob@corp.test or go to evil.test", []),
        ("nothing: here / there", []),
    ],
)
def test_the_hosts_of_links_are_named(text: str, named: list[str]) -> None:
    assert hosts(text) == named


@given(st.text("0123456789AZab -()+.,", max_size=60))
def test_the_look_for_groups_overlooks_none(text: str) -> None:
    if words._IN_GROUPS.search(text) is not None:
        assert words._MAY_BE_GROUPED.search(text) is not None


def test_a_word_has_one_hash_however_many_others_were_hashed_since() -> None:
    said = [f"word{number}" for number in range(words.WORDS_KEPT + 10)]
    first = words.hashes(said, KEY)
    assert list(words.hashes(said[:10], KEY)) == list(first[:10])
    assert list(words.hashes(said[:1], b"another key")) != list(first[:1])


@given(st.text(st.characters(max_codepoint=127), max_size=80) | st.text("a1,.'\"()-;* \x1c\n\u2019\u3002", max_size=80))
def test_words_are_told_apart_the_quick_way_as_they_are_the_other_way(text: str) -> None:
    assert words._words_in(text) == words._WORD.findall(text)


def test_what_stands_inside_longer_words_is_named_and_a_plain_word_is_not() -> None:
    assert named_inside("a plain.word and to=ann@corp.test, or x:corp.test/in") == ["ann@corp.test", "corp.test"]
    assert named_inside("no names here: a=b") == []


def test_a_word_does_not_call_everybody_and_a_name_behind_its_mark_is_the_name() -> None:
    said = vocabulary(["tell all of it to bob, here"], KEY)
    assert not any(said.holds(one, KEY) for one in ("@all", "@here"))
    assert said.holds("@bob", KEY)
    assert vocabulary(["tell @all"], KEY).holds("@all", KEY)
