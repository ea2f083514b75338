import pytest
from msgspec.structs import replace

from aisecops.model.ids import AgentId
from aisecops.ops.control.openapi import describe
from aisecops.ops.control.public_calls import LEAST_ROOM
from support.api import CLERK, GATEWAY, OPERATOR, VISITOR, Api
from support.gateway import RULES, House, basic, send

SCOPE = "crm.customers.1"
CAP_X = "cap_01M8GJNFJTYJGMBH8AAMXP5G7Z"
CALLS = [
    ("POST", "/v1/runs", {"agent_id": "clerk"}),
    ("GET", "/v1/runs", None),
    ("GET", "/v1/runs/{run}", None),
    ("POST", "/v1/runs/{run}/plan", {"steps": [{"tool": "crm.read", "scope": "crm.customers.1"}]}),
    ("POST", "/v1/runs/{run}/halt", {}),
    ("POST", "/v1/runs/{run}/resume", {}),
    ("POST", "/v1/runs/{run}/finish", {}),
    ("POST", "/v1/tokens", {"run_id": "{run}", "tool": "crm.read", "scope": "crm.customers.1"}),
    ("POST", f"/v1/tokens/{CAP_X}/revoke", {}),
    ("GET", "/v1/approvals", None),
    ("POST", "/v1/approvals/apr_x", {"decision": "approve"}),
    ("GET", "/v1/integrations", None),
    ("POST", "/v1/integrations/accept", {"name": "prompt:clerk", "reason": "why"}),
    ("GET", "/v1/policy", None),
]


def filled(value, run):
    if isinstance(value, dict):
        return {key: filled(one, run) for key, one in value.items()}
    return value.replace("{run}", run) if isinstance(value, str) else value


@pytest.fixture
def api(tmp_path):
    return Api(tmp_path)


async def statuses(api, who):
    found = {}
    for method, path, body in CALLS:
        run = (await api.run())["run_id"]
        answer = await api.ask(method, filled(path, run), who, filled(body, run))
        found[f"{method} {path}"] = answer.status_code
    return found


async def test_an_agent_does_what_is_its_own(api):
    assert await statuses(api, CLERK) == {
        "POST /v1/runs": 201,
        "GET /v1/runs": 200,
        "GET /v1/runs/{run}": 200,
        "POST /v1/runs/{run}/plan": 200,
        "POST /v1/runs/{run}/halt": 200,
        "POST /v1/runs/{run}/resume": 403,
        "POST /v1/runs/{run}/finish": 200,
        "POST /v1/tokens": 201,
        f"POST /v1/tokens/{CAP_X}/revoke": 403,
        "GET /v1/approvals": 200,
        "POST /v1/approvals/apr_x": 403,
        "GET /v1/integrations": 403,
        "POST /v1/integrations/accept": 403,
        "GET /v1/policy": 200,
    }


async def test_another_agent_sees_and_changes_nothing_of_it(api):
    found = await statuses(api, VISITOR)
    mine = {"GET /v1/runs", "GET /v1/approvals", "GET /v1/policy"}
    assert {call for call, status in found.items() if status < 400} == mine


async def test_an_operator_does_everything_that_is_not_an_agents_own(api):
    found = await statuses(api, OPERATOR)
    refused = {"POST /v1/approvals/apr_x": 403, "POST /v1/integrations/accept": 404}  # nothing waits
    assert {call: status for call, status in found.items() if status >= 400} == refused


async def test_a_gateway_only_asks_for_tokens(api):
    found = await statuses(api, GATEWAY)
    allowed = {"POST /v1/tokens", "GET /v1/approvals", "GET /v1/policy"}
    assert {call for call, status in found.items() if status < 400} <= allowed


@pytest.mark.parametrize(
    "who",
    [{}, {"Authorization": "Bearer wrong"}, {"Authorization": basic("clerk", "wrong")}, {"Authorization": "Bearer "}],
)
async def test_nobody_does_nothing(api, who):
    assert set((await statuses(api, who)).values()) == {401}


async def test_a_gateway_sees_no_runs(api):
    await api.run()
    assert (await api.ask("GET", "/v1/runs", GATEWAY)).status_code == 403


