"""The control plane and the gateway on different machines: the sequence of section 18, arrow by arrow, and what is left of
it when the one behind it is down, slow, restarted, or lies.
"""

from __future__ import annotations

import shutil
import time

import jwt
import pytest

from aisecops.adapters.system.signing import make_key
from aisecops.client import Key
from support.gateway import rules_of
from support.installation import fresh, until
from support.installation_rules import RULES
from support.redis_server import running
from support.speaking import assert_refused
from support.split import Split

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

URL = "https://crm.internal/v1/customers/"
WIDER = RULES.replace('scope: "crm.customers.*", constraints: {max_rows: 5}', 'scope: "crm.**"')


@pytest.fixture(scope="module", params=["redis", "sqlite"])
def split(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("split")
    if request.param == "sqlite":
        if shutil.which("redis-server"):
            pytest.skip("shown on a server")
        yield from started(Split(folder))
        return
    if not shutil.which("redis-server"):
        pytest.skip("no redis-server here: shown on one file")
    with running(folder / "redis") as server:
        yield from started(Split(folder, store=server))


def started(split):
    try:
        split.start()
        yield split
    finally:
        code = split.stop()
    assert code == 0, split.said()


def read(split, run, token, customer):
    return split.ask(run, "GET", URL + customer, headers={"AISecOps-Capability": token} if token else {})


def test_the_sequence_of_section_18_each_arrow_observed(split):
    run, customer = split.run("clerk"), fresh()
    asked = {"run_id": run.run_id, "tool": "crm.read", "scope": f"crm.customers.{customer}"}

    # Agent ->> PolicyEngine: request authorization. What no grant covers ends here.
    refused = split.api(run.agent, "POST", "/v1/tokens", asked | {"scope": "hr.people.1"})
    assert_refused(refused, "policy_denied")
    assert split.control.events("token_denied", run_id=run.run_id)
    issued = split.api(run.agent, "POST", "/v1/tokens", asked)

    # PolicyEngine ->> TokenService: issue capability token. In the control plane's record, and only there.
    (event,) = split.control.events("token_issued", run_id=run.run_id)
    assert event["policy_version"] == rules_of(RULES).policy_version
    assert split.gateway.events("token_issued") == []

    # TokenService -->> Agent: signed token, that any library can check with the published key.
    token = issued.json["token"]
    (key,) = split.api(None, "GET", "/.well-known/jwks.json").json["keys"]
    claims = jwt.decode(token, jwt.PyJWK(key).key, ["EdDSA"], audience="aisecops-gateway")
    assert (claims["tool"], claims["scope"], claims["run_id"]) == ("crm.read", asked["scope"], run.run_id)

    # Agent ->> Gateway: invoke tool + token
    said = read(split, run, token, customer)

    # Gateway ->> Gateway: validate signature and scope. Decided by the gateway, in its own record, before the tool.
    (decided,) = split.gateway.events("decision", decision_id=said.headers["aisecops-decision"])
    assert (decided["run_id"], decided["tool"]) == (run.run_id, "crm.read")
    assert split.control.events("decision", run_id=run.run_id) == []

    # Gateway ->> Tool: execute if valid. Once, and without the token.
    (left,) = split.received(customer)
    assert token.encode() not in left

    # Gateway -->> Agent: result
    assert (said.status, said.json) == (200, {"customers": [{"id": 0}]})


def test_what_the_sequence_must_reject_is_rejected_at_the_gateway(split):
    run, counted, customer = split.run("clerk"), split.run("counted"), fresh()
    short = split.token(run, "crm.read", f"crm.customers.{customer}", ttl="1s")
    token = split.token(run, "crm.read", "crm.customers.another")
    many = split.token(counted, "crm.read", "crm.customers.*")
    time.sleep(1.1)

    assert_refused(read(split, run, short, customer), "token_expired")
    assert_refused(read(split, run, token, customer), "scope_violation")
    assert_refused(read(split, run, token[:-8] + "AAAAAAAA", "another"), "token_signature_invalid")
    for _ in range(3):
        assert read(split, counted, many, fresh()).status == 200
    assert_refused(read(split, counted, many, customer), "budget_exceeded")
    assert split.received(customer) == []


def test_what_was_used_at_one_gateway_is_used_up_at_another(split):
    run, key, customer = split.run("clerk"), Key(), fresh()
    once = split.token(run, "crm.read", "crm.customers.*", uses=1)
    bound = split.token(run, "crm.read", "crm.customers.*", cnf=key.confirmation)
    headers = {"AISecOps-Capability": bound, "DPoP": key.proof(method="GET", url=URL + customer, token=bound)}
    assert read(split, run, once, fresh()).status == 200
    assert split.ask(run, "GET", URL + customer, headers=headers).status == 200

    with split.at_another_gateway():
        assert_refused(read(split, run, once, customer), "token_replayed")
        assert_refused(split.ask(run, "GET", URL + customer, headers=headers), "token_proof_invalid")
        fresh_proof = {"DPoP": key.proof(method="GET", url=URL + customer, token=bound)}
        assert split.ask(run, "GET", URL + customer, headers=headers | fresh_proof).status == 200

        jti = jwt.decode(bound, options={"verify_signature": False})["jti"]
        assert split.api(split.operator, "POST", f"/v1/tokens/{jti}/revoke", {"reason": "lost"}).status < 300
        again = {"DPoP": key.proof(method="GET", url=URL + customer, token=bound)}
        assert_refused(split.ask(run, "GET", URL + customer, headers=headers | again), "token_revoked")
    assert split.arrived(customer) == 2


def test_the_gateway_has_the_public_halves_only(split):
    private = [*split.control.folder.glob("certs/keys/token-*.key"), split.signing / "rules.key"]
    seeds = {path.read_bytes() for path in private}

    held = [path.read_bytes() for path in split.gateway.folder.rglob("*") if path.is_file()]

    assert len(seeds) == 2
    assert not any(seed in data for seed in seeds for data in held)
    assert not (split.gateway.folder / "certs" / "keys").exists()


def test_a_rotated_key_is_taken_up_over_the_wire_and_no_token_is_refused_meanwhile(split):
    run = split.run("clerk")

    def signer():
        customer = fresh()
        token = split.token(run, "crm.read", f"crm.customers.{customer}")
        assert read(split, run, token, customer).status == 200
        return jwt.get_unverified_header(token)["kid"]

    old = signer()
    assert split.command("keys", "rotate").returncode == 0

    until(lambda: signer() != old, 20, what="the new key")


def test_while_the_control_plane_is_down_running_tokens_work_and_nothing_new_is_to_be_had(split):
    run, simple, customer = split.run("clerk"), split.run("simple"), fresh()
    token = split.token(run, "crm.read", "crm.customers.*")
    split.control.kill()

    assert read(split, run, token, customer).status == 200
    assert_refused(read(split, run, None, fresh()), "token_missing")
    unbrokered = fresh()
    assert_refused(read(split, simple, None, unbrokered), "policy_unavailable")
    assert split.received(unbrokered) == []

    split.gateway.stop()
    split.gateway.start()
    assert read(split, run, token, fresh()).status == 200, "a gateway that is restarted meanwhile knows its keys"

    split.control.start()
    assert read(split, simple, None, fresh()).status == 200
    assert read(split, run, split.token(run, "crm.read", "crm.customers.*"), fresh()).status == 200


def test_a_control_plane_that_stands_still_is_not_waited_for(split):
    run, simple, customer = split.run("clerk"), split.run("simple"), fresh()
    token = split.token(run, "crm.read", "crm.customers.*")

    with split.control.frozen():
        assert read(split, run, token, fresh()).status == 200
        assert_refused(read(split, simple, None, customer), "policy_unavailable")

    assert split.received(customer) == []
    until(lambda: read(split, simple, None, fresh()).status == 200, 20, what="the control plane's answers")


def test_tokens_of_a_control_plane_that_lies_with_old_rules_open_nothing(split):
    old = split.bundle(WIDER)
    for machine in (split.control, split.gateway):
        split.give(machine, old)
    until(lambda: split.versions() == {rules_of(WIDER).policy_version}, 20, what="the wider rules")
    split.give_all(RULES)
    run, customer = split.run("clerk"), fresh()
    split.control.stop()
    (split.control.folder / "old").mkdir()
    (split.control.folder / "old" / "rules.yaml").write_text(WIDER)

    # It has the signing key, and says whatever it likes: here, that rules of yesterday are in force.
    split.control.start(paths={"rules": "old"}, rules={})
    try:
        lie = split.token(run, "crm.read", "crm.**")

        assert_refused(read(split, run, lie, customer), "token_policy_outdated")
        assert split.received(customer) == []
    finally:
        split.control.stop()
        split.control.start()


@pytest.mark.parametrize("how", ["older", "unsigned", "another key", "edited"])
def test_a_gateway_that_runs_stays_with_its_rules_and_one_that_starts_does_not(split, how):
    good = (split.gateway.folder / "rules.bundle").read_bytes()
    if not (split.signing / "other.key").exists():
        make_key(split.signing / "other.key", now_s=1)
    bad = {
        "older": split.bundle(WIDER, serial=0),
        "unsigned": WIDER.encode(),
        "another key": split.bundle(WIDER, key="other.key"),
        "edited": good[:-20] + b"A" * 19 + b"\n",
    }[how]
    assert split.metrics()["aisecops_policy_valid"] == 1
    before = split.versions_in_force()
    rejected = len(split.control.events("rules_rejected"))

    for machine in (split.gateway, split.control):
        split.give(machine, bad)

    until(lambda: split.metrics()["aisecops_policy_valid"] == 0, 20, what="the refusal")
    until(lambda: len(split.control.events("rules_rejected")) > rejected, 20, what="its record")
    shown = {name for name, value in split.metrics().items() if "policy_info" in name and value}
    assert {name.split('"')[1] for name in shown} == before
    run, customer = split.run("clerk"), fresh()
    assert read(split, run, split.token(run, "crm.read", f"crm.customers.{customer}"), customer).status == 200

    split.gateway.stop()
    assert split.gateway.attempt() == ""
    assert "the rules cannot be used" in split.gateway.said()

    for machine in (split.gateway, split.control):
        split.give(machine, good)
    split.gateway.start()
    until(lambda: split.versions() == before, 20, what="the good bundle again")


def test_a_machine_whose_memory_was_wiped_is_told_by_the_store_what_is_too_old(split):
    good = (split.gateway.folder / "rules.bundle").read_bytes()
    split.gateway.stop()
    (split.gateway.folder / ".aisecops" / "rules.taken").unlink()
    split.give(split.gateway, split.bundle(WIDER, serial=0))

    assert split.gateway.attempt() == ""
    assert "older (serial 0)" in split.gateway.said()

    split.give(split.gateway, good)
    split.gateway.start()
    run, customer = split.run("clerk"), fresh()
    assert read(split, run, split.token(run, "crm.read", f"crm.customers.{customer}"), customer).status == 200


def test_the_gateway_is_attacked_as_it_serves_where_both_share_no_more_than_a_folder_for_it(split):
    done = split.gateway.command("login", given=split.operator.removeprefix("Bearer "))
    assert done.returncode == 0, done.stderr

    done = split.gateway.command("eval", "token-forgery", "--live", "--mutations", "0", "--agent", "clerk")

    assert done.returncode == 0, done.stdout + done.stderr
    [event] = split.gateway.events("evaluation_finished")
    assert (event["live"], event["ok"]) == (True, True)
    assert [len(split.control.events(name)) for name in ("evaluation_opened", "evaluation_closed")] == [1, 1]
    assert split.control.folder.joinpath("certs", "keys").is_dir()
    assert not split.gateway.folder.joinpath("certs", "keys").exists()
