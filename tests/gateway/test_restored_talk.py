"""Stand-ins in a talk with a realtime model: the model hears them, the agent hears real values, piece by piece too."""

from __future__ import annotations

from typing import Any

import orjson

from aisecops.gateway.enforcer import Pass
from aisecops.model.finding import Finding
from aisecops.model.outcome import Refuse
from aisecops.model.provenance import Span
from support.talking import LOCAL, OPENING, Talk, call, talk

MAIL, NUMBER = "ann@corp.com", "219-09-9998"
EGRESS = "egress: {detectors: [{entity: [EMAIL_ADDRESS, US_SSN], to: model, action: pseudonymise}]}\n"
AT = {"response_id": "resp_1", "item_id": "item_0", "output_index": 0, "content_index": 0}


def says(text: str) -> dict[str, Any]:
    content = [{"type": "input_text", "text": text}]
    return {"type": "conversation.item.create", "item": {"type": "message", "role": "user", "content": content}}


async def told(rules: str = LOCAL + EGRESS, value: str = MAIL) -> tuple[Talk, str]:
    """A talk whose model was told of `value`, and what it heard instead."""
    one = await talk(rules)
    entity = "US_SSN" if value is NUMBER else "EMAIL_ADDRESS"
    span = Span(start=9, end=9 + len(value))
    place = "body:/item/content/0/text"
    one.house.scanner.found = (Finding(entity=entity, where=place, span=span, confidence=1.0, fingerprint="ab" * 8),)
    assert isinstance(await one.tell(says(f"Write to {value}.")), Pass)
    one.house.scanner.found = ()
    heard = one.told[0]["item"]["content"][0]["text"]
    assert value not in heard
    return one, heard.removeprefix("Write to ").removesuffix(".")


def spoken(text: str, *, sort: str = "output_text", size: int = 3) -> list[dict[str, Any]]:
    """What a server says of one text, in pieces of `size` characters."""
    pieces = [text[at : at + size] for at in range(0, len(text), size)]
    name = "transcript" if sort.endswith("transcript") else "text"
    deltas: list[dict[str, Any]] = [{"type": f"response.{sort}.delta", **AT, "delta": piece} for piece in pieces]
    events = [*deltas, {"type": f"response.{sort}.done", **AT, name: text}]
    return [{"event_id": f"event_{number}", **event} for number, event in enumerate(events)]


def together(one: Talk) -> str:
    return "".join(event["delta"] for event in one.heard if event["type"].endswith(".delta"))


async def test_what_stands_in_for_a_value_comes_back_as_that_value_in_pieces_of_a_text() -> None:
    for sort, name in (("output_text", "text"), ("output_audio_transcript", "transcript")):
        one, stand_in = await told()
        await one.hear(*spoken(f"I wrote to {stand_in} and to {stand_in}", sort=sort))
        assert together(one) == f"I wrote to {MAIL} and to {MAIL}"
        assert one.heard[-1][name] == f"I wrote to {MAIL} and to {MAIL}"
        assert stand_in.encode() not in b"".join(one.agent_got)
        assert len({event["event_id"] for event in one.heard}) == len(one.heard)


async def test_a_call_is_judged_and_made_with_the_real_value() -> None:
    one, stand_in = await told(LOCAL.replace('"shell.ls"', f'"shell.{NUMBER}"') + EGRESS, NUMBER)
    await one.hear(*call("bash", {"command": stand_in}))
    assert [event["scope"] for event in one.events("tool_invoked")] == [f"shell.{NUMBER}"]
    assert orjson.loads(together(one)) == {"command": NUMBER}
    assert orjson.loads(one.heard[-1]["response"]["output"][0]["arguments"]) == {"command": NUMBER}


async def test_the_model_is_told_why_a_call_was_refused_without_the_value_in_it() -> None:
    one, stand_in = await told(value=NUMBER)
    await one.hear(*call("bash", {"command": stand_in}))
    assert f"shell.{NUMBER}" in one.heard[-1]["response"]["output"][0]["content"][0]["text"]
    assert f"shell.{stand_in}" in one.told[-1]["item"]["output"]
    assert NUMBER.encode() not in b"".join(one.model_got)


async def test_a_value_that_is_known_leaves_as_its_stand_in_also_where_nobody_finds_it_again() -> None:
    one, stand_in = await told()
    await one.tell(says(f"And again to {MAIL}!"))
    assert one.told[-1]["item"]["content"][0]["text"] == f"And again to {stand_in}!"


async def test_a_server_that_repeats_what_the_client_said_repeats_it_with_the_real_value() -> None:
    one, _ = await told()
    echo = {**one.told[0], "type": "conversation.item.created"}
    await one.hear(echo)
    assert one.heard[-1]["item"]["content"][0]["text"] == f"Write to {MAIL}."


async def test_sound_passes_as_it_came_though_letters_of_it_spell_a_stand_in() -> None:
    one, stand_in = await told()
    sound = orjson.dumps({"type": "response.output_audio.delta", **AT, "delta": f"AAAA/{stand_in}/AAAA"})
    await one.hear(sound)
    assert one.agent_got == [sound]


async def test_what_is_no_json_and_what_holds_nothing_known_passes_as_it_came() -> None:
    one, _ = await told()
    said = [b"\xff\xfe", b'{"type": "response.output_text.delta", "delta": "well"}', b"[1, 2]"]
    await one.hear(*said)
    assert one.agent_got == said


async def test_another_talk_of_another_run_is_not_told_what_this_one_gave() -> None:
    one, stand_in = await told()
    other = Talk(one.house, *await again(one))
    await other.hear(*spoken(f"It was {stand_in}."))
    assert together(other) == f"It was {stand_in}."


async def again(one: Talk) -> tuple[Any, str]:
    """Another run with a talk to the same model."""
    run = await one.house.run()
    forward = await one.house.ask(run, OPENING)
    assert not isinstance(forward, Refuse)
    return run, forward.permit


async def test_the_next_talk_of_a_run_is_told_what_the_last_one_gave() -> None:
    one, stand_in = await told()
    forward = await one.house.ask(one.run, OPENING)
    assert not isinstance(forward, Refuse)
    other = Talk(one.house, one.run, forward.permit)
    await other.hear(*spoken(f"It was {stand_in}."))
    assert together(other) == f"It was {MAIL}."
