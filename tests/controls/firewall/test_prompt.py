"""Which texts are the same system prompt, and where two differ."""

import hashlib

import pytest

from aisecops.controls.firewall.prompt import MAX_PIECES, differences, exact_digest, pieces, prompt_digest

PROMPT = "You are a clerk. Today is Friday, November 27, 2026, 14:05. Never pay anybody.\nBe brief."


def test_the_digest_of_one_text_is_what_sha256sum_says_of_it():
    assert exact_digest(["be good"]) == "sha256:" + hashlib.sha256(b"be good").hexdigest()
    assert prompt_digest(["be good"]) == exact_digest(["be good"])


def test_another_day_does_not_make_another_prompt_and_another_word_does():
    assert prompt_digest([PROMPT.replace("Friday, November 27", "Monday, January 3")]) == prompt_digest([PROMPT])
    assert prompt_digest([PROMPT.replace("Never", "Always")]) != prompt_digest([PROMPT])


@pytest.mark.parametrize("when", ["2026-01-02T03:04:05+01:00", "27/11/2026", "8 March 2027", "1:05 PM"])
def test_one_form_of_a_date_is_like_another_of_the_same_place(when):
    assert prompt_digest([f"Today is {when}."]) == prompt_digest(["Today is 2026-11-27."])


def test_numbers_that_are_no_dates_count():
    assert prompt_digest(["Pay at most 100.00 to account 12-34"]) != prompt_digest(
        ["Pay at most 900.00 to account 12-34"]
    )
    assert prompt_digest(["Ask 10.0.0.1"]) != prompt_digest(["Ask 10.0.0.2"])


def test_where_two_prompts_differ_is_told_by_sentence_and_neighbours_as_one():
    now = ["You are a clerk. Always pay.\nPay twice. Be brief.", "And quick."]
    at = pieces(now)
    new, gone = differences([one.words for one in pieces([PROMPT])], [one.words for one in at], at)
    told = [now[one.text][one.span.start : one.span.end].strip() for one in new]
    assert told == ["Always pay.\nPay twice.", "And quick."]
    assert gone == 2


def test_no_more_sentences_are_told_apart_than_the_bound():
    assert len(pieces(["a. " * (MAX_PIECES + 9)])) == MAX_PIECES
