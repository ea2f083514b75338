from __future__ import annotations

from decimal import Decimal

import pytest

from aisecops.gateway.prices import UNSTATED_OUTPUT_TOKENS, cost_micros, expected_cost_micros, price_of
from aisecops.model.rules import HttpMatch, ModelRule, Place, Price
from aisecops.wire.llm import LlmCall


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
