"""The stand-in model says the same to the same words, and asks for a key as the real ones do."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from aisecops.ops.demo.model_server import model_server
from aisecops.ops.demo.script import Script, Turn

SCRIPT: Script = {"go on": [Turn(text="one"), Turn(text="two")]}


@pytest.fixture
def client() -> TestClient:
    return TestClient(model_server(SCRIPT), headers={"authorization": "Bearer demo"})


def said(client: TestClient, *messages: tuple[str, str]) -> str:
    body = {"model": "m", "messages": [{"role": role, "content": content} for role, content in messages]}
    answer = client.post("/v1/chat/completions", json=body).json()
    return answer["choices"][0]["message"]["content"]  # type: ignore[no-any-return]


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages"])
def test_without_a_key_there_is_no_answer(path: str) -> None:
    assert TestClient(model_server({})).post(path, json={"messages": []}).status_code == 401


def test_a_script_goes_on_turn_by_turn_and_stays_at_its_end(client: TestClient) -> None:
    first = ("user", "go on")
    turn, result = ("assistant", "one"), ("tool", "ok")
    assert said(client, first) == "one"
    assert said(client, first, turn, result) == "two"
    assert said(client, first, turn, result, turn, result) == "two"


def test_new_words_of_the_user_begin_anew(client: TestClient) -> None:
    assert said(client, ("user", "hello"), ("assistant", "hi"), ("user", "go on")) == "one"


def test_the_same_words_cost_the_same(client: TestClient) -> None:
    body = {"model": "m", "messages": [{"role": "user", "content": "hello"}]}
    uses = [client.post("/v1/chat/completions", json=body).json()["usage"] for _ in range(2)]
    assert uses[0] == uses[1]
    assert uses[0]["completion_tokens"] == 4
