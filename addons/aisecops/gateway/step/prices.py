"""What a call to a model costs: by the rules' prices, before it runs and when it has."""

from __future__ import annotations

from decimal import ROUND_CEILING

from aisecops.model.rules import ModelRule, Price
from aisecops.wire.llm import LlmAnswer, LlmCall, Usage, estimated_input_tokens, estimated_output_tokens

UNSTATED_OUTPUT_TOKENS = 1024
"""Reserved for an answer whose length neither the request nor the price bounds; the real use replaces it."""


def price_of(model: ModelRule, name: str) -> Price | None:
    """The price of `name`: its own, that of the longest glob or dated family it belongs to, else the dearest listed."""
    if name in model.prices:
        return model.prices[name]
    families = [key for key in model.prices if name.startswith(key.removesuffix("*").removesuffix("-") + "-")]
    families += [key for key in model.prices if key.endswith("*") and name.startswith(key[:-1])]
    if families:
        return model.prices[max(families, key=len)]
    return max(model.prices.values(), key=lambda price: (price.output, price.input), default=None)


def cost_micros(model: ModelRule, name: str, *, input_tokens: int, output_tokens: int) -> int:
    """Money for model tokens, in millionths, rounded up. Prices are per million, so the millionths cancel."""
    price = price_of(model, name)
    if price is None:
        return 0
    return int((price.input * input_tokens + price.output * output_tokens).to_integral_value(ROUND_CEILING))


def expected_cost_micros(model: ModelRule, call: LlmCall) -> int:
    """What is reserved for a call before it runs."""
    if not call.charged:
        return 0
    most = most_output_tokens(model, call)
    each = UNSTATED_OUTPUT_TOKENS if most is None else most
    return cost_micros(model, call.model, input_tokens=estimated_input_tokens(call), output_tokens=each * call.answers)


def most_output_tokens(model: ModelRule, call: LlmCall) -> int | None:
    """How long one answer is at most, where the request or the price says so."""
    price = price_of(model, call.model)
    bounds = [call.max_output_tokens, price.max_output if price else None]
    return min((bound for bound in bounds if bound is not None), default=None)


def drawn_micros(model: ModelRule, call: LlmCall, answer: LlmAnswer, name: str) -> int:
    """What `answer`, or what there is of it, has cost: by what it says, else by what was seen of it.

    One that has not come to its end may say what it had cost when it began: then what was seen counts if it is more.
    """
    seen = Usage(input_tokens=estimated_input_tokens(call), output_tokens=estimated_output_tokens(answer))
    used = answer.usage or seen
    output = used.output_tokens if answer.complete else max(used.output_tokens, seen.output_tokens)
    return cost_micros(model, name, input_tokens=used.input_tokens, output_tokens=output)
