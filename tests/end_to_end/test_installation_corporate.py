"""An installation inside a company: TLS and client certificates to the proxy, and a corporate proxy before the world."""

from __future__ import annotations

import contextlib
import json
import ssl
import subprocess
import sys

import orjson
import pytest

from support import certificates
from support.corporate import running_corporate_proxy
from support.installation import Installation
from support.upstream import Authority, running_upstream

pytestmark = pytest.mark.slow

HOST = "api.no-such-host-of-aisecops.net"
PASSWORD = "hush-hush-hush"
RULES = f"""
version: 1
agents:
  sidecar:
    authenticate: {{client_cert: {{san: "spiffe://corp.test/agents/sidecar"}}}}
  bot:
    authenticate: {{secret: "env:BOT_SECRET"}}
sources:
  - {{match: {{host: {HOST}}}, tier: external}}
  - {{match: {{host: metadata.google.internal}}, tier: external}}
"""


class Company(Installation):
    corporate_url = ""

    @property
    def environment(self):
        return super().environment | {"BOT_SECRET": "bots-secret", "CORPORATE": self.corporate_url}

    def curl(self, *arguments, url=f"https://{HOST}/"):
        trust = str(self.folder / "certs" / "bundle.pem")
        given = ["curl", "-sS", "--max-time", "15", "--proxy-cacert", trust, "--cacert", trust, *arguments, url]
        done = subprocess.run(given, capture_output=True, text=True, check=False, timeout=30)
        return done.stdout or done.stderr

    def certified(self, certified, *arguments, **how):
        pair = ["--proxy-cert", certified.pair[0], "--proxy-key", certified.pair[1]]
        return self.curl("-x", f"https://127.0.0.1:{self.proxy_port}", *pair, *arguments, **how)


@pytest.fixture(scope="module")
def company(tmp_path_factory):
    folder = tmp_path_factory.mktemp("company")
    authority, world = certificates.Authority(folder, "company"), Authority(folder)
    clients = certificates.Authority(folder, "agents")
    own = authority.certified("127.0.0.1", use=certificates.SERVER, ends_days=60)
    corporate_tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    corporate_tls.load_cert_chain(*authority.certified("localhost", use=certificates.SERVER).pair)
    tls = {"tls_certificate": own.pair[0], "tls_key": own.pair[1]}
    with contextlib.ExitStack() as stack:
        upstream = stack.enter_context(running_upstream(world.server_context(HOST)))
        corporate = stack.enter_context(running_corporate_proxy({f"{HOST}:443": upstream.port}, corporate_tls))
        company = Company(folder, rules=RULES, workers=2)
        company.corporate_url = f"https://us:{PASSWORD}@localhost:{corporate.port}"
        company._settings = {
            "proxy": {
                "listen": f"127.0.0.1:{company.proxy_port}",
                "workers": 2,
                "tls_ca": str(authority.file),
                "client_ca": str(clients.file),
                **tls,
            },
            "control": {"listen": f"127.0.0.1:{company.control_port}", **tls},
            "metrics": {"listen": f"127.0.0.1:{company.metrics_port}", **tls},
            "upstream": {"ca": [str(world.file), str(authority.file)], "proxy": "env:CORPORATE"},
            "evaluation": {"live": True},
        }
        company.start()
        stack.callback(company.stop)
        company.world, company.corporate = upstream, corporate
        company.sidecar = clients.certified("spiffe://corp.test/agents/sidecar")
        company.nobody = clients.certified("spiffe://corp.test/agents/nobody")
        company.stranger = certificates.Authority(folder, "agents").certified("spiffe://corp.test/agents/sidecar")
        yield company


def as_bot(company):
    return "-x", f"https://bot:bots-secret@127.0.0.1:{company.proxy_port}"


def test_an_agent_is_known_by_its_certificate_and_reaches_the_world_through_the_company(company):
    assert company.certified(company.sidecar) == "ok"
    assert [e["agent_id"] for e in company.events("decision", verdict="allow")][-1] == "sidecar"
    assert company.corporate.asked[-1].startswith(f"CONNECT {HOST}:443 HTTP/1.1\r\n".encode())


