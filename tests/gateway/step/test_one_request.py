"""A request that is sent again is the same one; whatever shapes it makes it another."""

from __future__ import annotations

import hashlib

import pytest
from msgspec.structs import replace

from aisecops.gateway.step.one_request import request_digest
from aisecops.model.exchange import HttpRequest

REQUEST = HttpRequest(
    method="POST", scheme="https", host="api.test", port=443, path="/v1/pay?to=a",
    headers=(("Content-Type", "application/json"), ("X-Tenant", "blue"), ("User-Agent", "one")), body=b"{}",
)  # fmt: skip


def test_the_digest_is_that_of_its_parts_each_behind_its_length():
    parts = ("POST", "https", "api.test", "443", "/v1/pay?to=a", "content-type:application/json", "x-tenant:blue")
    said = b"".join(len(part).to_bytes(4) + part.encode() for part in parts)
    assert request_digest(REQUEST) == f"sha256:{hashlib.sha256(said + b'{}').hexdigest()}"


@pytest.mark.parametrize(
    "headers",
    [
        (("user-agent", "two"), ("x-tenant", "blue"), ("CONTENT-TYPE", "application/json")),
        (*REQUEST.headers, ("AISecOps-Capability", "t"), ("traceparent", "00-"), ("X-Stainless-OS", "Linux")),
    ],
)
def test_how_and_when_it_is_sent_makes_no_difference(headers):
    assert request_digest(replace(REQUEST, headers=headers)) == request_digest(REQUEST)


@pytest.mark.parametrize(
    "other",
    [
        {"method": "PUT"}, {"scheme": "http"}, {"host": "api2.test"}, {"port": 8443}, {"path": "/v1/pay?to=b"},
        {"headers": (*REQUEST.headers, ("X-Tenant", "red"))}, {"headers": REQUEST.headers[:1]}, {"body": b"{ }"},
        {"path": "/v1/pay?to=a{}", "body": b""},
    ],
)  # fmt: skip
def test_whatever_shapes_it_makes_it_another(other):
    assert request_digest(replace(REQUEST, **other)) != request_digest(REQUEST)
