"""Every role times every call of the API: the table itself, and that the API keeps to it."""

from __future__ import annotations

import asyncio

import pytest

from aisecops.ops.control.may import MAY, refused
from aisecops.ops.control.openapi import describe
from aisecops.ops.control.who import Role
from support.api import CLERK, GATEWAY, OPERATOR, Api
from support.gateway import RULES, House, send

PEOPLE = """
people:
  vera: {role: viewer, secret: "env:VERA"}
  abe: {role: approver, secret: "env:ABE"}
  otto: {role: operator, secret: "env:OTTO"}
  nobody: {role: operator, secret: "env:UNSET"}
"""
WHO = {
    Role.AGENT: CLERK,
    Role.GATEWAY: GATEWAY,
    Role.VIEWER: {"Authorization": "Bearer vera's secret"},
    Role.APPROVER: {"Authorization": "Bearer abe's secret"},
    Role.OPERATOR: {"Authorization": "Bearer otto's secret"},
}
CALLS = {
    "open_run": ("POST", "/v1/runs", {"agent_id": "clerk"}),
    "list_runs": ("GET", "/v1/runs", None),
    "show_run": ("GET", "/v1/runs/{run}", None),
    "run.plan": ("POST", "/v1/runs/{run}/plan", {"steps": [{"tool": "crm.read", "scope": "crm.customers.1"}]}),
    "run.halt": ("POST", "/v1/runs/{run}/halt", {}),
    "run.resume": ("POST", "/v1/runs/{run}/resume", {}),
    "run.finish": ("POST", "/v1/runs/{run}/finish", {}),
    "issue_token": ("POST", "/v1/tokens", {"run_id": "{run}", "tool": "crm.read", "scope": "crm.customers.1"}),
    "revoke_token": ("POST", "/v1/tokens/cap_x/revoke", {}),
    "revoke_all": ("POST", "/v1/revocations", {"agent_id": "clerk"}),
    "list_approvals": ("GET", "/v1/approvals", None),
    "show_approval": ("GET", "/v1/approvals/{approval}", None),
    "answer": ("POST", "/v1/approvals/{approval}", {"decision": "deny", "reason": "no"}),
    "integrations": ("GET", "/v1/integrations", None),
    "accept": ("POST", "/v1/integrations/accept", {"name": "prompt:clerk", "reason": "seen"}),
    "maturity": ("GET", "/v1/maturity", None),
    "policy": ("GET", "/v1/policy", None),
    "me": ("GET", "/v1/me", None),
    "list_risk": ("GET", "/v1/risk", None),
    "reset_risk": ("POST", "/v1/risk/reset", {"agent_id": "clerk", "reason": "seen"}),
    "open_evaluation": ("POST", "/v1/evaluations", {"port": 5000}),
    "close_evaluation": ("POST", "/v1/evaluations/eval_1/close", None),
}
# What each role may do, written out by hand: v viewer, a approver, o operator, c agent (its own), g gateway.
ALLOWED = {
    "open_run": "co", "list_runs": "cvao", "show_run": "cvao", "run.plan": "co", "run.halt": "cao", "run.resume": "o",
    "run.finish": "co", "issue_token": "cgo", "revoke_token": "o", "revoke_all": "o", "list_approvals": "cvao",
    "show_approval": "cvao", "answer": "ao", "policy": "cgvao", "events": "vao", "me": "cgvao",
    "integrations": "vao", "accept": "ao", "list_risk": "vao", "reset_risk": "o", "maturity": "vao",
    "open_evaluation": "o", "close_evaluation": "o",
}  # fmt: skip
LETTERS = {"c": Role.AGENT, "g": Role.GATEWAY, "v": Role.VIEWER, "a": Role.APPROVER, "o": Role.OPERATOR}


@pytest.fixture
def api(tmp_path):
    return Api(tmp_path, House(f"{RULES}\n{PEOPLE}"))


async def held(api):
    """A run of the clerk with a step that waits for a person; the run's id and the approval's."""
    run = await api.house.run()
    tree = (await api.house.store.snapshot(run.run.run_id)).tree
    from msgspec.structs import replace

    await api.house.store.swap_tree(tree.root_run_id, seen=1, new=replace(tree, risk_micros=1_000_000))
    token = await api.house.token(run, "mail.send", "mail.contacts.ann")
    refusal = await api.house.ask(run, send(token=token))
    return run.run.run_id, refusal.approval_id


def test_the_table_is_what_it_is_meant_to_be():
    assert {call: {LETTERS[letter] for letter in roles} for call, roles in ALLOWED.items()} == MAY


