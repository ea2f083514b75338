"""What becomes of a finding: what leaves, what is recorded and counted, what a person sees; for every action."""

from __future__ import annotations

from urllib.parse import parse_qs

import orjson
import pytest
from msgspec.structs import replace

from aisecops.model.errors import StoreError
from aisecops.model.finding import Finding
from aisecops.model.outcome import Forward, Refuse
from aisecops.model.provenance import Span
from aisecops.model.record import EventName
from aisecops.model.refusals import Code
from support.gateway import RULES, House, request

MAIL = "ann@corp.com"
TEXT = f"to {MAIL}"
FINGERPRINT = "ab" * 8


def found(where: str = "body:/messages/0/content", start: int = 3, end: int = 15) -> Finding:
    return Finding(
        entity="EMAIL_ADDRESS", where=where, span=Span(start=start, end=end), confidence=1.0, fingerprint=FINGERPRINT
    )


def house(action: str, more: str = "") -> House:
    rule = f"{{entity: EMAIL_ADDRESS, to: model, action: {action}}}"
    made = House(RULES + f"egress: {{detectors: [{rule}]{more}}}\n")
    made.scanner.found = (found(),)
    return made


def ask(content: object = TEXT):
    body = {"model": "gpt-4o", "messages": [{"role": "user", "content": content}]}
    return request("POST", "https://api.openai.com/v1/chat/completions", body=body)


def events(made: House, name: EventName):
    return [event for event in made.record.events if event.event is name]


def counted(made: House) -> list:
    return [said for name, said in made.meter.calls if name == "egress_found"]


@pytest.mark.parametrize(
    ("action", "leaves", "name"),
    [
        ("count", TEXT, EventName.DECISION),
        ("mask", "to <EMAIL_ADDRESS>", EventName.EGRESS_MASKED),
        ("pseudonymise", "@mail.example", EventName.EGRESS_MASKED),
    ],
)
async def test_what_passes_is_recorded_with_what_was_done_and_counted_once(action, leaves, name):
    made = house(action)
    outcome = await made.ask(await made.run(), ask())

    assert isinstance(outcome, Forward)
    left = TEXT if outcome.body is None else orjson.loads(outcome.body)["messages"][0]["content"]
    assert left.endswith(leaves)
    assert (MAIL in left) is (action == "count")
    told = events(made, name)[-1].fields["findings"]
    assert [(one["action"], one["fingerprint"]) for one in told] == [(action, FINGERPRINT)]
    assert counted(made) == [("EMAIL_ADDRESS", action)]


@pytest.mark.parametrize(("action", "name"), [("block", EventName.EGRESS_BLOCKED), ("hold", EventName.DECISION)])
async def test_what_does_not_pass_is_told_by_kind_place_and_fingerprint_and_counted_once(action, name):
    made = house(action)
    outcome = await made.ask(await made.run(), ask())

    assert isinstance(outcome, Refuse)
    assert events(made, name)[-1].fields["findings"][0]["action"] == action
    assert counted(made) == [("EMAIL_ADDRESS", action)]
    if action == "hold":
        (approval,) = await made.store.list_approvals()
        assert FINGERPRINT in approval.evidence[0]["detail"]
        assert "body:/messages/0/content" in approval.evidence[0]["detail"]
    assert MAIL not in repr(made.record.events)


async def test_what_is_allowed_passes_and_every_use_names_its_rule():
    allow = f', allow: [{{fingerprint: "{FINGERPRINT}", until: 2999-01-31, reason: "our own"}}]'
    made = house("block", allow)
    outcome = await made.ask(await made.run(), ask())

    assert isinstance(outcome, Forward)
    assert outcome.body is None
    (told,) = events(made, EventName.DECISION)[-1].fields["findings"]
    assert told["action"] == "allow"
    assert told["allowed_by"].startswith("rules.yaml:")
    assert counted(made) == [("EMAIL_ADDRESS", "allow")]


async def test_an_allowance_that_has_ended_allows_nothing():
    made = house("block", f', allow: [{{fingerprint: "{FINGERPRINT}", until: 1999-01-31, reason: "our own"}}]')
    assert isinstance(await made.ask(await made.run(), ask()), Refuse)


@pytest.mark.parametrize("action", ["mask", "pseudonymise"])
async def test_a_number_cannot_be_replaced_and_is_blocked(action):
    made = house(action)
    made.scanner.found = (found("body:/seed", 0, 16),)
    body = {"model": "gpt-4o", "messages": [{"role": "user", "content": "x"}], "seed": 4111111111111111}
    outcome = await made.ask(await made.run(), request("POST", "https://api.openai.com/v1/chat/completions", body=body))
    assert isinstance(outcome, Refuse)
    assert outcome.code == "egress_blocked"


