"""Values that are cut over several requests, messages of one, or messages of a WebSocket, by real clients, two workers.

The part that makes the value whole does not arrive; the benign twin of each arrives unchanged.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator

import httpx
import openai
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from support.dressing import ALL
from support.feeds import talked, with_feed
from support.installation import Installation, fresh
from support.installation_rules import AGENTS
from support.websockets import two_threads

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

WITHIN_S = 10.0
KNOWN = "heron-" + secrets.token_hex(8)
OWN = with_feed() + '    - {entity: [IBAN_CODE], to: any, action: block}\n  known: ["file:known.txt"]\n'

AWS = "AKIA" + "QW3ERT5YUI7OPA2S"
VALUES = {
    "key": (AWS[:11], AWS[11:]),
    "known": (KNOWN[:9], KNOWN[9:]),
    "card": ("4012 8888", "8888 1881"),
    "iban": ("DE89 3704 00", "44 0532 0130 00"),
    "private-key": ("-----BEGIN RSA PRIV", "ATE KEY-----\nMIIEpAIBAAKCAQEA7bq"),
    "base64": (ALL["base64"](f"the key is {AWS}")[:25], ALL["base64"](f"the key is {AWS}")[25:]),
    "fours": ("AKIA", "QW3E", "RT5Y", "UI7O", "PA2S"),
}
TWINS = {
    "key": (AWS[:11], AWS[11:-1]),
    "known": (KNOWN[:9], KNOWN[9:-1]),
    "card": ("4012 8888", "8888 1880"),
    "iban": ("DE89 3704 00", "44 0532 0130 01"),
    "private-key": ("-----BEGIN RSA PUBL", "IC KEY-----\nMIIEpAIBAAKCAQEA7bq"),
    "base64": (ALL["base64"]("the sea is wide and blue")[:25], ALL["base64"]("the sea is wide and blue")[25:]),
    "fours": ("AKIA", "QW3E", "RT5Y", "UI7O"),
}


@pytest.fixture(scope="module")
def own(tmp_path_factory) -> Iterator[Installation]:
    folder = tmp_path_factory.mktemp("seams")
    (folder / "rules").mkdir()
    (folder / "rules" / "known.txt").write_text(KNOWN)
    with talked(Installation(folder, rules=OWN, workers=2)) as own:
        yield own


def sent(own, run, body, place: str) -> tuple[httpx.Response, bool]:
    """One request on a connection of its own; whether it arrived."""
    clerk, name = AGENTS["clerk"], fresh("o")
    headers = {"AISecOps-Run": run.run_id, **own.with_token(run, "orders.write", f"orders.{name}")}
    proxy = f"http://{clerk.name}:{clerk.secret}@127.0.0.1:{own.proxy_port}"
    request = {
        "json": {"json": {"note": body}},
        "text": {"content": body, "headers": {"Content-Type": "text/plain"}},
        "form": {"data": {"note": body}},
        "query": {"params": {"note": body}},
    }[place]
    headers |= request.pop("headers", {})
    with httpx.Client(proxy=proxy, verify=own.bundle, timeout=60.0) as client:
        said = client.post(f"https://db.internal/orders/{name}", headers=headers, **request)
    return said, bool(own.received(name))


@pytest.mark.parametrize(
    ("kind", "place"), [*((kind, "json") for kind in VALUES), ("key", "text"), ("known", "form"), ("fours", "query")]
)
def test_the_last_part_of_a_value_does_not_leave_in_a_later_request(own, kind, place):
    run = own.run("clerk")
    *before, last = VALUES[kind]
    assert [sent(own, run, part, place)[0].status_code for part in before] == [200] * len(before)

    for _ in range(2):  # nor when it is tried again, by the other worker perhaps
        said, arrived = sent(own, run, last, place)
        assert (said.status_code, arrived) == (403, False), said.text
        finding = said.json()["findings"][0]
        assert finding["where"].startswith("seam:")
        assert last not in said.text

    twins = own.run("clerk")
    for part in TWINS[kind]:
        said, arrived = sent(own, twins, part, place)
        assert (said.status_code, arrived) == (200, True), said.text


def test_another_run_may_say_the_other_half_and_the_first_half_is_nowhere_to_be_read(own):
    half, rest = KNOWN[:15], KNOWN[15:] + "-of-it"
    assert sent(own, own.run("clerk"), half, "text")[0].status_code == 200
    assert sent(own, own.run("clerk"), rest, "text")[0].status_code == 200
    assert half.encode() not in own.everything_written().replace(KNOWN.encode(), b"")


@pytest.mark.parametrize(("parts", "status"), [(VALUES["key"], 403), (TWINS["key"], 200)], ids=["value", "twin"])
def test_messages_to_a_model_are_read_as_one(own, parts, status):
    run = own.run("clerk")
    proxy = f"http://{run.agent.name}:{run.agent.secret}@127.0.0.1:{own.proxy_port}"
    messages = [{"role": role, "content": text} for role, text in zip(("user", "user"), parts, strict=True)]
    with httpx.Client(proxy=proxy, verify=own.bundle, headers={"AISecOps-Run": run.run_id}) as http:
        client = openai.OpenAI(api_key="test", http_client=http, max_retries=0)
        if status == 200:
            assert client.chat.completions.create(model="gpt-4o", messages=messages).choices
            return
        with pytest.raises(openai.PermissionDeniedError) as refused:
            client.chat.completions.create(model="gpt-4o", messages=messages)
    assert "seam:body:/messages/1/content" in str(refused.value)
    assert own.received(json.dumps(parts[1])) == []


@pytest.mark.parametrize("kind", ["known", "card", "fours"])
def test_the_last_part_does_not_leave_in_a_message_of_a_websocket(own, kind):
    for pieces, passes in ((VALUES[kind], False), (TWINS[kind], True)):
        run = own.run("clerk")
        own.talk.got.clear()
        headers = own.with_token(run, "orders.feed", "feed.orders") | {"AISecOps-Run": run.run_id}
        proxy = f"http://{run.agent.name}:{run.agent.secret}@127.0.0.1:{own.proxy_port}"
        with connect(
            "wss://ws.example/feed", proxy=proxy, ssl=two_threads(own.bundle_file), additional_headers=headers,
            open_timeout=WITHIN_S, close_timeout=2,
        ) as client:  # fmt: skip
            for piece in pieces[:-1]:
                client.send(piece)
                assert client.recv(WITHIN_S) == piece
            client.send(pieces[-1])
            if passes:
                assert client.recv(WITHIN_S) == pieces[-1]
            else:
                assert json.loads(client.recv(WITHIN_S))["code"] == "egress_blocked"
                with pytest.raises(ConnectionClosed):
                    client.recv(WITHIN_S)
        assert own.talk.got == list(pieces if passes else pieces[:-1]), kind


@pytest.mark.parametrize("value", [AWS, f"B{AWS[1:]}"], ids=["value", "twin"])  # no key, whatever is beside it
def test_a_value_that_is_cut_over_frames_of_one_message_is_read_whole(own, value):
    run = own.run("clerk")
    own.talk.got.clear()
    headers = own.with_token(run, "orders.feed", "feed.orders") | {"AISecOps-Run": run.run_id}
    proxy = f"http://{run.agent.name}:{run.agent.secret}@127.0.0.1:{own.proxy_port}"
    with connect(
        "wss://ws.example/feed", proxy=proxy, ssl=two_threads(own.bundle_file), additional_headers=headers,
        open_timeout=WITHIN_S, close_timeout=2,
    ) as client:  # fmt: skip
        client.send(iter(["the key is ", value[:7], value[7:15], value[15:]]))
        said = client.recv(WITHIN_S)
    whole = value != AWS
    assert said == f"the key is {value}" if whole else json.loads(said)["code"] == "egress_blocked", said
    assert own.talk.got == ([f"the key is {value}"] if whole else [])


@pytest.mark.parametrize(
    ("numbers", "status"),
    [(("4012 8888", "8888 1881"), 403), (("9 4012 8888", "8888 1881"), 200), (("40", "12", "8888 8888", "1881"), 403)],
    ids=["a card", "one only in their midst", "in four"],
)
def test_numbers_in_a_row_are_a_card_as_a_whole_and_not_in_their_midst(own, numbers, status):
    run = own.run("clerk")
    told = [sent(own, run, one, "json") for one in numbers]
    assert [said.status_code for said, _ in told] == [200] * (len(numbers) - 1) + [status]
    assert [arrived for _, arrived in told] == [True] * (len(numbers) - 1) + [status == 200]


@pytest.mark.parametrize("first", [0, 1], ids=["first-half-first", "second-half-first"])
def test_half_to_one_host_and_half_to_another_does_not_leave(own, first):
    run, twins = own.run("clerk"), own.run("clerk")
    halves = VALUES["key"]
    for who, (here, there), status in (
        (run, (halves[first], halves[1 - first]), 403),
        (twins, (halves[first], halves[first]), 200),
    ):
        assert sent(own, who, here, "json")[0].status_code == 200
        name = fresh("m")
        body = {"to": "ann", "price": 0.01, "text": there, "mark": name}
        headers = own.with_token(who, "mail.send", "mail.contacts.ann") | {"AISecOps-Run": who.run_id}
        said = own.ask(who.agent, "POST", "https://mail.example/send", headers=headers, body=body)
        assert said.status == status, said
        assert bool(own.received(name)) is (status == 200)
        if status != 200:
            assert said.json["findings"][0]["where"] == "seam:body:/text"
