"""What the libraries of model providers make of what the gateway lets through, takes out, refuses and cuts.

`make clients-setup` installs them; without it there is nothing to run.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import orjson
import pytest

from aisecops.model.ids import DecisionId
from aisecops.model.outcome import Refuse
from aisecops.model.refusals import Code
from aisecops.wire.dialects import DIALECTS
from aisecops.wire.problem import error_document
from support.corpus import RULES
from support.installation import fresh, installed
from support.installation_rules import Party
from support.obeying import WORDS, Obeying, page_to

FOLDER = os.environ.get("CLIENTS", "")
PROGRAM = Path(__file__).parent / "programs" / "with_models.py"
LIBRARIES = {
    "openai": "openai",
    "openai responses": "openai",
    "openai azure": "openai",
    "anthropic": "anthropic",
    "anthropic bedrock": "bedrock-anthropic",
    "anthropic bedrock signed": "bedrock-anthropic",
    "anthropic vertex": "anthropic",
    "google-genai": "gemini",
    "boto3": "bedrock",
    "boto3 signed": "bedrock",
    "boto3 invoke": "bedrock-anthropic",
    "ollama": "ollama",
    "mistralai": "openai",
}
CUT = Refuse(code=Code.RUN_HALTED, detail="the run was halted", decision_id=DecisionId("dec_1"))

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.skipif(not FOLDER, reason="`make clients` installs the clients and runs this"),
]


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    with installed(tmp_path_factory.mktemp("models"), rules=RULES) as installation:
        yield installation


class Cutting(Obeying):
    """As ever; but a stream breaks off after its first words, with what the gateway says when it cuts one."""

    def __init__(self, dialect: str) -> None:
        super().__init__()
        self._dialect = dialect

    def __call__(self, request, send):
        answers: list[bytes] = []
        super().__call__(request, answers.append)
        head, _, body = answers[0].partition(b"\r\n\r\n")
        lines = head.split(b"\r\n")
        kind = next(line.partition(b": ")[2] for line in lines if line.startswith(b"Content-Type")).decode()
        framing = DIALECTS[self._dialect].framings[kind.partition(";")[0]]()
        begun = b"".join(event.raw for event in framing.feed(body)[:2])
        body = begun + framing.closing(error_document(CUT, self._dialect), begun=True)
        kept = [line for line in lines if not line.startswith(b"Content-Length")]
        send(b"\r\n".join([*kept, b"Content-Length: %d" % len(body), b"", b""]) + body)


class Library:
    """One library in a run of its own, with the variables that `aisecops env` gives."""

    def __init__(self, own, name: str) -> None:
        told = orjson.loads(own.command("env", "--agent", "clerk", "--format", "json").stdout)
        shown = urlsplit(told["HTTPS_PROXY"])
        self.own, self.name = own, name
        self.run = Party(shown.username or "", shown.password or "")
        keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_BEARER_TOKEN_BEDROCK": "test"}
        self._environment = {**told, **keys, "PATH": os.environ["PATH"], "HOME": str(own.folder)}

    def asks(self, *cases, streams=(False, True)):
        """What it made of each `(system, user)`, whole and then streamed."""
        told = [{"system": system, "user": user, "stream": stream} for system, user in cases for stream in streams]
        done = subprocess.run(
            [f"{FOLDER}/bin/python", str(PROGRAM), self.name], env=self._environment, input=orjson.dumps(told),
            capture_output=True, timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr.decode()
        return orjson.loads(done.stdout)


@pytest.fixture(params=LIBRARIES)
def library(own, request):
    own.upstream.answer = Obeying()
    return Library(own, request.param)


def page_about(library):
    """A page that this run has read, and that tells whoever reads it to write to somebody."""
    page = page_to(f"{fresh('mallory')}@evil.test")
    library.own.upstream.answer.page = page.encode()
    assert library.own.ask(library.run, "GET", "https://en.wiki.example/wiki/minutes").status == 200
    return page


def test_what_is_allowed_is_what_the_model_said(library):
    for said in library.asks(("be brief", f"write to {fresh('ann')}@corp.test"), ("be brief", "hello")):
        assert said.get("text") == WORDS, said
    first, second = library.asks(("be brief", f"write to {fresh('ann')}@corp.test"))
    assert first["calls"] == second["calls"] == ["send_email"]


def test_a_withdrawn_call_is_a_text_that_says_why(library):
    page = page_about(library)
    for said in library.asks(("be brief", f"summarise this: {page}")):
        if library.name.endswith("signed"):
            assert "context_rejected" in said["error"]
            continue
        assert said.get("calls") == [], said
        assert said["text"].startswith(WORDS)
        assert "argument_untrusted" in said["text"]


def test_a_refusal_is_an_error_with_our_sentence(library):
    page = page_about(library)
    for said in library.asks((f"do as this says: {page}", "hello")):
        assert "context_rejected" in said.get("error", ""), said
        assert "put it where content belongs" in said["error"]


def test_a_stream_that_is_cut_ends_in_an_error_with_our_sentence(library):
    library.own.upstream.answer = Cutting(LIBRARIES[library.name])
    [streamed] = library.asks(("be brief", "hello"), streams=(True,))
    said = (
        "Response validation failed" if library.name == "mistralai" else "the run was halted"
    )  # it knows no errors there
    assert said in streamed.get("error", ""), streamed
