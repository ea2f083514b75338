"""Conversations in which a model never sees a real value and an agent never sees a stand-in: both official clients.

A real installation of two workers; the model only repeats what it was told, whole or in pieces of three characters.
"""

from __future__ import annotations

import base64
import contextlib
import json
import re
import sqlite3
from urllib.parse import unquote

import anthropic
import httpx
import httpx2
import openai
import pytest
from websockets.sync.client import connect

from support.feeds import talked, with_feed
from support.installation import Installation, fresh, until
from support.installation_rules import CARD, RULES
from support.installation_upstream import answering
from support.parrot import TOOL, Parrot
from support.websockets import two_threads

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

STAND_IN = re.compile(r"@mail\.example|\b9999 ")
SCHEMA = {"type": "object", "properties": {"to": {"type": "string"}, "text": {"type": "string"}}}
OWN = RULES.replace(
    "\nsources:", "\n  anthropic: {match: {host: api.anthropic.com}, dialect: anthropic}\nsources:"
).replace(
    "- {entity: [CREDIT_CARD, SECRET], to: any, action: block}\n    - {entity: EMAIL_ADDRESS, to: model, action: mask}",
    "- {entity: SECRET, to: any, action: block}\n    - {entity: [EMAIL_ADDRESS, CREDIT_CARD], to: any, action: pseudonymise}\n"
    "    - {entity: IP_ADDRESS, to: internal, action: block}",
).replace("    rows: {response:", "    headers: [X-Customer]\n    rows: {response:")  # fmt: skip


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    with talked(Installation(tmp_path_factory.mktemp("pseudonyms"), rules=with_feed(OWN), workers=2)) as own:
        yield own


@pytest.fixture
def parrot(own):
    parrot = own.upstream.answer = Parrot()
    own.upstream.connections.clear()
    return parrot


@pytest.fixture
def talking(own):
    """Makes agents that talk; their connections are closed at the end."""
    with contextlib.ExitStack() as stack:

        def made(agent, run, *, stream=False):
            library = httpx2 if agent is ByMessages else httpx
            wire = stack.enter_context(library.Client(proxy=proxy(own, run), verify=own.bundle, timeout=60))
            return agent(wire, stream=stream)

        yield made


def proxy(own, run):
    return f"http://{run.itself.name}:{run.itself.secret}@127.0.0.1:{own.proxy_port}"


class ByChat:
    """An agent on chat completions."""

    def __init__(self, wire, *, stream):
        self.client = openai.OpenAI(api_key="test", max_retries=0, http_client=wire)
        self.stream, self.said = stream, []
        self.tools = [{"type": "function", "function": {"name": TOOL, "parameters": SCHEMA}}]

    def tell(self, words):
        self.said.append({"role": "user", "content": words})
        answer = self._asked()
        if not answer.tool_calls:
            self.said.append({"role": "assistant", "content": answer.content})
            return answer.content, {}
        call = answer.tool_calls[0]
        self.said.append(answer.model_dump(exclude_none=True))
        done = {"role": "tool", "tool_call_id": call.id, "content": json.dumps({"sent": call.function.arguments})}
        self.said.append(done)
        text = self._asked().content
        self.said.append({"role": "assistant", "content": text})
        return text, json.loads(call.function.arguments)

    def _asked(self):
        asked = {"model": "gpt-4o", "messages": self.said, "tools": self.tools}
        if not self.stream:
            return self.client.chat.completions.create(**asked).choices[0].message
        with self.client.chat.completions.stream(**asked) as stream:
            for _ in stream:
                pass
            return stream.get_final_completion().choices[0].message


class ByResponses:
    """An agent on the responses API."""

    def __init__(self, wire, *, stream):
        self.client = openai.OpenAI(api_key="test", max_retries=0, http_client=wire)
        self.stream, self.said = stream, []
        self.tools = [{"type": "function", "name": TOOL, "parameters": SCHEMA, "strict": False}]

    def tell(self, words):
        self.said.append({"role": "user", "content": words})
        answer = self._asked()
        calls = [item for item in answer.output if item.type == "function_call"]
        if not calls:
            return answer.output_text, {}
        self.said += [item.model_dump(exclude_none=True, exclude={"parsed_arguments"}) for item in answer.output]
        self.said.append({"type": "function_call_output", "call_id": calls[0].call_id, "output": calls[0].arguments})
        text = self._asked().output_text
        self.said.append({"role": "assistant", "content": text})
        return text, json.loads(calls[0].arguments)

    def _asked(self):
        asked = {"model": "gpt-4o", "input": self.said, "tools": self.tools}
        if not self.stream:
            return self.client.responses.create(**asked)
        with self.client.responses.stream(**asked) as stream:
            seen = list(stream)
            numbers = [event.sequence_number for event in seen]
            assert numbers == list(range(len(seen))), "every event has a number of its own"
            return stream.get_final_response()


