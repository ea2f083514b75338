from __future__ import annotations

from decimal import Decimal

import pytest
from msgspec.structs import replace

from aisecops.gateway.step.prices import (
    UNSTATED_OUTPUT_TOKENS,
    cost_micros,
    drawn_micros,
    expected_cost_micros,
    most_output_tokens,
    price_of,
)
from aisecops.model.place import Place
from aisecops.model.rules import HttpMatch, ModelRule, Price
from aisecops.wire.llm import LlmAnswer, LlmCall, Usage


def price(much: str) -> Price:
    return Price(input=Decimal(much), output=Decimal(much))


def model(**prices: str) -> ModelRule:
    listed = {name.replace("_", "-"): price(much) for name, much in prices.items()}
    place = Place(file="rules.yaml", line=1, column=1)
    return ModelRule(name="m", place=place, match=HttpMatch(host="model.example"), dialect="openai", prices=listed)


@pytest.mark.parametrize(
    ("name", "much"),
    [("gpt-4o", "2"), ("gpt-4o-2024-08-06", "2"), ("gpt-4o-mini", "1"), ("gpt-4o-mini-2024", "1"), ("gpt-5", "3"), ("", "3")],
)  # fmt: skip
def test_a_price_is_the_models_own_that_of_its_family_or_the_dearest(name, much):
    assert price_of(model(gpt_4o="2", gpt_4o_mini="1", other="3"), name) == price(much)


def test_a_star_ends_a_family():
    rule = model()
    rule = ModelRule(
        name="m", place=rule.place, match=rule.match, dialect="gemini", prices={"gemini-*": price("1"), "x": price("9")}
    )
    assert price_of(rule, "gemini-2.5-flash") == price("1")


def test_without_prices_nothing_is_charged():
    assert cost_micros(model(), "gpt-4o", input_tokens=10, output_tokens=10) == 0


def test_money_is_rounded_up():
    assert cost_micros(model(a="0.3"), "a", input_tokens=1, output_tokens=0) == 1


def test_what_is_reserved_goes_by_the_longest_answer_and_counting_costs_nothing():
    call = LlmCall(dialect="openai", model="a", stream=False, max_output_tokens=None, segments=(), answers=2)
    assert expected_cost_micros(model(a="1"), call) == 2 * UNSTATED_OUTPUT_TOKENS
    counting = LlmCall(dialect="gemini", model="a", stream=False, max_output_tokens=None, segments=(), charged=False)
    assert expected_cost_micros(model(a="1"), counting) == 0


def test_a_price_that_bounds_an_answer_is_reserved_where_the_request_asks_for_more_or_says_nothing():
    rule = model(a="1")
    bounded = replace(rule, prices={"a": replace(rule.prices["a"], max_output=500)})
    for asked, reserved in ((None, 500), (400, 400), (9_000, 500)):
        call = LlmCall(dialect="openai", model="a", stream=False, max_output_tokens=asked, segments=())
        assert (most_output_tokens(bounded, call), expected_cost_micros(bounded, call)) == (reserved, reserved)
        assert most_output_tokens(rule, call) == asked


def test_an_answer_that_broke_off_costs_what_was_seen_of_it_if_that_is_more_than_it_said():
    call = LlmCall(dialect="anthropic", model="a", stream=True, max_output_tokens=None, segments=())
    begun = LlmAnswer(model="a", usage=Usage(input_tokens=7, output_tokens=1), texts=("a" * 300,), complete=False)
    assert drawn_micros(model(a="1"), call, begun, "a") == 7 + 100
    assert drawn_micros(model(a="1"), call, replace(begun, complete=True), "a") == 7 + 1
    assert drawn_micros(model(a="1"), call, replace(begun, usage=None, texts=()), "a") == 0
