"""What the official client libraries make of a refusal: the right exception, our sentence, and no second try."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import anthropic
import httpx2
import openai
import pytest

from aisecops.model.ids import DecisionId, RunId
from aisecops.model.outcome import Refuse
from aisecops.model.refusals import Code
from aisecops.wire.problem import error_document, problem_response
from aisecops.wire.sse import SseReader
from support.wire_samples import CHAT_STREAM, MESSAGES_STREAM, RESPONSES_STREAM

SENTENCE = "`crm.customers.7` is not in the grant; ask for a token that covers it"
MESSAGES: Any = [{"role": "user", "content": "hello"}]


def refuse(code: Code, **more: Any) -> Refuse:
    return Refuse(code=code, detail=SENTENCE, decision_id=DecisionId("dec_1"), run_id=RunId("run_1"), **more)


@contextmanager
def clients(*answers: httpx2.Response) -> Iterator[tuple[openai.OpenAI, anthropic.Anthropic, list[httpx2.Request]]]:
    """Both clients, before a network that gives `answers`, the last one for ever."""
    asked: list[httpx2.Request] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append(request)
        return answers[min(len(asked), len(answers)) - 1]

    with httpx2.Client(transport=httpx2.MockTransport(answer)) as network:
        yield (
            openai.OpenAI(api_key="demo", base_url="https://api.openai.com/v1", http_client=network),
            anthropic.Anthropic(api_key="demo", base_url="https://api.anthropic.com", http_client=network),
            asked,
        )


def refused(code: Code, dialect: str) -> httpx2.Response:
    response = problem_response(refuse(code), dialect=dialect)
    return httpx2.Response(response.status, headers=list(response.headers), content=response.body)


@pytest.mark.parametrize(
    ("code", "name"),
    [(Code.SCOPE_VIOLATION, "PermissionDeniedError"), (Code.HUMAN_APPROVAL_REQUIRED, "PermissionDeniedError"),
     (Code.TOKEN_EXPIRED, "AuthenticationError"), (Code.UNREADABLE, "BadRequestError"), (Code.BUDGET_EXCEEDED, "RateLimitError"),
     (Code.OUTPUT_INVALID, "InternalServerError"), (Code.INTERNAL, "InternalServerError")],
)  # fmt: skip
def test_a_refusal_is_raised_once_with_our_sentence(code: Code, name: str) -> None:
    with clients(refused(code, "openai")) as (chat, _, asked), pytest.raises(getattr(openai, name)) as shown:
        chat.chat.completions.create(model="m", messages=MESSAGES)
    assert SENTENCE in str(shown.value)
    assert shown.value.code == code.value
    assert len(asked) == 1
    with clients(refused(code, "anthropic")) as (_, claude, asked), pytest.raises(anthropic.APIStatusError) as told:
        claude.messages.create(model="m", max_tokens=1, messages=MESSAGES)
    assert SENTENCE in str(told.value)
    assert len(asked) == 1


def test_the_whole_problem_is_there_for_programs() -> None:
    with (
        clients(refused(Code.SCOPE_VIOLATION, "openai")) as (chat, _, _),
        pytest.raises(openai.PermissionDeniedError) as shown,
    ):
        chat.chat.completions.create(model="m", messages=MESSAGES)
    assert shown.value.response.json()["decision_id"] == "dec_1"
    assert shown.value.response.headers["aisecops-decision"] == "dec_1"


def test_what_may_pass_later_is_tried_again() -> None:
    later = problem_response(refuse(Code.RATE_LIMITED, retry_after_s=0), dialect="openai")
    busy = httpx2.Response(later.status, headers=list(later.headers), content=later.body)
    with clients(busy, httpx2.Response(200, json={"id": "x", "choices": []})) as (chat, _, asked):
        chat.chat.completions.create(model="m", messages=MESSAGES)
    assert len(asked) == 2


def streamed(raw: bytes, dialect: str) -> httpx2.Response:
    """The first events of `raw`, then our refusal."""
    begun = b"".join(event.raw for event in SseReader().feed(raw)[:3])
    content = begun + SseReader().closing(error_document(refuse(Code.OUTPUT_INVALID), dialect), begun=True)
    return httpx2.Response(200, headers={"content-type": "text/event-stream"}, content=content)


def test_a_chat_stream_that_is_refused_ends_in_our_sentence() -> None:
    with clients(streamed(CHAT_STREAM, "openai")) as (chat, _, _), pytest.raises(openai.APIError) as shown:
        list(chat.chat.completions.create(model="m", messages=MESSAGES, stream=True))
    assert SENTENCE in str(shown.value)


def test_a_response_stream_that_is_refused_ends_in_our_sentence() -> None:
    with clients(streamed(RESPONSES_STREAM, "openai")) as (chat, _, _), pytest.raises(openai.APIError) as shown:
        list(chat.responses.create(model="m", input="hello", stream=True))
    assert SENTENCE in str(shown.value)


def test_a_message_stream_that_is_refused_ends_in_our_sentence() -> None:
    with (
        clients(streamed(MESSAGES_STREAM, "anthropic")) as (_, claude, _),
        pytest.raises(anthropic.APIStatusError) as shown,
    ):
        list(claude.messages.create(model="m", max_tokens=1, messages=MESSAGES, stream=True))
    assert SENTENCE in str(shown.value)
