"""What may be in a request: from outside, against a real installation."""

from __future__ import annotations

import base64
import gzip
import secrets
import zlib

import orjson
import pytest

from support.installation import fresh, shared_installation  # noqa: F401
from support.installation_rules import AGENTS, CARD, MAX_BODY
from support.speaking import assert_refused

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]


@pytest.fixture
def order(house):
    """Posts a body to an order of its own; gives the answer and the order's name."""
    run = house.run("clerk")

    def post(body, *, path="", **headers):
        name = fresh("o")
        shown = house.with_token(run, "orders.write", f"orders.{name}")
        shown |= {key.replace("_", "-"): value for key, value in headers.items()}
        return house.ask(run, "POST", f"https://db.internal/orders/{name}{path}", headers=shown, body=body), name

    return post


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b'{"to": ', {}),
        (b'{"to": "ann", "to": "eve"}', {}),
        (b'{"a": {"to": 1, "to": 2}}', {}),
        (b'{"a": NaN}', {}),
        (b"[" * 5000 + b"]" * 5000, {}),
        (b'\xff\xfe{"a": 1}', {}),
        (b'{"a": 1}', {"Content_Encoding": "rot13"}),
        (b'{"a": 1}', {"Content_Encoding": "gzip"}),
        (gzip.compress(gzip.compress(b"{}")), {"Content_Encoding": "gzip, gzip"}),
        (gzip.compress(b'{"a": 1}') + b"tail", {"Content_Encoding": "gzip"}),
        (gzip.compress(b'{"a": 1}')[:-4], {"Content_Encoding": "gzip"}),
        (zlib.compress(b'{"a": 1}') + b"tail", {"Content_Encoding": "deflate"}),
    ],
    ids=[
        "cut",
        "twice",
        "deep-twice",
        "nan",
        "nested",
        "utf16",
        "rot13",
        "no-gzip",
        "gzip-gzip",
        "gzip-tail",
        "gzip-cut",
        "deflate-tail",
    ],
)
def test_a_body_that_is_not_what_it_says_is_unreadable(house, order, body, headers):
    said, name = order(body, Content_Type="application/json", **headers)

    assert_refused(said, "unreadable")
    assert house.received(name) == []


def test_a_bomb_is_refused_without_being_blown_up(house, order):
    said, name = order(gzip.compress(bytes(40_000_000)), Content_Type="text/plain", Content_Encoding="gzip")

    assert said.code in {"unreadable", "too_large"}, said
    assert house.received(name) == []


def test_a_second_member_of_a_gzip_body_is_not_overlooked(house, order):
    body = gzip.compress(b'{"text": "hello"') + gzip.compress(f', "card": "{CARD}"}}'.encode())

    said, name = order(body, Content_Type="application/json", Content_Encoding="gzip")

    assert said.code in {"egress_blocked", "unreadable"}, said
    assert house.received(name) == []


def test_a_body_over_the_rules_size_is_too_large_whether_it_says_so_or_not(house, order):
    large = b"a" * (MAX_BODY + 1)
    chunked = b"%x\r\n%s\r\n0\r\n\r\n" % (len(large), large)

    for body, headers in ((large, {}), (chunked, {"Transfer_Encoding": "chunked"})):
        said, name = order(body, Content_Type="text/plain", **headers)
        assert_refused(said, "too_large")
        assert house.received(name) == []


def test_a_body_of_exactly_the_rules_size_passes_as_it_is(house, order):
    said, name = order(b"a" * MAX_BODY, Content_Type="text/plain")

    assert said.status == 200
    assert house.received(name)[0].endswith(b"\r\n\r\n" + b"a" * MAX_BODY)


def dressed(card, dress):
    """A body that carries `card` in one of the dresses a leak may wear, and its headers."""
    kind = {"Content_Type": "application/json"}
    in_json = orjson.dumps({"note": f"card {card} please"})
    return {
        "json": (in_json, kind),
        "key": (orjson.dumps({f"card {card}": 1}), kind),
        "escaped": (b'{"note": "' + "".join(f"\\u{ord(c):04x}" for c in card).encode() + b'"}', kind),
        "base64": (orjson.dumps({"note": base64.b64encode(f"card {card}".encode()).decode()}), kind),
        "text": (f"card {card}".encode(), {"Content_Type": "text/plain"}),
        "utf16": (f"card {card}".encode("utf-16"), {"Content_Type": "text/plain; charset=utf-16"}),
        "form": (f"note=card+{card.replace(' ', '+')}".encode(), {"Content_Type": "application/x-www-form-urlencoded"}),
        "gzip": (gzip.compress(in_json), kind | {"Content_Encoding": "gzip"}),
        "untyped": (f"card {card}".encode(), {}),
        "header": (b"{}", kind | {"X_Note": f"card {card}"}),
    }[dress]