async def test_what_a_run_has_used_is_what_decides_whichever_machine_recorded_it(api):
    run_id = (await api.run())["run_id"]
    tree = (await api.house.store.snapshot(run_id)).tree
    used = replace(tree.runs[run_id], tool_calls=7, cost_micros=250_000, rows=3)
    await api.house.store.swap_tree(run_id, seen=1, new=replace(tree, risk_micros=400_000, runs={run_id: used}))
    told = (await api.ask("GET", f"/v1/runs/{run_id}", CLERK)).json()
    consumed = told["budget_consumption"]
    assert told["cumulative_risk_score"] == 0.4
    assert (consumed["tool_calls"], consumed["cost"], consumed["rows"]) == (7, 0.25, 3)


async def test_an_opened_run_tells_its_proxy(api):
    run = await api.run()
    assert run["proxy_url"] == f"http://{run['run_id']}:{run['run_secret']}@127.0.0.1:8080"
    assert run["root_run_id"] == run["run_id"]


async def test_a_runs_credentials_are_for_that_run_only(api):
    one, other = await api.run(), await api.run()
    who = {"Authorization": basic(one["run_id"], one["run_secret"])}
    assert (await api.ask("GET", f"/v1/runs/{one['run_id']}", who)).status_code == 200
    assert (await api.ask("GET", f"/v1/runs/{other['run_id']}", who)).status_code == 403
    asked = {"run_id": other["run_id"], "tool": "crm.read", "scope": "crm.customers.1"}
    assert (await api.ask("POST", "/v1/tokens", who, asked)).status_code == 403


async def test_an_agent_opens_no_run_for_another(api):
    assert (await api.ask("POST", "/v1/runs", CLERK, {"agent_id": "visitor"})).status_code == 403


@pytest.mark.parametrize("trust", [2.0, "external"])
async def test_a_plan_comes_back_step_by_step(api, trust):
    # spec 8, the worked example
    run = await api.run()
    steps = [
        {"tool": "crm.read", "scope": "crm.customers.1"},
        {"tool": "mail.send", "scope": "mail.contacts.ann", "escalation": 1.2, "trust": trust},
        {"tool": "db.write", "scope": "db.orders.7", "budget_stress": 1.1},
    ]
    told = (await api.ask("POST", f"/v1/runs/{run['run_id']}/plan", CLERK, {"steps": steps})).json()
    assert [step["risk"] for step in told["steps"]] == [0.1, 0.96, 0.275]
    assert (told["total"], told["verdict"], told["held_step"]) == (1.335, "allow", None)


@pytest.mark.parametrize(
    "body",
    [b"{", b"[]", b'{"run_id": 5}', b'{"unknown": 1}', b'{"run_id":"r","tool":"t","scope":"s","ttl":"soon"}', b'"x"'],
)
async def test_a_body_that_is_none_of_ours_is_unreadable(api, body):
    answer = await api.ask("POST", "/v1/tokens", CLERK, body)
    assert (answer.status_code, answer.json()["code"]) == (400, "unreadable")


async def test_a_body_that_two_readers_would_read_differently_is_unreadable(api):
    answer = await api.ask("POST", "/v1/runs", OPERATOR, b'{"agent_id": "clerk", "agent_id": "visitor"}')
    assert (answer.status_code, answer.json()["code"]) == (400, "unreadable")
    assert "twice" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("path", "word"),
    [
        ("/v1/runs?state=halted", "knows no `state`; it has `agent`, `before`, once"),
        ("/v1/policy?state=halted", "knows no `state` and has none"),
        ("/v1/approvals?stat=pending", "knows no `stat`; it has `state`, once"),
        ("/v1/approvals?state=pending&state=used", "knows no `state`"),
        ("/v1/approvals?state=open", "`state` is one of `pending`"),
        ("/v1/events?after=last", "`after` is the `seq` of an event"),
    ],
)
async def test_a_query_that_is_not_understood_is_not_passed_over(api, path, word):
    answer = await api.ask("GET", path, OPERATOR)
    assert (answer.status_code, answer.json()["code"]) == (400, "unreadable")
    assert word in answer.json()["detail"]


async def test_what_may_stand_in_a_query_is_in_the_description(api):
    asked = {(one["name"], path) for path, one in parameters(describe()) if one["in"] == "query"}
    runs = {("agent", "/v1/runs"), ("before", "/v1/runs")}
    assert asked == {*runs, ("state", "/v1/approvals"), ("after", "/v1/events")}
    assert (await api.ask("GET", "/v1/approvals?state=pending", OPERATOR)).status_code == 200


def parameters(described):
    for path, calls in described["paths"].items():
        for call in calls.values():
            yield from ((path, one) for one in call["parameters"])


