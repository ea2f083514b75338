"""What the client believes of an answer. Tokens asked for, kept and renewed are in `test_run.py`, on a real gateway."""

from __future__ import annotations

import httpx
import pytest

from aisecops.client.auth import CapabilityAuth

URL = "https://crm.internal/v1/customers/42"
SAID = {"code": "token_missing", "request_token": {"run_id": "run_1", "tool": "mail.send", "scope": "x"}}


def flow():
    request = httpx.Request("GET", URL)
    going = CapabilityAuth().auth_flow(request)
    assert next(going) is request
    return going


def refusal(**headers):
    said = {"content-type": "application/problem+json", **headers}
    return httpx.Response(401, json=SAID, headers=said)


def test_the_gateways_refusal_is_followed():
    asked = flow().send(refusal(**{"AISecOps-Decision": "dec_1"}))
    assert str(asked.url) == "http://aisecops.internal/v1/tokens"


@pytest.mark.parametrize(
    "answer",
    [
        refusal(),
        httpx.Response(200, json=SAID, headers={"AISecOps-Decision": "d", "content-type": "application/problem+json"}),
        httpx.Response(401, json=SAID, headers={"AISecOps-Decision": "dec_1"}),
        httpx.Response(
            401, content=b"[", headers={"AISecOps-Decision": "d", "content-type": "application/problem+json"}
        ),
    ],
)
def test_an_upstream_cannot_make_the_client_ask_for_tokens(answer):
    with pytest.raises(StopIteration):
        flow().send(answer)


def test_it_gives_up_after_two_tokens_that_did_not_do():
    going, asked = flow(), 0
    answer = going.send(refusal(**{"AISecOps-Decision": "dec_1"}))
    with pytest.raises(StopIteration):
        while True:
            if answer.url.path == "/v1/tokens":
                asked += 1
                answer = going.send(httpx.Response(201, json={"token": "a.b.c", "expires_at": 4_000_000_000}))
            else:
                answer = going.send(refusal(**{"AISecOps-Decision": "dec_1"}))
    assert asked == 2
