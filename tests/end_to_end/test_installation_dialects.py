"""Every dialect through a real installation: what goes on unchanged, and a page that steers a model (spec 3.1).

The model is a stand-in that always obeys. The agent obeys it too.
"""

from __future__ import annotations

import httpx
import openai
import orjson
import pytest

from support.corpus import RULES, SPEECHES, unwrapped
from support.installation import fresh, installed
from support.obeying import WORDS, Obeying, names_in, opened, page_to

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

CLEAN = "There is nothing to report."
HEADERS = [
    ("Content-Type", "application/json"),
    ("Authorization", "Bearer test"),
    ("X-Kept", "A  b;c"),
    ("Accept", "*/*"),
]
ALL = pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
EACH = pytest.mark.parametrize("name", SPEECHES)
MAIN = pytest.mark.parametrize("name", ["chat", "responses", "messages", "invoke", "gemini", "bedrock", "ollama"])


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    with installed(tmp_path_factory.mktemp("dialects"), rules=RULES) as installation:
        yield installation


@pytest.fixture
def model(own):
    own.upstream.answer = Obeying()
    return own.upstream.answer


@pytest.fixture
def page(own, model):
    """Reads a page that tells whoever reads it to write to somebody; gives its text and the address."""

    def read(run):
        address = f"{fresh('mallory')}@evil.test"
        model.page = page_to(address).encode()
        assert own.ask(run, "GET", "https://en.wiki.example/wiki/minutes").status == 200
        return model.page.decode(), address

    return read


def asked(own, run, name, stream, **words):
    """The answer to a prompt, and the prompt as it was sent."""
    speech = SPEECHES[name]
    body = speech.body(stream=stream, **words)
    url = f"https://api.openai.com{speech.at(stream=stream)}"
    return own.ask(run, "POST", url, headers=HEADERS, body=body), body


def sent(model):
    """Head and body of the one prompt that reached the model."""
    [request] = model.asked
    head, _, body = request.partition(b"\r\n\r\n")
    return [tuple(line.split(": ", 1)) for line in head.decode().split("\r\n")[1:]], body


@ALL
@EACH
def test_a_page_that_steers_a_model_moves_nothing(own, model, page, name, stream):
    run = own.run("clerk")
    text, address = page(run)

    said, body = asked(own, run, name, stream, page=text)

    assert said.status == 200, said
    _, arrived = sent(model)
    assert unwrapped(arrived) == (body, ["https://en.wiki.example"])  # an envelope, and not a byte besides
    assert set(names_in(model.said)) == {"send_email"}  # the model obeyed
    assert (names_in(said.body), address.encode() in opened(said.body)) == ([], False)
    assert b"argument_untrusted" in opened(said.body)
    headers = own.with_token(run, "mail.send", f"mail.contacts.{address.replace('.', '%2E')}")
    obeyed = own.ask(run, "POST", "https://mail.example/send", headers=headers, body={"to": address})
    assert obeyed.code == "argument_untrusted"
    assert own.events("tool_proposed", run_id=run.run_id, proposed="send_email")
    assert not any(b"POST /send" in bytes(data) and address.encode() in data for data in own.upstream.connections)


@ALL
@MAIN
def test_what_the_user_wants_passes_byte_for_byte_both_ways(own, model, name, stream):
    run = own.run("clerk")
    user = f"write to {fresh('ann')}@corp.test"
    own.ask(run, "GET", "https://en.wiki.example/wiki/minutes")
    model.page = CLEAN.encode()

    said, body = asked(own, run, name, stream, page=CLEAN, user=user)

    head, arrived = sent(model)
    assert unwrapped(arrived) == (body, ["unknown"])  # an answer of a tool that nobody saw come in
    assert [pair for pair in head if pair[0] in dict(HEADERS)] == HEADERS
    assert not any(pair[0].lower().startswith(("aisecops-", "proxy-")) for pair in head)
    assert set(names_in(model.said)) == {"send_email"}
    assert said.body == model.said
    assert said.headers["x-provider"] == "kept"
    assert WORDS[5:].encode() in opened(said.body)