DRESSES = ["json", "key", "escaped", "base64", "text", "utf16", "form", "gzip", "untyped", "header"]


@pytest.mark.parametrize("dress", DRESSES)
def test_a_card_number_does_not_leave_in_any_dress_and_is_nowhere_repeated(house, order, dress):
    body, headers = dressed(CARD, dress)

    said, name = order(body, **headers)

    problem = assert_refused(said, "egress_blocked")
    assert "CREDIT_CARD" in {finding["entity"] for finding in problem["findings"]}
    assert CARD.encode() not in said.body
    assert house.received(name) == []
    assert CARD.encode() not in house.everything_written()
    assert house.events("egress_blocked", decision_id=problem["decision_id"])


def secret():
    """Something shaped like the access key of a cloud, of nobody."""
    return "AKIA" + "".join(secrets.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") for _ in range(16))


@pytest.mark.parametrize("place", ["body", "query", "header"])
def test_a_secret_does_not_leave_and_is_in_no_answer_log_record_or_store(house, order, place):
    key = secret()
    body = {"note": key} if place == "body" else {}
    headers = {"X_Note": key} if place == "header" else {}

    said, name = order(body, path=f"?key={key}" if place == "query" else "", **headers)

    problem = assert_refused(said, "egress_blocked")
    assert problem["findings"][0]["fingerprint"]
    assert key.encode() not in said.body
    assert house.received(name) == []
    assert key.encode() not in house.everything_written()


def test_a_secret_in_the_path_does_not_leave_and_is_not_written_down_as_a_scope(house):
    run, key = house.run("clerk"), secret()
    headers = house.with_token(run, "orders.write", "orders.*")

    said = house.ask(run, "POST", f"https://db.internal/orders/{key}", headers=headers, body={})

    assert_refused(said, "egress_blocked")
    assert key.encode() not in said.body
    assert house.received(key) == []
    assert key.encode() not in house.everything_written()


def test_a_credential_in_its_place_is_no_leak(house, order):
    key = secret()

    said, name = order({"note": "hello"}, X_Api_Key=key)

    assert said.status == 200, said
    assert key.encode() in house.received(name)[0]
    assert key.encode() not in house.everything_written()


def test_what_is_to_be_masked_for_a_model_leaves_masked(house):
    marker, address = fresh(), f"{fresh()}@contoso.com"
    prompt = {"model": "gpt-4o", "messages": [{"role": "user", "content": f"{marker} write to {address}"}]}

    said = house.ask(AGENTS["clerk"], "POST", "https://api.openai.com/v1/chat/completions", body=prompt)

    assert said.status == 200, said
    (left,) = house.received(marker)
    assert address.encode() not in left
    body = orjson.loads(left.partition(b"\r\n\r\n")[2])
    assert body["messages"][0]["content"].startswith(f"{marker} write to ")


def test_what_is_to_become_an_embedding_is_a_prompt_to_the_scan(house):
    marker, address, key = fresh(), f"{fresh()}@contoso.com", secret()

    def embeds(text):
        body = {"model": "text-embedding-3-small", "input": ["fine", f"{marker} {text}"]}
        return house.ask(AGENTS["clerk"], "POST", "https://api.openai.com/v1/embeddings", body=body)

    assert_refused(embeds(f"the key is {key}"), "egress_blocked")
    assert house.received(marker) == []
    assert embeds(f"write to {address}").code == "output_invalid"  # what this upstream answers are no embeddings
    (left,) = house.received(marker)
    assert address.encode() not in left


def test_a_refused_model_call_says_why_in_the_providers_own_form(house):
    prompt = {"model": "gpt-4o", "messages": [{"role": "user", "content": f"my card is {CARD}"}]}

    said = house.ask(AGENTS["clerk"], "POST", "https://api.openai.com/v1/chat/completions", body=prompt)

    problem = assert_refused(said, "egress_blocked")
    assert "egress_blocked" in problem["error"]["message"]