class ByMessages:
    """An agent on Anthropic's messages."""

    def __init__(self, wire, *, stream):
        self.client = anthropic.Anthropic(api_key="test", max_retries=0, http_client=wire)
        self.stream, self.said = stream, []
        self.tools = [{"name": TOOL, "input_schema": SCHEMA}]

    def tell(self, words):
        self.said.append({"role": "user", "content": words})
        answer = self._asked()
        self.said.append({"role": "assistant", "content": [block.model_dump(include={"type", "text", "id", "name", "input"}) for block in answer.content]})  # fmt: skip
        call = answer.content[0]
        if call.type != "tool_use":
            return call.text, {}
        result = {"type": "tool_result", "tool_use_id": call.id, "content": json.dumps(call.input)}
        self.said.append({"role": "user", "content": [result]})
        text = self._asked().content[0].text
        self.said.append({"role": "assistant", "content": [{"type": "text", "text": text}]})
        return text, call.input

    def _asked(self):
        asked = {"model": "claude", "max_tokens": 99, "messages": self.said, "tools": self.tools}
        if not self.stream:
            return self.client.messages.create(**asked)
        with self.client.messages.stream(**asked) as stream:
            return stream.get_final_message()


def mail():
    return f"{fresh('ann')}.neil@corp-mail.com"


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("sort", [ByChat, ByResponses, ByMessages])
def test_the_model_never_sees_a_real_value_and_the_agent_never_a_stand_in(own, parrot, talking, sort, stream):
    address = mail()
    agent = talking(sort, own.run("clerk"), stream=stream)

    text, arguments = agent.tell(f"Write to {address}, whose card is {CARD}.")
    again, _ = agent.tell(f"And once more to {address}?")

    assert arguments["to"] == address
    assert arguments["text"] == f'Dear "{address}"'
    assert text == f"told {address} {CARD}, well."
    assert again == text
    assert not STAND_IN.search(json.dumps(agent.said, default=str))
    seen = own.upstream.received
    assert address.encode() not in seen
    assert address.partition("@")[0].encode() not in seen
    assert CARD.encode() not in seen


def test_a_history_that_is_sent_again_is_the_same_to_the_last_byte_so_that_caches_keep_working(own, parrot, talking):
    agent = talking(ByChat, own.run("clerk"), stream=True)
    agent.tell(f"Write to {mail()} and {mail()}.")
    agent.tell("And?")

    _, first, *_, last = [heard["messages"] for heard in parrot.heard]
    assert last[: len(first)] == first
    assert len(last) == len(first) + 2


def test_a_run_is_not_told_what_another_run_gave(own, parrot, talking):
    address = mail()
    talking(ByChat, own.run("clerk")).tell(f"Write to {address}.")
    (stand_in,) = set(re.findall(r"[a-z0-9]+@mail\.example", json.dumps(parrot.heard)))
    other = talking(ByChat, own.run("rival"))
    parrot.says = lambda _mails, _cards: f"it was {stand_in}"

    text, _ = other.tell("Who was it?")

    assert text == f"it was {stand_in}"
    assert address not in text


def test_a_stand_in_that_was_guessed_means_nothing(own, parrot, talking):
    agent = talking(ByChat, own.run("clerk"))
    parrot.says = lambda mails, _: f"{mails[-1]} abcdefghij@mail.example 9999 0000 0000 0000"

    text, _ = agent.tell(f"Write to {mail()}.")

    assert "abcdefghij@mail.example 9999 0000 0000 0000" in text


def test_what_a_model_makes_of_a_stand_in_is_given_back_where_it_is_still_one(own, parrot, talking):
    address = mail()
    agent = talking(ByChat, own.run("clerk"), stream=True)

    def says(mails, _cards):
        coded = base64.b64encode(mails[0].encode()).decode()
        return f"_{mails[0].upper()}_, <{mails[0]}>; {coded} {mails[0][::-1]}"

    parrot.says = says
    text, _ = agent.tell(f"Write to {address}.")

    assert text.startswith(f"_{address}_, <{address}>; ")
    assert base64.b64decode(text.split()[2]).decode() != address  # in a code of its own it stays what it is
    assert address not in text.split(";")[1]


def test_a_tool_is_told_stand_ins_too_and_its_answer_is_given_back(own, parrot):
    address = mail()
    run, name = own.run("clerk"), fresh("o")
    own.upstream.answer = lambda request, send: send(
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
        % (len(body := request.partition(b"\r\n\r\n")[2]), body)
    )

    said = own.ask(
        run, "POST", f"https://db.internal/orders/{name}?to={address}&x=%2b", body={"for": address, "n": 1.10, "log": json.dumps([address])},
        headers=own.with_token(run, "orders.write", f"orders.{name}") | {"Content-Type": "application/json"},
    )  # fmt: skip

    assert said.json == {"for": address, "n": 1.10, "log": json.dumps([address])}
    assert address.encode() not in own.received(name)[0]
    target = own.received(name)[0].split(b" ", 2)[1].decode()
    stand_in = re.fullmatch(rf"/orders/{name}\?to=([a-z0-9]+%40mail\.example)&x=%2b", target)
    assert stand_in, target
    assert unquote(stand_in[1]).encode() in own.received(name)[0].partition(b"\r\n\r\n")[2]


