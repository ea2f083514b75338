"""A run's story reads in 80 columns, says everything in words, and passes nothing on that a terminal would obey."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import msgspec
import pytest
from rich.console import Console

from aisecops.model.action import Kind, ToolEffect
from aisecops.model.decision import Mode
from aisecops.model.envelope import (
    ArgumentSource,
    Descent,
    LabelledSegment,
    ProposalLink,
    Stretch,
    Suspected,
    Suspicion,
    TracedArgument,
)
from aisecops.model.provenance import Span, TrustTier
from aisecops.model.record import EventName
from aisecops.ops.story import story, story_lines
from support.records import answer_event, chain, event, facts, judged_events, rows, rules, tree


@pytest.fixture
async def told(tmp_path: Path) -> list[dict[str, Any]]:
    """A run from its start to its halt."""
    log = chain(tmp_path / "record", signed=False)
    read = facts()
    asked = facts(kind=Kind.MODEL, tool="openai", scope="", effect=ToolEffect.READ, token=False, model="gpt-4o")
    write = facts(tool="wiki.write", tree=tree(risk_micros=1_300_000))
    await log.append(event(0, EventName.RUN_STARTED, opened_by="operator:op"))
    await log.append(event(0, EventName.TOKEN_ISSUED, tool="crm.read", scope="crm.**", jti="cap_1", expires_at=300))
    await log.append(*judged_events(asked, "dec_1"))
    await log.append(
        answer_event(asked, "dec_1", status=200, cost=0.02, usage={"input_tokens": 90, "output_tokens": 7})
    )
    await log.append(*judged_events(read, "dec_2"))
    await log.append(answer_event(read, "dec_2", status=200, bytes=12, duration_ms=34))
    await log.append(*judged_events(facts(token=False), "dec_3"))
    await log.append(*judged_events(write, "dec_4"))
    await log.append(event(4, EventName.HUMAN_APPROVAL_REQUIRED, approval_id="apr_1", tool="wiki.write"))
    await log.append(event(4, EventName.APPROVAL_GRANTED, approval_id="apr_1", by="operator:op", why="looks right"))
    await log.append(event(5, EventName.RUN_HALTED, by="operator:op", why="enough"))
    await log.close()
    return rows(tmp_path / "record")


def shown(told: list[dict[str, Any]], width: int = 80) -> str:
    out = io.StringIO()
    Console(file=out, width=width).print(story(told))
    return out.getvalue()


def test_the_story_tells_what_happened_in_order(told: list[dict[str, Any]]) -> None:
    marks = [line.mark for line in story_lines(told)]
    assert marks == [
        *("start", "token", "allow", "answer", "allow", "answer", "REFUSED", "hold", "ask", "yes", "HALTED"),
    ]


def test_a_refusal_names_its_reason_and_its_rule(told: list[dict[str, Any]]) -> None:
    (refused,) = (line for line in story_lines(told) if line.mark == "REFUSED")
    assert refused.words == "crm.read crm.customers.42"
    assert refused.why[0].startswith("token missing: `crm.read` needs a capability token")
    assert refused.why[0].endswith("(tools.yaml:12)")


def test_a_hold_shows_what_the_chain_would_come_to(told: list[dict[str, Any]]) -> None:
    (held,) = (line for line in story_lines(told) if line.mark == "hold")
    assert held.risk == "   1.6 ████████|··"
    assert "risk 0.3 = 0.3 base" in held.why


def test_a_model_call_names_model_and_cost(told: list[dict[str, Any]]) -> None:
    text = shown(told)
    assert "openai gpt-4o" in text
    assert "90 + 7 model tokens, cost 0.02" in " ".join(text.split())


def test_it_fits_in_eighty_columns_and_loses_no_word(told: list[dict[str, Any]]) -> None:
    text = shown(told)
    assert max(map(len, text.splitlines())) <= 80
    flat = "".join(text.split())
    assert all("".join(line.words.split()) in flat for line in story_lines(told) if len(line.words) < 30)
    assert "halted" in text
    assert "4 decisions: 2 allowed, 1 held, 1 refused" in text
    assert "used: 1 tool call, 0 writes among them, 1 model call, cost 0.02" in text


async def test_an_observed_agent_shows_what_the_rules_would_have_said(tmp_path: Path) -> None:
    log = chain(tmp_path / "record", signed=False)
    await log.append(*judged_events(facts(token=False), "dec_1", by=rules(mode=Mode.OBSERVE)))
    await log.close()
    (line,) = story_lines(rows(tmp_path / "record"))
    assert line.mark == "allow"
    assert "only observed: the rules say deny" in line.why


async def test_messages_cuts_and_what_left_unread_are_told_in_words(tmp_path: Path) -> None:
    log = chain(tmp_path / "record", signed=False)
    feed = {"tool": "orders.feed", "direction": "to_upstream", "bytes": 12, "digest": "d"}
    await log.append(event(1, EventName.MESSAGE_PASSED, **feed))
    await log.append(event(2, EventName.MESSAGE_REFUSED, **feed | {"bytes": 1}, code="egress_blocked"))
    await log.append(event(3, EventName.UNINSPECTED, tool="", host="up.test", reason="upload", bytes=1))
    await log.append(event(4, EventName.EXCHANGE_CUT, tool="orders.feed", code="run_halted", why="enough", host="h"))
    await log.close()
    assert [(line.mark, line.words) for line in story_lines(rows(tmp_path / "record"))] == [
        ("message", "12 bytes to orders.feed passed"),
        ("REFUSED", "a message of 1 byte to orders.feed: egress blocked"),
        ("UNREAD", "1 byte left unread to up.test (upload)"),
        ("CUT", "orders.feed cut while it was open: run halted"),
    ]


async def test_what_was_done_with_each_finding_is_told(tmp_path: Path) -> None:
    log = chain(tmp_path / "record")
    at = {"where": "body:/a", "fingerprint": "ab" * 8, "rule": "rules.yaml:3"}
    replaced = [
        {"entity": "EMAIL_ADDRESS", **at, "action": "pseudonymise"},
        {"entity": "US_SSN", **at, "action": "mask"},
    ]
    await log.append(event(1, EventName.EGRESS_MASKED, findings=replaced))
    step, *_ = judged_events(facts(), "dec_1")
    left = [
        {"entity": "PHONE_NUMBER", **at, "action": "hold"},
        {"entity": "IP_ADDRESS", **at, "rule": "", "action": "count"},
        {"entity": "IBAN_CODE", **at, "action": "allow", "allowed_by": "allowed.yaml:9"},
    ]
    await log.append(msgspec.structs.replace(step, fields=step.fields | {"findings": left}))
    await log.close()
    masked, decision = story_lines(rows(tmp_path / "record"))
    assert (masked.mark, masked.words) == ("replaced", "EMAIL_ADDRESS in body:/a by a stand-in, US_SSN in body:/a")
    assert decision.why[-4:-1] == (
        "PHONE_NUMBER in body:/a held by rules.yaml:3",
        "IP_ADDRESS in body:/a counted",
        "IBAN_CODE in body:/a allowed by allowed.yaml:9",
    )


async def test_nothing_from_outside_reaches_the_terminal_as_a_command(tmp_path: Path) -> None:
    log = chain(tmp_path / "record", signed=False)
    hostile = "\x1b]0;owned\x07[bold]\n\r"
    await log.append(event(1, EventName.RUN_HALTED, by=hostile, why=hostile))
    await log.append(event(2, EventName.TOOL_PROPOSED, proposed=hostile))
    await log.close()
    text = shown(rows(tmp_path / "record"), width=200)
    assert "\x1b" not in text
    assert "\x07" not in text
    assert "[bold]" in text


def test_every_event_there_can_be_has_a_line(told: list[dict[str, Any]]) -> None:
    for name in EventName:
        if name is not EventName.DECISION:
            bare = told[0] | {"event": name.value}
            assert isinstance(shown([bare]), str)


def test_a_run_of_which_nothing_is_recorded_says_so() -> None:
    assert shown([]).strip() == "nothing is recorded of this run"


async def test_the_path_of_untrusted_words_is_told_from_source_to_argument(tmp_path: Path) -> None:
    log = chain(tmp_path / "record", signed=False)
    page = {"span": Span(start=9, end=80), "tier": TrustTier.EXTERNAL, "origin_id": "prv_1", "source": "https://p.test"}
    segment = LabelledSegment(
        position="/messages/2/content", role="tool", kind="text", tier=TrustTier.EXTERNAL, stretches=(Stretch(**page),)
    )
    argument = TracedArgument(name="to", source=ArgumentSource.UNTRUSTED, origin_id="prv_1", origin="https://p.test")
    asked = facts(kind=Kind.MODEL, tool="openai", scope="", effect=ToolEffect.READ, token=False, model="gpt-4o")
    await log.append(*judged_events(msgspec.structs.replace(asked, descent=Descent(segments=(segment,))), "dec_1"))
    echo = TracedArgument(name="id", source=ArgumentSource.TRUSTED, echoes=True, origin="https://p.test")
    descent = Descent(arguments=(argument, echo))
    await log.append(*judged_events(msgspec.structs.replace(facts(), descent=descent), "dec_2"))
    await log.close()
    model, tool = story_lines(rows(tmp_path / "record"))
    assert "/messages/2/content 9 to 80 is external content from https://p.test (prv_1)" in model.why
    assert "argument `to` comes from https://p.test (prv_1)" in tool.why
    assert "argument `id` is a trusted field's alone, and is named too by https://p.test" in tool.why


async def test_what_detectors_saw_in_a_models_input_is_told_with_its_place_and_what_weighed_most(
    tmp_path: Path,
) -> None:
    log = chain(tmp_path / "record", signed=False)
    signs = (
        Suspicion(
            detector="stray_order", span=Span(start=9, end=80), score=0.55, traits=("=^ OUT!", "=OUT! .. SECRET")
        ),
        Suspicion(detector="concealment", span=Span(start=90, end=99), score=0.6),
    )
    seen = Suspected(position="/messages/2/content", tier=TrustTier.EXTERNAL, score=0.82, found=signs)
    await log.append(*judged_events(msgspec.structs.replace(facts(), descent=Descent(suspected=(seen,))), "dec_1"))
    await log.close()
    why = story_lines(rows(tmp_path / "record"))[0].why
    assert "/messages/2/content 9 to 80 looks like stray_order, 0.55: =^ OUT!, =OUT! .. SECRET" in why
    assert "/messages/2/content 90 to 99 looks like concealment, 0.6" in why


async def test_the_call_that_a_request_is_of_is_told(tmp_path: Path) -> None:
    log = chain(tmp_path / "record", signed=False)
    link = ProposalLink(found=True, name="send_email", call_id="call_1", decision_id="dec_0", differs=("to",))
    gone = ProposalLink(found=False, name="send_email", call_id="call_1", decision_id="dec_0")
    for number, proposal in enumerate((link, ProposalLink(found=False), gone)):
        asked = msgspec.structs.replace(facts(), descent=Descent(proposal=proposal))
        await log.append(*judged_events(asked, f"dec_{number + 1}"))
    await log.close()
    found, alone, withdrawn = story_lines(rows(tmp_path / "record"))
    assert "proposed by the model as `send_email` (call_1) in answer to dec_0" in found.why
    assert "the proposal says otherwise, or nothing, of: to" in found.why
    assert "no model proposed it" in alone.why
    assert "the model's call `send_email` (call_1) in answer to dec_0 was withdrawn" in withdrawn.why


@pytest.mark.parametrize(("complete", "told"), [(False, True), (True, False)])
async def test_an_answer_that_broke_off_is_told_as_such(tmp_path: Path, complete: bool, told: bool) -> None:
    log = chain(tmp_path / "record", signed=False)
    await log.append(*judged_events(facts(), "dec_1"))
    await log.append(answer_event(facts(), "dec_1", status=200, bytes=12, complete=complete))
    await log.close()
    *_, line = story_lines(rows(tmp_path / "record"))
    assert ("broke off after 12 bytes, and did not look whole to the agent" in line.why) is told


async def test_a_step_that_nobody_on_duty_could_be_asked_about_is_told_as_refused_at_once(tmp_path):
    log = chain(tmp_path / "record", signed=False)
    why = "nobody who may answer for it is on duty"
    await log.append(event(0, EventName.APPROVAL_DENIED, approval_id="", by="nobody", why=why))
    [line] = story_lines(rows(tmp_path / "record"))
    assert (line.mark, line.words, line.why) == ("no", "at once", (why,))


async def test_what_happens_again_and_again_is_told_once_with_how_often(tmp_path: Path) -> None:
    log = chain(tmp_path / "record", signed=False)
    for number in range(3):
        await log.append(*judged_events(facts(token=False), f"dec_{number}"))
    await log.append(*judged_events(facts(), "dec_3"))
    await log.close()
    told = rows(tmp_path / "record")
    text = " ".join(shown(told, width=200).split())
    assert text.count("REFUSED") == 1
    assert "(3 times, until " in text
    assert text.count(" allow ") == 1
    assert len(story_lines(told)) == 4


async def test_a_long_story_keeps_its_ends_and_what_was_stopped_and_says_what_it_leaves_out(tmp_path):
    log = chain(tmp_path / "record", signed=False)
    await log.append(event(0, EventName.RUN_STARTED, opened_by="operator:op"))
    model = {"kind": Kind.MODEL, "tool": "openai", "scope": "", "effect": ToolEffect.READ, "token": False}
    for number in range(40):
        asked = facts(token=False) if number == 20 else facts(**model, model=f"m{number}")
        await log.append(*judged_events(asked, f"dec_{number}"))
    await log.close()
    events = rows(tmp_path / "record")

    def lines(most):
        out = io.StringIO()
        Console(file=out, width=80).print(story(events, most=most))
        return out.getvalue()

    assert lines(None) == lines(1000)
    short = lines(12)
    assert [number for number in range(40) if f"openai m{number} " in short] == [0, 1, 2, 36, 37, 38, 39]
    assert short.count("REFUSED") == 1
    assert short.count("17 lines left out; --all tells them") == 1  # 3 to 19
    assert short.count("15 lines left out; --all tells them") == 1  # 21 to 35
    assert "40 decisions: 39 allowed, 0 held, 1 refused" in short