def test_both_workers_speak_tls_on_their_port(company):
    for _ in range(8):
        assert company.curl(*as_bot(company)) == "ok"


def test_a_certificate_of_nobody_of_an_unknown_authority_or_of_another_agent_is_refused(company):
    before = len(company.corporate.asked)
    assert "response 407" in company.certified(company.nobody)
    assert "curl: (" in company.certified(company.stranger)
    assert "response 407" in company.certified(company.sidecar, "--proxy-user", "bot:bots-secret")
    assert "response 407" in company.curl("-x", f"https://sidecar:x@127.0.0.1:{company.proxy_port}")
    assert len(company.corporate.asked) == before


def test_a_runs_credentials_serve_beside_the_certificate_of_its_agent_only(company):
    answer = subprocess.run(
        ["curl", "-sS", "--cacert", str(company.folder / "certs" / "bundle.pem"), "-H",
         f"Authorization: {company.operator}", f"https://127.0.0.1:{company.control_port}/v1/runs",
         "-d", '{"agent_id": "sidecar"}'],
        capture_output=True, check=True,
    )  # fmt: skip
    run = orjson.loads(answer.stdout)
    assert run["proxy_url"].endswith(f"127.0.0.1:{company.proxy_port}")
    assert "https://" in run["proxy_url"]
    credentials = f"{run['run_id']}:{run['run_secret']}"
    assert company.certified(company.sidecar, "--proxy-user", credentials) == "ok"
    assert company.events("decision", verdict="allow")[-1]["run_id"] == run["run_id"]
    assert "response 407" in company.curl("-x", f"https://{credentials}@127.0.0.1:{company.proxy_port}")


def test_a_command_in_a_run_is_told_everything_it_needs(company):
    script = f"import requests; print(requests.get('https://{HOST}/').text)"
    done = company.command("run", "--agent", "bot", "--", sys.executable, "-c", script)
    assert (done.returncode, done.stdout) == (0, "ok\n"), done.stderr


def test_a_name_of_the_inside_is_not_asked_of_the_company(company):
    said = company.curl(*as_bot(company), "-i", url="https://metadata.google.internal/")
    assert "destination_denied" in said
    assert not any(b"metadata" in asked for asked in company.corporate.asked)


def test_a_refusal_of_the_company_is_told_as_its_own(company):
    company.corporate.answer = b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n"
    try:
        said = company.curl(*as_bot(company))
    finally:
        company.corporate.answer = None
    assert json.loads(said)["status"] == 502
    assert "the upstream proxy" in said
    assert PASSWORD not in said


def test_the_metrics_speak_tls(company):
    said = subprocess.run(
        ["curl", "-sS", "--cacert", str(company.folder / "certs" / "bundle.pem"),
         f"https://127.0.0.1:{company.metrics_port}/metrics"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "aisecops_requests_total" in said.stdout


def test_the_companys_password_is_nowhere(company):
    shown = company.command("config").stdout
    assert "env:CORPORATE" in shown
    assert PASSWORD not in shown
    assert PASSWORD.encode() not in company.everything_written()
    assert "PRIVATE KEY" not in company.said()


def test_doctor_finds_nothing_wrong(company):
    said = company.command("doctor").stdout
    assert "proxy certificate" in said
    assert f"https://127.0.0.1:{company.proxy_port}" in said


def test_it_is_attacked_as_it_serves_over_tls_and_not_through_the_company(company):
    before = len(company.corporate.asked)
    done = company.command("eval", "token-forgery", "--live", "--mutations", "0", "--report", "md", timeout=200)

    assert done.returncode == 0, done.stdout + done.stderr
    [event] = company.events("evaluation_finished")
    assert (event["live"], event["ok"]) == (True, True)
    assert event["suites"]["token-forgery"]["attacks"] > 20
    assert len(company.corporate.asked) == before