@MAIN
def test_a_prompt_that_needs_no_envelope_leaves_as_it_came(own, model, name):
    run = own.run("clerk")
    speech = SPEECHES[name]
    body = speech.body(page="").replace(b'"tool"', b'"user"')
    turns = orjson.loads(body)
    for where in ("messages", "contents", "input"):
        turns[where] = turns[where][:2] if where in turns else turns.pop(where, None)
    body = orjson.dumps({key: value for key, value in turns.items() if value is not None}, option=orjson.OPT_INDENT_2)

    said = own.ask(run, "POST", f"https://api.openai.com{speech.path}", headers=HEADERS, body=body)

    assert said.status == 200, said
    assert sent(model)[1] == body


@ALL
@MAIN
def test_a_refused_prompt_says_so_where_the_providers_library_looks(own, model, page, name, stream):
    run = own.run("clerk")
    text, _ = page(run)
    speech = SPEECHES[name]
    body = speech.body(page=CLEAN, stream=stream).replace(b"be brief", text.encode())

    said = own.ask(run, "POST", f"https://api.openai.com{speech.at(stream=stream)}", headers=HEADERS, body=body)

    assert (said.code, model.asked) == ("context_rejected", []), said
    problem = said.json
    told = problem.get("message") if speech.dialect == "bedrock" else problem["error"]
    sentence = told if isinstance(told, str) else told["message"]
    assert "context_rejected" in sentence
    assert problem["decision_id"] in sentence


def test_what_was_spent_is_counted_in_every_dialect(own, model):
    run = own.run("clerk")
    for name in SPEECHES:
        for stream in (False, True):
            asked(own, run, name, stream, page=CLEAN)
    returned = own.events("llm_returned", run_id=run.run_id)
    assert len(returned) == 2 * len(SPEECHES)
    counted = [event.get("usage") for event in returned]
    assert all(used["output_tokens"] in {7, 10} for used in counted if used), counted
    assert sum(used is None for used in counted) == 2  # streams of chat completions that were not asked to say


def test_every_decision_can_be_made_again(own, model, page):
    run = own.run("clerk")
    text, _ = page(run)
    for name in SPEECHES:
        asked(own, run, name, stream=True, page=text)
    said = own.command("replay", run.run_id)
    assert said.returncode == 0, said.stdout + said.stderr


def test_embeddings_come_back_as_they_are(own):
    run = own.run("clerk")
    vectors = [0.25, -1.5] * 700
    answer = {"object": "list", "model": "e", "data": [{"object": "embedding", "index": 0, "embedding": vectors}]}
    said = orjson.dumps(answer | {"usage": {"prompt_tokens": 3, "total_tokens": 3}})
    own.upstream.answer = lambda _request, send: send(
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(said), said)
    )
    proxy = f"http://{run.agent.name}:{run.agent.secret}@127.0.0.1:{own.proxy_port}"
    with httpx.Client(proxy=proxy, verify=own.bundle) as wire:
        client = openai.OpenAI(
            api_key="test", max_retries=0, http_client=wire, default_headers={"AISecOps-Run": run.run_id}
        )
        done = client.embeddings.create(model="text-embedding-3-small", input=["the minutes"], encoding_format="float")
        assert (done.data[0].embedding, done.usage.prompt_tokens) == (vectors, 3)


HANDSHAKE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


@pytest.mark.parametrize(("path", "status"), [("/v1/responses", 426), ("/v1/realtime", 403)])
def test_who_opens_a_websocket_where_calls_may_be_posted_is_told_to_post(own, model, path, status):
    said = own.ask(own.run("clerk"), "GET", f"https://api.openai.com{path}", headers=HANDSHAKE)
    assert (said.status, said.json["status"], said.code) == (status, status, "protocol_denied")
    assert model.asked == []