def test_what_is_not_in_the_table_is_for_nobody():
    assert all(refused("new_call", role) is not None for role in Role)


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("call", CALLS)
async def test_the_api_keeps_to_the_table(api, role, call):
    run, approval = await held(api)
    method, path, body = CALLS[call]
    filled = {name: run if value == "{run}" else value for name, value in (body or {}).items()}
    answer = await api.ask(
        method, path.format(run=run, approval=approval), WHO[role], filled if body is not None else None
    )
    may = role in {LETTERS[letter] for letter in ALLOWED[call]}
    assert (answer.status_code not in {401, 403}) is may, answer.text


async def opened(api, path, who):
    """The status of an answer that has no end: its beginning, and then whoever asked is gone."""
    headers = [(name.lower().encode(), value.encode()) for name, value in who.items()]
    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": headers,
    }
    begun = asyncio.get_running_loop().create_future()

    async def receive():
        await begun
        return {"type": "http.disconnect"}

    async def send(message):
        if message["type"] == "http.response.start" and not begun.done():
            begun.set_result(message["status"])

    await api.app(
        {**scope, "http_version": "1.1", "root_path": "", "scheme": "http", "server": ("control", 80)}, receive, send
    )
    return begun.result()


@pytest.mark.parametrize("role", list(Role))
async def test_whoever_may_see_the_record_may_follow_it(api, tmp_path, role):
    (tmp_path / "audit").mkdir()
    status = await opened(api, "/v1/events", WHO[role])
    assert (status != 403) is (role in {LETTERS[letter] for letter in ALLOWED["events"]})


def test_every_route_is_described_and_every_call_behind_the_door_is_in_the_table(api):
    routes = {(method, route.path) for route in api.app.routes for method in route.methods - {"HEAD"}}
    told = {(method.upper(), path) for path, calls in describe()["paths"].items() for method in calls}
    acts = {("POST", f"/v1/runs/{{run_id}}/{act}") for act in ("plan", "halt", "resume", "finish")}
    assert routes - {("POST", "/v1/runs/{run_id}/{act:str}"), ("GET", "/openapi.json")} == told - acts
    assert set(CALLS) | {"events"} == set(MAY)


async def test_every_call_that_is_described_is_in_the_matrix():
    described = {(method.upper(), path) for path, calls in describe()["paths"].items() for method in calls}
    tried = {(method, path.replace("{run}", "{run_id}").replace("{approval}", "{approval_id}").replace("cap_x", "{jti}").replace("eval_1", "{evaluation_id}"))
             for method, path, _ in CALLS.values()}  # fmt: skip
    left = {path for _, path in described - tried}
    signed = {"/v1/approvals/{approval_id}/webhook", "/v1/webhooks/slack"}  # by their own proof: test_webhook_calls.py
    assert left == {"/v1/events", "/healthz", "/readyz", "/.well-known/jwks.json"} | signed


async def test_nobody_answers_for_a_run_they_opened_whatever_their_role_is_by_then(api):
    opened = (await api.run(WHO[Role.OPERATOR], agent_id="clerk"))["run_id"]
    from aisecops.model.ids import RunId

    run = await api.house.store.find_run(RunId(opened))
    assert run.opened_by == "person:otto"
    from support.gateway import rules_of

    api.house.rules.rules = rules_of(f"{RULES}\n{PEOPLE.replace('otto: {role: operator', 'otto: {role: approver')}")
    snapshot = await api.house.store.snapshot(run.run_id)
    from msgspec.structs import replace

    await api.house.store.swap_tree(
        run.run_id, seen=snapshot.version, new=replace(snapshot.tree, risk_micros=1_000_000)
    )
    from types import SimpleNamespace

    own = SimpleNamespace(run=run)
    token = await api.house.token(own, "mail.send", "mail.contacts.ann")
    refusal = await api.house.ask(own, send(token=token))
    path, yes = f"/v1/approvals/{refusal.approval_id}", {"decision": "approve", "reason": "mine"}
    assert (await api.ask("POST", path, WHO[Role.OPERATOR], yes)).status_code == 403
    answered = await api.ask("POST", path, WHO[Role.APPROVER], yes)
    assert answered.status_code == 200
    assert api.house.record.events[-1].fields["by"] == "person:abe"


@pytest.mark.parametrize("secret", ["", "env:UNSET", "vera", "vera's secre", "vera's secrets"])
async def test_a_person_without_a_secret_is_nobody(api, secret):
    assert (await api.ask("GET", "/v1/runs", {"Authorization": f"Bearer {secret}"})).status_code == 401


async def test_two_people_with_one_secret_are_nobody(tmp_path):
    twins = PEOPLE.replace('"env:ABE"', '"env:VERA"')
    api = Api(tmp_path, House(f"{RULES}\n{twins}"))
    assert (await api.ask("GET", "/v1/runs", WHO[Role.VIEWER])).status_code == 401
    assert (await api.ask("GET", "/v1/runs", OPERATOR)).status_code == 200
