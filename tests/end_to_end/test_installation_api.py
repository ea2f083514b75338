"""Who may call what: the control plane's API, directly and from inside, against a real installation."""

from __future__ import annotations

import re

import pytest

from support.installation import fresh, shared_installation  # noqa: F401
from support.installation_rules import AGENTS
from support.speaking import assert_refused

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

CLERK, RIVAL = AGENTS["clerk"], AGENTS["rival"]

# For each call, and for each who asks it: the status. `own` is an agent and its run, `run` the run's own credentials,
# `sibling` another run of the same agent, `other` another agent. `{}` is the run; `[]` an approval, `()` a token of it.
WHO = ("nobody", "wrong", "own", "run", "sibling", "other", "operator")
TABLE = {
    ("POST", "/v1/runs", "{}"):                       (407, 407, 201, 201, 201, 201, 400),
    ("POST", "/v1/runs", '{"agent_id": "clerk"}'):    (407, 407, 201, 201, 201, 403, 201),
    ("POST", "/v1/runs", '{"agent_id": "nobody"}'):   (407, 407, 403, 403, 403, 403, 403),
    ("GET", "/v1/runs", ""):                          (407, 407, 200, 200, 200, 200, 200),
    ("GET", "/v1/runs/{}", ""):                       (407, 407, 200, 200, 403, 403, 200),
    ("POST", "/v1/runs/{}/plan", '{"steps": [{"tool": "crm.read", "scope": "crm.customers.1"}]}'):
                                                      (407, 407, 200, 200, 403, 403, 200),
    ("POST", "/v1/runs/{}/resume", "{}"):             (407, 407, 403, 403, 403, 403, 200),
    ("POST", "/v1/runs/{}/nothing", "{}"):            (407, 407, 404, 404, 403, 403, 404),
    ("POST", "/v1/tokens", '{"run_id": "{}", "tool": "crm.read", "scope": "crm.customers.1"}'):
                                                      (407, 407, 201, 201, 403, 403, 201),
    ("POST", "/v1/tokens", '{"run_id": "{}", "agent_id": "clerk", "tool": "crm.read", "scope": "crm.customers.1"}'):
                                                      (407, 407, 201, 201, 403, 403, 201),
    ("POST", "/v1/tokens/()/revoke", "{}"):           (407, 407, 403, 403, 403, 403, 200),
    ("GET", "/v1/approvals", ""):                     (407, 407, 200, 200, 200, 200, 200),
    ("GET", "/v1/approvals/[]", ""):                  (407, 407, 200, 200, 404, 404, 200),
    ("POST", "/v1/approvals/[]", '{"decision": "approve", "reason": "x"}'):
                                                      (407, 407, 403, 403, 403, 403, 200),
    ("POST", "/v1/approvals/[]", '{"decision": "maybe"}'):
                                                      (407, 407, 403, 403, 403, 403, 400),
    ("GET", "/v1/risk", ""):                          (407, 407, 403, 403, 403, 403, 200),
    ("POST", "/v1/risk/reset", '{"agent_id": "clerk", "reason": "x"}'):
                                                      (407, 407, 403, 403, 403, 403, 404),
    ("GET", "/v1/policy", ""):                        (407, 407, 200, 200, 200, 200, 200),
    ("POST", "/v1/runs/{}/finish", "{}"):             (407, 407, 200, 200, 403, 403, 200),
    ("POST", "/v1/runs/{}/halt", "{}"):               (407, 407, 200, 200, 403, 403, 200),
    ("GET", "/healthz", ""):                          (200,) * 7,
    ("GET", "/readyz", ""):                           (200,) * 7,
    ("GET", "/.well-known/jwks.json", ""):            (200,) * 7,
    ("GET", "/openapi.json", ""):                     (200,) * 7,
    ("GET", "/v1/events", ""):                        (407, 407, 403, 403, 403, 403, None),
}  # fmt: skip


@pytest.mark.parametrize(
    ("call", "who", "status"),
    [(call, who, status) for call, row in TABLE.items() for who, status in zip(WHO, row, strict=True) if status],
    ids=lambda value: re.sub(r"[^\w/.-]+", "_", " ".join(value))[:60] if isinstance(value, tuple) else str(value),
)
def test_who_may_call_what(house, call, who, status):
    method, path, body = call
    run = house.run("careful" if "[]" in path else "clerk")
    party = run.agent
    askers = {
        "nobody": None, "wrong": "Bearer wrong", "own": party, "run": run.itself,
        "sibling": house.run(party.name).itself, "other": RIVAL, "operator": house.operator,
    }  # fmt: skip
    if "[]" in path:
        path = path.replace("[]", approval_of(house, run))
    if "()" in path:
        path = path.replace("()", f"cap_{fresh()}")
    sent = body.replace("{}", run.run_id).encode() if body != "{}" else b"{}"

    said = house.api(askers[who], method, path.replace("{}", run.run_id), sent if body else None)

    assert said.status in ({401, 407} if status == 407 else {status}), said
    if who not in {"own", "operator"} and status >= 400:
        assert run.itself.secret.encode() not in said.body


def approval_of(house, run):
    name = fresh("s")
    headers = house.with_token(run, "step.run", f"steps.{name}")
    said = house.ask(run, "POST", f"https://db.internal/steps/{name}", headers=headers, body={})
    return assert_refused(said, "human_approval_required")["approval_id"]


