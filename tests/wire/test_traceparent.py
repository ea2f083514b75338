"""What an agent says of its own span is taken only when it is one: it ends up in the record."""

from __future__ import annotations

import pytest

from aisecops.wire.traceparent import traceparent_in

ONE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def test_the_one_that_was_sent_is_taken_whatever_its_headers_case():
    assert traceparent_in((("TraceParent", ONE), ("other", "x"))) == ONE


@pytest.mark.parametrize(
    "headers",
    [
        (),
        (("traceparent", ""),),
        (("traceparent", ONE), ("traceparent", ONE)),
        (("traceparent", f"{ONE}, {ONE}"),),
        (("traceparent", ONE.upper()),),
        (("traceparent", f"{ONE}\n"),),
        (("traceparent", f" {ONE}"),),
        (("traceparent", ONE.replace("4", "٤")),),
        (("traceparent", "my-customer@example.com"),),
    ],
)
def test_anything_else_is_none(headers):
    assert traceparent_in(headers) == ""