async def test_a_wrong_method_is_told_every_right_one(api):
    answer = await api.ask("PUT", "/v1/runs", OPERATOR)
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD, POST")


async def test_a_token_that_stands_where_its_name_should_is_neither_written_down_nor_revoked(api):
    run = (await api.run())["run_id"]
    issued = (await api.ask("POST", "/v1/tokens", CLERK, {"run_id": run, "tool": "crm.read", "scope": SCOPE})).json()
    answer = await api.ask("POST", f"/v1/tokens/{issued['token']}/revoke", OPERATOR, {})
    assert (answer.status_code, answer.json()["code"]) == (400, "unreadable")
    assert issued["jti"] in answer.json()["detail"]
    assert issued["token"] not in answer.text + str(api.house.record.events)


@pytest.mark.parametrize(
    ("of", "code"), [({"run_id": "run_x"}, "run_unknown"), ({"agent_id": "clerkk"}, "policy_denied")]
)
async def test_tokens_of_nobody_are_not_said_to_be_revoked(api, of, code):
    answer = await api.ask("POST", "/v1/revocations", OPERATOR, of)
    assert (answer.status_code, answer.json()["code"]) == (403, code)


async def test_tokens_of_an_agent_are_revoked(api):
    run = (await api.run())["run_id"]
    assert (await api.ask("POST", "/v1/revocations", OPERATOR, {"agent_id": "clerk"})).json()["revoked"]
    issued = await api.ask("POST", "/v1/tokens", CLERK, {"run_id": run, "tool": "crm.read", "scope": SCOPE})
    assert issued.json()["code"] == "token_revoked"


async def test_a_body_without_end_is_cut_off(api):
    answer = await api.ask("POST", "/v1/tokens", CLERK, b"{" + b" " * 300_000)
    assert answer.status_code == 413


async def test_the_keys_are_public_and_only_their_public_halves(api):
    keys = (await api.ask("GET", "/.well-known/jwks.json")).json()["keys"]
    assert [set(key) & {"d", "k", "p"} for key in keys] == [set()]
    assert keys[0]["kid"] == api.house.keys.key_id


async def test_a_held_step_is_listed_approved_and_then_passes(tmp_path):
    house = House(RULES.replace("approve_above: 1.5", "approve_above: 0.5"))
    api = Api(tmp_path, house)
    run = await house.run()
    token = await house.token(run, "mail.send", "mail.contacts.ann")
    await house.ask(run, send(token=token))
    listed = (await api.ask("GET", "/v1/approvals", OPERATOR)).json()["approvals"]
    assert [(one["state"], one["tool"]) for one in listed] == [("pending", "mail.send")]
    assert (await api.ask("GET", "/v1/runs", OPERATOR)).json()["runs"][0]["state"] == "held"
    path = f"/v1/approvals/{listed[0]['approval_id']}"
    answered = await api.ask("POST", path, OPERATOR, {"decision": "approve", "reason": "fine"})
    assert (answered.status_code, answered.json()["state"]) == (200, "approved")


async def test_an_answer_that_is_neither_yes_nor_no_is_none(api):
    assert (await api.ask("POST", "/v1/approvals/apr_x", OPERATOR, {"decision": "maybe"})).status_code == 400


async def test_a_fault_of_ours_says_nothing_of_itself(api):
    async def broken(*_, **__):
        raise RuntimeError("secret detail")

    api.house.store.list_runs = broken
    answer = await api.ask("GET", "/v1/runs", OPERATOR)
    assert (answer.status_code, answer.json()["code"]) == (503, "internal")
    assert "secret detail" not in answer.text


async def test_healthy_is_not_ready_when_the_store_is_down(api):
    from aisecops.model.errors import StoreError

    async def down():
        raise StoreError("no store")

    api.house.store.ping = down
    assert (await api.ask("GET", "/healthz")).status_code == 200
    assert (await api.ask("GET", "/readyz")).status_code == 503


async def test_it_is_not_ready_while_the_record_cannot_be_written(api):
    api.trouble = "`record-000001.jsonl` may not be written any more; give its owner the right to write"
    answer = await api.ask("GET", "/readyz")
    assert (answer.status_code, answer.json()["code"]) == (503, "record_unavailable")
    assert answer.json()["detail"] == api.trouble
    api.trouble = ""
    assert (await api.ask("GET", "/readyz")).status_code == 200


