"""Coding agents as people have them, on a laptop that keeps the cookbook's rules for one. `make coders` starts this.

Their models are stand-ins that propose what they are told to. Nothing is set for an agent but what `aisecops run` sets,
a key for its provider, and what keeps it from asking a person.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from support import gemini_samples as gemini
from support.installation import Installation, fresh
from support.obeying import WORDS, Obeying
from support.sandbox import needs_sandboxes
from support.senders import AWS
from support.upstream import Upstream

FOLDER = os.environ.get("CODERS", "")
COOKBOOK = Path(__file__).parents[2] / "docs" / "cookbook.md"
GOOGLE = "generativelanguage.googleapis.com"
WITHIN_S = 120
"""Some try again for a while when they are refused."""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.skipif(not FOLDER, reason="`make coders` installs the coding agents and runs this"),
]


class Coder(NamedTuple):
    """How one is asked something without anybody at its side, how its model runs a command, and where it keeps things."""

    command: tuple[str, ...]
    key: str
    shell: str
    argument: str
    keeps: str
    settings: str = ""
    more: tuple[tuple[str, str], ...] = ()


class Seen(NamedTuple):
    """What was printed, and in which run."""

    said: str
    run_id: str


CODERS = {
    "claude": Coder(("claude", "--allowedTools", "Bash", "-p"), "ANTHROPIC_API_KEY", "Bash", "command", ".claude"),
    "codex": Coder(
        ("codex", "exec", "--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox"),
        "CODEX_API_KEY", "exec_command", "cmd", ".codex",
    ),
    "gemini": Coder(
        ("gemini", "--yolo", "-p"), "GEMINI_API_KEY", "run_shell_command", "command", ".gemini",
        more=(("GEMINI_CLI_TRUST_WORKSPACE", "true"),),
    ),
}  # fmt: skip


class Proposing(Obeying):
    """Proposes one call, until it is told what came of it."""

    def __init__(self) -> None:
        super().__init__()
        self.proposes: tuple[str, dict[str, str]] | None = None
        self.result = b""

    def __call__(self, request, send):
        if (
            b"complexity_score" in request and b"responseJsonSchema" in request
        ):  # how hard is it? an object is asked for
            said = json.dumps({"complexity_reasoning": "it is easy", "complexity_score": 10})
            body = json.dumps(gemini.answer(gemini.candidate({"text": said}, finish="STOP"))).encode()
            send(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
            )
        else:
            super().__call__(request, send)

    def calls(self, body):
        return [self.proposes] if self.proposes and self.result not in body else []


class Laptop(Installation):
    """The cookbook's rules for a coding agent, and a home that nothing else lives in."""

    def __init__(self, folder: Path, home: Path) -> None:
        recipe = COOKBOOK.read_text().partition("## 4. A coding agent on a laptop")[2]
        super().__init__(folder, rules=re.search(r"```yaml\n(.*?)```", recipe, re.DOTALL)[1])
        self.home = home
        self.google = Upstream(self.context_for(GOOGLE))
        self.elsewhere = {f"{GOOGLE}:443": f"127.0.0.1:{self.google.port}"}

    @property
    def environment(self):
        path = f"{FOLDER}/node_modules/.bin:/usr/bin:/bin"
        return super().environment | {
            "CODER_SECRET": "s3cret-of-the-coder",
            "DEPLOY_KEY": "none-that-is-one",
            "PATH": path,
        }

    def asks(self, name: str, prompt: str, *flags: str) -> Seen:
        """What a person sees of a coder that was asked `prompt`, and the run it was."""
        coder = CODERS[name]
        (self.home / coder.keeps).mkdir(exist_ok=True)
        if coder.settings:
            (self.home / coder.keeps / "config.toml").write_text(coder.settings)
        done = subprocess.run(
            [sys.executable, "-m", "aisecops", "run", "--agent", "coder", *flags, "--", *coder.command, prompt],
            cwd=self.folder, env=self.environment | {"HOME": str(self.home), coder.key: "test", **dict(coder.more)},
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=WITHIN_S, check=False,
        )  # fmt: skip
        said = done.stdout + done.stderr
        run = re.search(r"run_\w+", done.stderr)
        assert run is not None, said
        return Seen(said, run[0])


@pytest.fixture(scope="module")
def laptop(tmp_path_factory):
    own = Laptop(tmp_path_factory.mktemp("laptop"), tmp_path_factory.mktemp("home"))
    own.start()
    yield own
    own.google.close()
    assert own.stop() == 0, own.said()


@pytest.fixture
def model(laptop):
    laptop.upstream.answer = laptop.google.answer = model = Proposing()
    return model


@pytest.fixture(params=CODERS)
def coder(request):
    return request.param


def test_it_works_and_what_its_model_is_told_is_judged_and_written_down(laptop, model, coder):
    marker = fresh("say")
    seen = laptop.asks(coder, f"{marker} hello to the world")
    assert WORDS in seen.said
    assert [request for request in model.asked if marker.encode() in request]
    assert laptop.events("llm_called", run_id=seen.run_id)
    # who may not have a WebSocket posts at once, and does not try again and again first
    assert len(laptop.events("decision", run_id=seen.run_id, code="protocol_denied")) <= 1


def test_a_command_that_the_rules_allow_runs_and_its_result_goes_back(laptop, model, coder):
    name = fresh("made")
    shell, argument = CODERS[coder].shell, CODERS[coder].argument
    model.proposes = (shell, {argument: f"printf '%s-%d\\n' {name} 42 | tee {name}"})
    model.result = f"{name}-42".encode()
    seen = laptop.asks(coder, f"make {name}")
    assert WORDS in seen.said
    assert (laptop.folder / name).read_text() == f"{name}-42\n"
    (decided,) = laptop.events("decision", run_id=seen.run_id, tool="shell.exec")
    assert decided["enforced"] == "allow"


def test_a_call_that_was_withdrawn_is_a_sentence_that_its_user_reads(laptop, model, coder):
    model.proposes, model.result = ("send_email", {"to": "mallory@evil.test"}), b"withdrawn"
    seen = laptop.asks(coder, "tell me what is new")
    assert "the call of `send_email` was withdrawn and has not been made" in " ".join(seen.said.split())
    assert laptop.events("decision", run_id=seen.run_id, code="output_invalid")


def test_a_secret_does_not_leave_and_its_user_reads_why(laptop, model, coder):
    seen = laptop.asks(coder, f"deploy with the key {AWS} please")
    assert "must not leave" in seen.said
    assert not [request for request in model.asked if AWS.encode() in request]


def test_in_the_sandbox_it_works_too_and_its_commands_reach_nothing_else(laptop, model, coder):
    needs_sandboxes()
    name = fresh("round")
    shell, argument = CODERS[coder].shell, CODERS[coder].argument
    way = f"curl --noproxy '*' -k -sS -m 5 https://127.0.0.1:{laptop.upstream.port}/{name}"
    model.proposes, model.result = (
        (shell, {argument: f"{way}; echo {name}-ended-with-$?"}),
        f"{name}-ended-with-7".encode(),
    )
    seen = laptop.asks(
        coder, f"look at {name}", "--sandbox", "--sandbox-writable", str(laptop.home / CODERS[coder].keeps)
    )
    assert WORDS in seen.said
    assert [request for request in model.asked if model.result in request]
    assert laptop.received(f"/{name} ") == []
