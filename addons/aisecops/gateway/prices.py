"""What a call to a model costs: by the rules' prices, before it runs and when it has."""

from __future__ import annotations

from decimal import ROUND_CEILING

from aisecops.model.rules import ModelRule, Price
from aisecops.wire.llm import LlmCall, estimated_input_tokens

UNSTATED_OUTPUT_TOKENS = 1024
"""Reserved for an answer whose length the request does not bound; the real use replaces it."""


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
    each = call.max_output_tokens if call.max_output_tokens is not None else UNSTATED_OUTPUT_TOKENS
    return cost_micros(model, call.model, input_tokens=estimated_input_tokens(call), output_tokens=each * call.answers)