async def test_it_is_not_ready_when_the_folder_of_the_record_is_gone(api):
    api.room = FileNotFoundError(2, "No such file or directory")
    answer = await api.ask("GET", "/readyz")
    assert (answer.status_code, answer.json()["code"]) == (503, "record_unavailable")
    told = "the record's folder cannot be looked at (no such file or directory); put it back"
    assert answer.json()["detail"] == told


async def test_it_is_not_ready_when_the_record_has_no_room(api):
    api.room = LEAST_ROOM - 1
    full = await api.ask("GET", "/readyz")
    assert (full.status_code, full.json()["code"]) == (503, "record_unavailable")
    api.room += 1
    assert (await api.ask("GET", "/readyz")).status_code == 200


async def test_a_late_gateway_worker_makes_it_not_ready(api):
    assert (await api.ask("GET", "/readyz")).status_code == 200
    api.late.append("gateway worker 7 is 2.0 s late")
    answer = await api.ask("GET", "/readyz")
    assert (answer.status_code, answer.json()["detail"]) == (503, "gateway worker 7 is 2.0 s late")


async def test_the_description_names_every_call(api):
    told = (await api.ask("GET", "/openapi.json")).json()
    assert told == describe()
    paths = told["paths"]
    named = {f"{method.upper()} {path}" for path, calls in paths.items() for method in calls}
    tried = {
        f"{m} {p}".replace("{run}", "{run_id}").replace(CAP_X, "{jti}").replace("apr_x", "{approval_id}")
        for m, p, _ in CALLS
    }
    assert tried <= named


NETWORK = """
version: 1
agents:
  clerk: {authenticate: {secret: "env:CLERK"}}
  neighbour: {authenticate: {source: [10.1.0.0/16]}}
  badge: {authenticate: {client_cert: {san: badge.test}}}
"""


@pytest.fixture
def apart(tmp_path):
    """An installation whose agents are known by what only a gateway sees, but for one."""
    return Api(tmp_path, House(NETWORK))


def vouched(api, agent, method="POST", target="/v1/runs"):
    return {"Authorization": api.house.vouching.says(AgentId(agent), method, target)}


@pytest.mark.parametrize("agent", ["neighbour", "badge"])
async def test_whom_the_gateway_vouches_for_opens_runs_as_itself_alone(apart, agent):
    opened = await apart.ask("POST", "/v1/runs", vouched(apart, agent), {})
    assert (opened.status_code, opened.json()["agent_id"]) == (201, agent)
    other = await apart.ask("POST", "/v1/runs", vouched(apart, agent), {"agent_id": "clerk"})
    assert (other.status_code, other.json()["code"]) == (403, "policy_denied")
    run_id = opened.json()["run_id"]
    seen = await apart.ask("GET", f"/v1/runs/{run_id}", vouched(apart, agent, "GET", f"/v1/runs/{run_id}"))
    assert seen.status_code == 200


async def test_a_word_is_for_no_other_request_and_for_nobody_with_a_secret(apart):
    tries = [
        vouched(apart, "clerk"),
        vouched(apart, "nobody"),
        vouched(apart, "neighbour", "GET"),
        vouched(apart, "neighbour", target="/v1/runs?x=1"),
        {"Authorization": "AISecOps-Vouched bmVpZ2hib3Vy.1800000000.00"},
        {"Authorization": "AISecOps-Vouched"},
        {"AISecOps-Agent": "neighbour"},
    ]
    for shown in tries:
        answer = await apart.ask("POST", "/v1/runs", shown, {})
        assert (answer.status_code, answer.json()["code"]) == (401, "identity_required"), shown


async def test_two_words_are_none(apart):
    twice = [("Authorization", CLERK["Authorization"]), *vouched(apart, "neighbour").items()]
    assert (await apart.ask("POST", "/v1/runs", twice, {})).status_code == 401


@pytest.mark.parametrize(
    ("method", "path", "who"),
    [
        ("GET", "/v1/runs", {}),
        ("GET", "/v1/runs/run_x", OPERATOR),
        ("GET", "/v1/approvals/apr_x", OPERATOR),
        ("GET", "/v1/nothing", OPERATOR),
        ("DELETE", "/v1/runs", OPERATOR),
        ("POST", "/v1/runs/run_x/dance", OPERATOR),
    ],
)
async def test_every_no_is_a_problem_that_says_its_own_status(api, method, path, who):
    answer = await api.ask(method, path, who)
    assert answer.status_code in {401, 403, 404, 405}
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == answer.status_code
    assert {"type", "title", "detail"} <= answer.json().keys()
    assert "proxy-authenticate" not in answer.headers