async def test_the_run_s_end_forgets_its_stand_ins_and_not_before():
    made = house("pseudonymise")
    run = await made.run()
    await made.ask(run, ask())
    root = run.run.root_run_id
    assert len((await made.pseudonyms.newer(root, 0))[1]) == 1
    child = await made.run(parent=run.run.run_id)
    await made.runs.finish(run.run.run_id, by="agent:clerk")
    assert len((await made.pseudonyms.newer(root, 0))[1]) == 1
    await made.runs.finish(child.run.run_id, by="agent:clerk")
    assert (await made.pseudonyms.newer(root, 0))[1] == []


async def test_nothing_leaves_and_nothing_is_charged_when_stand_ins_cannot_be_kept():
    made = house("pseudonymise")
    run = await made.run()

    async def down(*_: object) -> None:
        raise StoreError("down")

    made.pseudonyms.keep = down
    outcome = await made.ask(run, ask())
    assert isinstance(outcome, Refuse)
    assert outcome.code == "store_unavailable"
    assert events(made, EventName.LLM_CALLED) == []
    assert (await made.tree(run)).runs[run.run.run_id].cost_micros == 0


def tool_house(action: str, where: str = "query:to") -> House:
    made = House(RULES + f"egress: {{detectors: [{{entity: EMAIL_ADDRESS, to: any, action: {action}}}]}}\n")
    made.scanner.found = (found(where, 0, len(MAIL)),)
    return made


QUERY = "/page?x=%2b+%C3%A9&to=ann%40corp.com&&z"


def search(path: str = QUERY, **headers: str):
    return request("GET", f"https://en.wiki.example{path}", **headers)


async def test_a_value_in_a_query_is_masked_where_it_stands_and_every_other_byte_stays():
    outcome = await (made := tool_house("mask")).ask(await made.run(), search())
    assert isinstance(outcome, Forward), outcome
    assert outcome.path == "/page?x=%2b+%C3%A9&to=%3CEMAIL_ADDRESS%3E&&z"
    assert outcome.body is None


async def test_a_value_in_a_query_has_the_stand_in_that_it_has_in_a_body():
    made = tool_house("pseudonymise")
    run = await made.run()
    outcome = await made.ask(run, search())
    assert isinstance(outcome, Forward), outcome
    stand_in = parse_qs(outcome.path.partition("?")[2])["to"][0]
    assert stand_in.endswith("@mail.example")
    made.scanner.found = (found("body:/messages/0/content", 3, 15),)
    told = await made.ask(run, ask())
    assert isinstance(told, Forward), told
    assert orjson.loads(told.body)["messages"][0]["content"] == f"to {stand_in}"
    made.scanner.found = ()
    again = await made.ask(run, search("/page?q=by+ann%40corp.com"))
    assert isinstance(again, Forward), again
    assert parse_qs(again.path.partition("?")[2])["q"] == [f"by {stand_in}"]


@pytest.mark.parametrize(
    ("path", "where"),
    [
        (f"{QUERY}&to=b", "query:to"),  # which of the two is meant?
        (f"{QUERY}&sig=00", "query:to"),
        (f"{QUERY}&X-Amz-Signature=00", "query:to"),
        (f"/{MAIL}", "path:0"),
        (QUERY, "joined:query:"),
    ],
)
async def test_where_nothing_can_be_put_in_its_place_it_does_not_leave(path, where):
    outcome = await (made := tool_house("mask", where)).ask(await made.run(), search(path))
    assert isinstance(outcome, Refuse), outcome
    assert outcome.code is Code.EGRESS_BLOCKED


async def test_a_known_value_in_a_signed_query_leaves_as_it_was_signed():
    made = tool_house("pseudonymise")
    run = await made.run()
    await made.ask(run, search())
    made.scanner.found = ()
    outcome = await made.ask(run, search(f"{QUERY}&sig=00"))
    assert isinstance(outcome, Forward), outcome
    assert outcome.path is None


@pytest.mark.parametrize(
    ("where", "leaves"),
    [("header:cookie", True), ("joined:header:cookie", True), ("header:x-note", False), ("joined:body:/a", False)],
)
async def test_a_secret_is_for_the_destination_where_those_stand_and_on_its_way_out_elsewhere(where, leaves):
    made = House(RULES + "egress: {detectors: [{entity: SECRET, to: any, action: block}]}\n")
    made.scanner.found = (replace(found(where), entity="AWS_KEY"),)
    assert isinstance(await made.ask(await made.run(), ask()), Forward if leaves else Refuse)