def test_a_tool_s_websocket_hears_stand_ins_and_its_messages_are_given_back(own):
    run, address = own.run("clerk"), mail()
    own.talk.got.clear()
    headers = own.with_token(run, "orders.feed", "feed.orders")
    with connect(
        "wss://ws.example/feed", proxy=proxy(own, run), ssl=two_threads(own.bundle_file), additional_headers=headers, open_timeout=30,
        close_timeout=2,
    ) as client:  # fmt: skip
        for message in (json.dumps({"to": address, "log": json.dumps([address])}), f"write to {address}"):
            client.send(message)
            assert client.recv(30) == message  # the server says what it was told
    assert len(own.talk.got) == 2
    assert address not in str(own.talk.got)
    assert len(set(re.findall(r"[a-z0-9]+@mail\.example", str(own.talk.got)))) == 1


def test_a_tool_hears_a_stand_in_in_its_path_and_its_answer_is_given_back(own, parrot):
    run, address = own.run("clerk"), mail()

    def answer(request, send):
        body = json.dumps({"customers": [unquote(request.split(b" ", 2)[1].decode()).rpartition("/")[2]]}).encode()
        send(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))

    own.upstream.answer = answer
    scope = "crm.customers." + address.replace(".", "%2E")
    said = own.ask(
        run, "GET", f"https://crm.internal/v1/customers/{address}", headers=own.with_token(run, "crm.read", scope)
    )
    assert (said.status, said.json) == (200, {"customers": [address]})
    assert own.received(address) == []
    assert own.received("%40mail.example")


def test_a_tool_hears_a_stand_in_in_a_header_that_its_rule_names_and_nothing_in_another(own, parrot):
    run, address = own.run("clerk"), mail()

    def answer(request, send):
        told = re.search(rb"x-customer: for (\S+)", request, re.IGNORECASE)
        body = json.dumps({"customers": [told[1].decode()]}).encode()
        send(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))

    def asked(**headers):
        shown = own.with_token(run, "crm.read", "crm.customers.42") | headers
        return own.ask(run, "GET", "https://crm.internal/v1/customers/42", headers=shown)

    own.upstream.answer = answer
    said = asked(**{"X-Customer": f"for {address}"})
    assert (said.status, said.json) == (200, {"customers": [address]})
    assert asked(**{"X-Note": f"for {address}"}).code == "egress_blocked"
    assert own.received(address) == []
    assert own.received("@mail.example")


def test_nothing_that_is_written_anywhere_holds_a_real_value_and_the_run_s_end_forgets_it(own, parrot, talking):
    address = mail()
    run = own.run("clerk")
    talking(ByChat, run).tell(f"Write to {address}.")
    found = own.events("egress_masked", run_id=run.run_id)[0]["findings"][0]

    assert address.encode() not in own.everything_written()
    assert (found["entity"], found["action"]) == ("EMAIL_ADDRESS", "pseudonymise")
    assert "EMAIL_ADDRESS in body:/messages/0/content" in own.command("runs", "show", run.run_id).stdout
    assert own.metrics()['aisecops_egress_findings_total{action="pseudonymise",entity="EMAIL_ADDRESS"}'] >= 1
    assert stand_ins(own, run) == 1
    assert own.api(run.agent, "POST", f"/v1/runs/{run.run_id}/finish", {}).status == 200
    assert stand_ins(own, run) == 0


def stand_ins(own, run):
    """How many the store keeps of the run."""
    with contextlib.closing(sqlite3.connect(own.folder / ".aisecops" / "store.sqlite")) as store:
        return store.execute("SELECT count(*) FROM given WHERE root_run_id = ?", (run.run_id,)).fetchone()[0]


def test_what_is_found_wrongly_is_proposed_from_the_record_and_passes_once_the_patch_has_a_reason(own, parrot):
    run, name = own.run("clerk"), fresh("o")
    own.upstream.answer = answering

    def ordered():
        shown = own.with_token(run, "orders.write", f"orders.{name}")
        return own.ask(
            run, "POST", f"https://db.internal/orders/{name}", body={"version": "10.20.30.40"},
            headers=shown | {"Content-Type": "application/json"},
        )  # fmt: skip

    refused = [ordered() for _ in range(3)]
    assert {said.code for said in refused} == {"egress_blocked"}
    patch = own.command("rules", "suggest", "--reason", "our versions have four parts")
    assert refused[0].json["findings"][0]["fingerprint"] in patch.stdout, patch
    (own.rules_file.parent / "allowed.yaml").write_text(patch.stdout)

    until(lambda: ordered().status == 200, what="the allowance")
    (told,) = own.events("decision", run_id=run.run_id)[-1]["findings"]
    assert (told["action"], told["allowed_by"].partition(":")[0]) == ("allow", "allowed.yaml")
    assert "allowed by allowed.yaml:" in " ".join(own.command("runs", "show", run.run_id).stdout.split())