def test_agents_see_runs_and_approvals_of_their_own_alone(house):
    mine, theirs = house.run("careful"), house.run("rival")
    approval = approval_of(house, mine)

    runs = {run["run_id"] for run in house.api(RIVAL, "GET", "/v1/runs").json["runs"]}
    approvals = {one["approval_id"] for one in house.api(RIVAL, "GET", "/v1/approvals").json["approvals"]}

    assert theirs.run_id in runs
    assert mine.run_id not in runs
    assert approval not in approvals


def test_who_uses_a_runs_credentials_sees_that_run_alone(house):
    mine, beside = house.run("clerk"), house.run("clerk")

    seen = {run["run_id"] for run in house.api(mine.itself, "GET", "/v1/runs").json["runs"]}

    assert beside.run_id not in seen


def test_a_gateways_own_secret_does_what_gateways_do_and_no_more(house):
    secret = next(iter((house.folder / ".aisecops").glob("*gateway*"))).read_bytes()
    gateway = f"Bearer {secret.strip().hex()}"
    run = house.run("clerk")

    for method, path, body in (
        ("POST", "/v1/runs", {"agent_id": "clerk"}), ("GET", f"/v1/runs/{run.run_id}", None),
        ("POST", f"/v1/runs/{run.run_id}/halt", {}), ("POST", "/v1/tokens/cap_x/revoke", {}),
    ):  # fmt: skip
        assert 400 <= house.api(gateway, method, path, body).status < 500


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"run_id": 1}', b"\xff", b'{"steps": []}', b"null", b'{"a":' * 9999])
def test_a_body_that_is_not_what_the_call_expects_is_unreadable(house, body):
    assert_refused(house.api(CLERK, "POST", "/v1/tokens", body), "unreadable")


def test_a_body_without_end_is_not_read(house):
    assert 400 <= house.api(CLERK, "POST", "/v1/tokens", b" " * 2_000_000).status < 500


def test_the_answer_to_an_open_run_has_the_contracts_shape_and_its_secret_is_told_once(house):
    run = house.run("clerk")

    assert {"run_id", "run_secret", "proxy_url", "root_run_id"} <= run.told.keys()
    assert re.fullmatch(r"run_[0-9A-HJKMNP-TV-Z]{26}", run.run_id)
    assert run.told["proxy_url"] == f"http://{run.run_id}:{run.itself.secret}@127.0.0.1:{house.proxy_port}"
    assert run.itself.secret.encode() not in house.everything_written()
    assert {"prompt_hash", "context_provenance", "tool_invocations", "policy_decisions", "cumulative_risk_score",
            "budget_consumption", "agent_id", "run_id", "state", "root_run_id"} <= house.tree(run).keys()  # fmt: skip


# from inside, through the proxy


def inside(house, who, method, path, body=None, **headers):
    return house.ask(who, method, f"http://aisecops.internal{path}", headers=headers, body=body)


def test_an_agent_inside_opens_a_run_and_gets_a_token_in_its_own_name(house):
    customer = fresh()

    run = inside(house, CLERK, "POST", "/v1/runs", {}).json
    asked = {"run_id": run["run_id"], "tool": "crm.read", "scope": f"crm.customers.{customer}"}
    issued = inside(house, CLERK, "POST", "/v1/tokens", asked)

    assert (run["agent_id"], issued.status) == ("clerk", 201)
    headers = {"AISecOps-Run": run["run_id"], "AISecOps-Capability": issued.json["token"]}
    assert house.ask(CLERK, "GET", f"https://crm.internal/v1/customers/{customer}", headers=headers).status == 200


def test_from_inside_nobody_opens_a_run_for_another(house):
    assert_refused(inside(house, CLERK, "POST", "/v1/runs", {"agent_id": "rival"}), "policy_denied")


@pytest.mark.parametrize(
    "path",
    ["/", "/v1/approvals", "/v1/events", "/v1/policy", "/openapi.json", "/readyz", "/metrics", "/v1/runs/../approvals",
     "/v1/runs/%2e%2e/approvals", "/v1/runs//../approvals", "/v1/runsx", "/v1/tokens\\..\\approvals", "/v1/runs/..;/approvals"],
)  # fmt: skip
def test_from_inside_other_paths_are_not_there(house, path):
    said = inside(house, CLERK, "GET", path)

    assert said.status in {400, 403}, said
    assert b"approval" not in said.body.replace(path.encode(), b"")


def test_from_inside_an_operators_key_opens_nothing(house):
    for path, body in (("/v1/runs", {"agent_id": "clerk"}), ("/v1/tokens/cap_x/revoke", {})):
        said = inside(house, CLERK, "POST", path, body, Authorization=house.operator)
        assert 400 <= said.status < 500, said
        assert said.code in {"policy_denied", "identity_required"}


def test_from_inside_it_is_http_on_port_80_alone(house):
    for url in ("https://aisecops.internal/v1/runs", "http://aisecops.internal:8081/v1/runs",
                f"http://aisecops.internal:{house.control_port}/v1/runs", "http://sub.aisecops.internal/v1/runs"):  # fmt: skip
        assert_refused(house.ask(CLERK, "GET", url), "destination_denied")


def test_from_inside_without_credentials_there_is_nothing(house):
    assert_refused(inside(house, None, "GET", "/v1/runs"), "identity_required")
