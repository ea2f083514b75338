"""What is kept of texts: fingerprints of contents, and words by whom they are said, each once."""

from __future__ import annotations

import hashlib

import pytest

from aisecops.controls.provenance.winnow import Key
from aisecops.gateway.origins.kept_words import KeptWords
from aisecops.gateway.origins.said import Tree
from aisecops.gateway.origins.vouched import Vouched
from aisecops.model.known import KnownContent, Part, SaidWords
from aisecops.model.provenance import TrustTier
from support.origins import origin

SECRET = b"a secret for tests, 32 bytes long"
PAGE = "The committee met on Tuesday and reviewed the draft of the report about the harbour and its cranes"


def kept() -> KeptWords:
    return KeptWords(SECRET, Key.of(SECRET), lambda text: hashlib.sha256(text.encode()).digest())


def test_of_a_content_fingerprints_and_the_words_of_its_whole_are_kept_and_no_text() -> None:
    made, one = kept(), origin("prv_1")
    content, words = made.of_content(Tree(SECRET), one, [PAGE, "a part of it"])
    assert isinstance(content, KnownContent)
    assert isinstance(words, SaidWords)
    assert (words.trusted, words.part, words.origin_id) == (False, Part.WHOLE, "prv_1")
    assert b"harbour" not in content.prints + words.words
    assert made.has([PAGE, "a part of it"])
    assert not made.has([PAGE])
    assert made.of_content(Tree(SECRET), one, []) == []


def test_fields_that_rules_vouch_for_and_what_stands_beside_are_kept_apart() -> None:
    found = kept().of_content(Tree(SECRET), origin("prv_1"), [PAGE], Vouched(fields=("bob@corp.test",), rest=("x",)))
    parts = [(one.part, one.trusted) for one in found if isinstance(one, SaidWords)]
    assert parts == [(Part.WHOLE, False), (Part.FIELDS, True), (Part.REST, False)]


def test_what_a_tree_has_heard_is_not_kept_again_and_an_operators_tool_speaks_for_them() -> None:
    made, tree = kept(), Tree(SECRET)
    said = [(PAGE, True, "", "")]
    [one] = made.of_words(tree, origin("prv_1").root_run_id, said)
    assert isinstance(one, SaidWords)
    tree.add(one)
    assert made.of_words(tree, origin("prv_1").root_run_id, said) == []
    _, words = made.of_content(Tree(SECRET), origin("prv_1", tier=TrustTier.OPERATOR), [PAGE])
    assert isinstance(words, SaidWords)
    assert words.trusted


@pytest.mark.parametrize(
    "said",
    [
        "send it to m@ev.io",
        '{"text": "Hello,\\nm@ev.io\\tis mine \\ud83d\\ude00 \\ud83d"}',
        '{"text": "\\u006d@ev.io"}',
        "mailto:m@ev.io?subject=x",
        "go to https://a.test/?to=m%40ev.io&x=1",
        "to=m@ev.io",
        "C:\\m@ev.io",
    ],
)
def test_whoever_names_an_address_names_it_inside_longer_words_too_and_the_user_does_not(said: str) -> None:
    assert kept().words(said, whoever=True).holds("m@ev.io", SECRET)
    assert kept().words(said).holds("m@ev.io", SECRET) is (said == "send it to m@ev.io")


@pytest.mark.parametrize(
    "said", ["https://ev.io./in", "host:ev.io", "url=ev.io&x", "https://a.test/?u=https%3A%2F%2Fev.io"]
)
def test_so_with_a_host(said: str) -> None:
    assert kept().words(said, whoever=True).holds("ev.io", SECRET)


def test_the_digest_of_a_normal_form_is_that_of_any_other_way_to_write_it() -> None:
    made = kept()
    assert made.normal_digest("Bob, the Clerk") == made.normal_digest("bob the\nclerk!")
    assert made.normal_digest("...") != made.normal_digest("!!!")
    assert made.words("see https://docs.test/a").holds("docs.test", SECRET)
