"""Requests as agents send them to the gateway of `support.gateway`, and what comes of one."""

from __future__ import annotations

from typing import Any

import orjson

from aisecops.model.exchange import HttpRequest
from aisecops.model.outcome import Refuse


def request(method: str, url: str, *, token: str = "", body: Any = None, **headers: str) -> HttpRequest:
    """A request as the host program hands it over; `body` that is not bytes is sent as JSON."""
    scheme, _, rest = url.partition("://")
    place, slash, path = rest.partition("/")
    host, _, port = place.partition(":")
    data = body if isinstance(body, bytes) else b"" if body is None else orjson.dumps(body)
    sent = [("Host", place)]
    if data:
        sent += [("Content-Type", headers.pop("content_type", "application/json")), ("Content-Length", str(len(data)))]
    sent += [(name.replace("_", "-"), value) for name, value in headers.items()]
    if token:
        sent.append(("AISecOps-Capability", token))
    return HttpRequest(
        method=method,
        scheme=scheme,
        host=host,
        port=int(port or {"https": 443, "http": 80}[scheme]),
        path=slash + path or "/",
        headers=tuple(sent),
        body=data,
    )


def read(customer: str = "42", **more: Any) -> HttpRequest:
    return request("GET", f"https://crm.internal/v1/customers/{customer}", **more)


def send(to: str = "ann", **more: Any) -> HttpRequest:
    return request("POST", "https://mail.example/send", body={"to": to, "text": "hello"}, **more)


def write(order: str = "7", **more: Any) -> HttpRequest:
    return request("POST", f"https://db.internal/orders/{order}", body={"state": "paid"}, **more)


def code(outcome: Any) -> Any:
    """The code of a refusal; of anything else, what it is."""
    return outcome.code if isinstance(outcome, Refuse) else type(outcome).__name__
