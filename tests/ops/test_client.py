"""What the command line makes of answers, good, refused and foreign."""

from __future__ import annotations

import contextlib
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from aisecops.model.errors import ConfigError
from aisecops.ops.client import ControlPlane
from aisecops.ops.environment import Credentials
from aisecops.ops.session import CommandError
from aisecops.ops.settings_read import load

PROBLEM = b'{"code": "run_unknown", "detail": "there is no run `x`", "status": 403}'


@contextlib.contextmanager
def answering(status, body):
    """Something on a port that gives one answer to everything, and the headers it got."""
    got = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            got.append(dict(self.headers))
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port, got
        finally:
            server.shutdown()
            thread.join()


def asked(tmp_path, port):
    settings = load({"control.listen": str(port)}, environ={}, folder=tmp_path)
    with ControlPlane.as_agent(settings, Credentials("bot", "s")) as control:
        return control.get("/v1/runs")


def test_an_answer_is_its_object_and_credentials_are_sent(tmp_path):
    with answering(200, b'{"runs": []}') as (port, got):
        assert asked(tmp_path, port) == {"runs": []}

    assert got[0]["Authorization"] == "Basic Ym90OnM="


@pytest.mark.parametrize(
    ("status", "body", "code", "words"),
    [
        (403, PROBLEM, 1, r"there is no run `x` \(run_unknown\)"),
        (503, b'{"code": "store_unavailable", "detail": "the store is gone"}', 3, "the store is gone"),
        (404, b"Not Found", 1, "answered 404 and no reason"),
        (500, b"", 3, "answered 500 and no reason"),
        (200, b"<html>", 3, "does not speak this API"),
        (200, b"[1]", 3, "does not speak this API"),
        (418, b'{"code": 7, "detail": null}', 1, "the control plane refused"),
    ],
)
def test_what_is_no_good_answer_is_said_with_its_exit_code(tmp_path, status, body, code, words):
    with answering(status, body) as (port, _), pytest.raises(CommandError, match=words) as said:
        asked(tmp_path, port)

    assert said.value.exit_code == code


def test_a_proxy_from_the_environment_is_not_used(tmp_path, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", "")

    with answering(200, b"{}") as (port, _):
        assert asked(tmp_path, port) == {}


def test_an_operators_secret_open_to_others_is_not_used(tmp_path):
    settings = load(environ={}, folder=tmp_path)
    settings.paths.state.mkdir()
    settings.operator_secret.write_text("s")
    settings.operator_secret.chmod(0o644)

    with pytest.raises(Exception, match="open to others"):
        ControlPlane.as_operator(settings)


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_an_authority_that_is_none_is_named(tmp_path, content):
    file = tmp_path / "corp.pem"
    if content is not None:
        file.write_text(content)
    settings = load({"upstream.ca": [str(file)]}, environ={}, folder=tmp_path)

    with pytest.raises(ConfigError, match=r"corp\.pem"):
        ControlPlane.as_agent(settings, Credentials("bot", "s"))


def test_a_mend_that_the_answer_names_is_the_one_that_is_shown(tmp_path):
    body = b'{"code": "policy_denied", "detail": "it is already denied; ask anew"}'
    with answering(403, body) as (port, _), pytest.raises(CommandError) as said:
        asked(tmp_path, port)

    assert (said.value.what, said.value.mend) == ("it is already denied (policy_denied)", "ask anew")
