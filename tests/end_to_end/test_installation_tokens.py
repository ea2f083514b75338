"""Capability tokens, presented as an attacker would: from outside, against a real installation."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from concurrent.futures import ThreadPoolExecutor

import orjson
import pytest
from nacl.signing import SigningKey

from support.installation import fresh, shared_installation  # noqa: F401
from support.installation_rules import AGENTS
from support.speaking import assert_refused

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

CLERK = AGENTS["clerk"]


@pytest.fixture
def read(house):
    """Reads a customer of its own with a token; gives the answer and the customer."""

    def ask(run, token, customer, **more):
        headers = {} if token is None else {"AISecOps-Capability": token}
        return house.ask(run, "GET", f"https://crm.internal/v1/customers/{customer}", headers=headers | more)

    return ask


@pytest.fixture
def good(house):
    """A run, a customer, and a good token for it."""
    run, customer = house.run("clerk"), fresh()
    return run, customer, house.token(run, "crm.read", f"crm.customers.{customer}")


def segment(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def opened(token: str):
    """Header and claims of a token, unverified."""
    return [orjson.loads(base64.urlsafe_b64decode(part + "==")) for part in token.split(".")[:2]]


def signed(header, claims, key: SigningKey) -> str:
    message = f"{segment(orjson.dumps(header))}.{segment(orjson.dumps(claims))}"
    return f"{message}.{segment(key.sign(message.encode()).signature)}"


def test_without_a_token_the_answer_holds_what_to_post_for_the_right_one(house, read):
    run, customer = house.run("clerk"), fresh()

    problem = assert_refused(read(run, None, customer), "token_missing")
    issued = house.api(CLERK, "POST", "/v1/tokens", problem["request_token"])

    assert house.received(customer) == []
    assert issued.status == 201
    assert read(run, issued.json["token"], customer).status == 200
    assert house.arrived(customer) == 1


def test_a_token_says_what_the_specification_names_and_never_reaches_the_upstream(house, read, good):
    run, customer, token = good

    assert read(run, token, customer).status == 200

    header, claims = opened(token)
    assert header["alg"] == "EdDSA"
    assert header["typ"] == "aisecops-cap+jwt"
    assert (claims["sub"], claims["agent_id"], claims["run_id"]) == ("clerk", "clerk", run.run_id)
    assert (claims["tool"], claims["scope"]) == ("crm.read", f"crm.customers.{customer}")
    assert claims["constraints"]["max_rows"] == 5
    assert claims["exp"] - claims["iat"] == 300
    assert {"iss", "aud", "jti", "nbf", "risk_score", "policy_version"} <= claims.keys()
    (left,) = house.received(customer)
    assert token.encode() not in left
    assert b"aisecops" not in left.lower()
    assert token.encode() not in house.everything_written()


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "....", "e30.e30.e30", "A" * 9000, "null", "é"])
def test_noise_is_no_token(house, read, token):
    run, customer = house.run("clerk"), fresh()

    assert read(run, token, customer).code in {"token_malformed", "token_missing"}
    assert house.received(customer) == []


def test_two_tokens_are_none(house, read, good):
    run, customer, token = good
    headers = [("AISecOps-Capability", token), ("aisecops-capability", token), ("AISecOps-Run", run.run_id)]

    said = house.ask(CLERK, "GET", f"https://crm.internal/v1/customers/{customer}", headers=headers)

    assert 400 <= said.status < 500
    assert house.received(customer) == []


def forgeries(token: str, public: bytes):
    """What somebody makes who holds a good token and the public key, but not the private one."""
    header, claims = opened(token)
    own = SigningKey.generate()
    body, signature = token.split(".")[1], token.split(".")[2]
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": segment(bytes(own.verify_key))}
    wider = segment(orjson.dumps(claims | {"scope": "crm.customers.*"}))

    def unsigned(alg):
        return f"{segment(orjson.dumps(header | {'alg': alg}))}.{body}."

    def symmetric(key: bytes):
        message = f"{segment(orjson.dumps(header | {'alg': 'HS256'}))}.{body}"
        return f"{message}.{segment(hmac.new(key, message.encode(), hashlib.sha256).digest())}"

    return {
        "own-key": signed(header, claims, own),
        "own-key-and-id": signed(header | {"kid": "mine"}, claims, own),
        "own-key-inside": signed(header | {"jwk": jwk}, claims, own),
        "own-key-by-url": signed(header | {"jku": "https://evil.test/jwks.json"}, claims, own),
        "key-path": signed(header | {"kid": "../../upstream/key"}, claims, own),
        "wider": f"{token.split('.', maxsplit=1)[0]}.{wider}.{signature}",
        "longer": f"{token.split('.', maxsplit=1)[0]}.{segment(orjson.dumps(claims | {'exp': claims['exp'] + 600}))}.{signature}",
        "none": unsigned("none"),
        "None": unsigned("None"),
        "hs256-raw": symmetric(public),
        "hs256-text": symmetric(segment(public).encode()),
        "no-signature": token.rpartition(".")[0] + ".",
        "zero-signature": token.rpartition(".")[0] + "." + segment(bytes(64)),
        "other-type": signed(header | {"typ": "JWT"}, claims, own),
    }


FORGERIES = ["own-key", "own-key-and-id", "own-key-inside", "own-key-by-url", "key-path", "wider", "longer", "none", "None", "hs256-raw", "hs256-text", "no-signature", "zero-signature", "other-type"]  # fmt: skip


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_forged_token_opens_nothing(house, read, good, forgery):
    run, customer, token = good
    (key,) = house.api(None, "GET", "/.well-known/jwks.json").json["keys"]
    public = base64.urlsafe_b64decode(key["x"] + "=")

    said = read(run, forgeries(token, public)[forgery], customer)

    assert said.code in {"token_signature_invalid", "token_malformed"}, said
    if forgery in {"own-key", "own-key-and-id", "wider", "longer", "zero-signature"}:
        assert said.code == "token_signature_invalid"
    assert house.received(customer) == []
    assert house.events("token_rejected", decision_id=said.json["decision_id"])[0]["code"] == said.code


def test_a_token_is_over_when_its_time_is(house, read):
    run, customer = house.run("clerk"), fresh()
    token = house.token(run, "crm.read", f"crm.customers.{customer}", ttl="1s")
    ends = opened(token)[1]["exp"]

    time.sleep(max(0.0, ends - time.time()) + 0.01)

    assert_refused(read(run, token, customer), "token_expired")
    assert house.received(customer) == []


@pytest.mark.parametrize("ttl", ["901s", "24h"])
def test_no_token_is_asked_to_live_longer_than_the_ceiling(house, ttl):
    claims = opened(house.token(house.run("clerk"), "crm.read", "crm.customers.1", ttl=ttl))[1]

    assert claims["exp"] - claims["iat"] <= 900


def test_a_revoked_token_is_over_with_the_next_request(house, good):
    run, customer, token = good
    path, headers = f"/v1/customers/{customer}", {"AISecOps-Capability": token}

    with house.line(run.itself, "crm.internal:443") as line:
        assert line.ask("GET", path, headers=headers).status == 200
        revoked = house.api(house.operator, "POST", f"/v1/tokens/{opened(token)[1]['jti']}/revoke", {"reason": "lost"})
        assert revoked.status == 200
        assert_refused(line.ask("GET", path, headers=headers), "token_revoked")

    assert house.arrived(path) == 1


def test_a_token_for_one_use_serves_once(house, read):
    run, customer = house.run("clerk"), fresh()
    token = house.token(run, "crm.read", f"crm.customers.{customer}", uses=1)

    assert read(run, token, customer).status == 200
    assert_refused(read(run, token, customer), "token_replayed")

    assert house.arrived(customer) == 1


def test_of_twenty_who_show_one_token_for_one_use_at_once_exactly_one_passes(house, read):
    run, customer = house.run("clerk"), fresh()
    token = house.token(run, "crm.read", f"crm.customers.{customer}", uses=1)

    with ThreadPoolExecutor(20) as pool:
        said = list(pool.map(lambda _: read(run, token, customer), range(20)))

    assert sorted(one.code for one in said) == [""] + ["token_replayed"] * 19
    assert house.arrived(customer) == 1


def test_another_agents_token_opens_nothing(house, read, good):
    _, customer, token = good

    assert_refused(read(house.run("rival"), token, customer), "token_wrong_agent")
    assert house.received(customer) == []


def test_a_token_of_another_run_of_the_same_agent_opens_nothing(house, read, good):
    _, customer, token = good

    assert_refused(read(house.run("clerk"), token, customer), "token_wrong_run")
    assert house.received(customer) == []


def test_a_token_bound_to_a_key_opens_nothing_without_its_proof(house, read):
    run, customer, key = house.run("clerk"), fresh(), SigningKey.generate()
    jwk = {"crv": "Ed25519", "kty": "OKP", "x": segment(bytes(key.verify_key))}
    thumbprint = segment(hashlib.sha256(orjson.dumps(jwk)).digest())
    token = house.token(run, "crm.read", f"crm.customers.{customer}", cnf={"jkt": thumbprint})
    url = f"https://crm.internal/v1/customers/{customer}"

    def proof(signer=key, method="GET", jti=None):
        said = {"jti": jti or fresh("p"), "htm": method, "htu": url, "iat": int(time.time()),
                "ath": segment(hashlib.sha256(token.encode()).digest())}  # fmt: skip
        shown = {"crv": "Ed25519", "kty": "OKP", "x": segment(bytes(signer.verify_key))}
        return signed({"typ": "dpop+jwt", "alg": "EdDSA", "jwk": shown}, said, signer)

    once = proof()
    for bad in ({}, {"DPoP": "x"}, {"DPoP": proof(SigningKey.generate())}, {"DPoP": proof(method="POST")}):
        assert_refused(read(run, token, customer, **bad), "token_proof_invalid")
    assert house.received(customer) == []
    assert read(run, token, customer, DPoP=once).status == 200
    assert_refused(read(run, token, customer, DPoP=once), "token_proof_invalid")
    assert house.arrived(customer) == 1
    assert b"dpop" not in house.received(customer)[0].lower()


@pytest.mark.parametrize(
    ("tool", "scope"),
    [("orders.write", "crm.customers.{}"), ("crm.read", "crm.customers.other{}"), ("crm.*", "crm.customers.{}"),
     ("crm.read", "crm.**"), ("crm.read", "crm.customers.{}.more")],
)  # fmt: skip
def test_a_token_for_anything_else_is_out_of_scope_or_not_to_be_had(house, read, tool, scope):
    run, customer = house.run("clerk"), fresh()
    asked = {"run_id": run.run_id, "tool": tool, "scope": scope.format(customer)}

    issued = house.api(CLERK, "POST", "/v1/tokens", asked)

    if issued.status != 201:
        assert issued.code in {"policy_denied", "unreadable"}, issued
        return
    assert_refused(read(run, issued.json["token"], customer), "scope_violation")
    assert house.received(customer) == []


def test_more_rows_than_granted_are_not_delivered(house, read):
    run, few, many = house.run("clerk"), fresh("rows5-"), fresh("rows6-")

    assert read(run, house.token(run, "crm.read", f"crm.customers.{few}"), few).status == 200
    said = read(run, house.token(run, "crm.read", f"crm.customers.{many}"), many)

    assert_refused(said, "scope_violation")
    assert b'"customers":[' not in said.body


def test_what_no_grant_covers_is_not_issued_and_told_as_such(house):
    run = house.run("simple")

    said = house.api(
        run.agent, "POST", "/v1/tokens", {"run_id": run.run_id, "tool": "orders.write", "scope": "orders.1"}
    )

    assert_refused(said, "policy_denied")
    assert house.events("token_denied", run_id=run.run_id)[0]["code"] == "policy_denied"


def test_a_step_that_costs_more_than_the_token_allows_is_out_of_scope(house):
    run, to = house.run("clerk"), fresh()
    headers = house.with_token(run, "mail.send", f"mail.contacts.{to}", constraints={"max_cost": 0.10})
    url = "https://mail.example/send"

    over = house.ask(run, "POST", url, headers=headers, body={"to": to, "price": 0.11})
    within = house.ask(run, "POST", url, headers=headers, body={"to": to, "price": 0.10})

    assert_refused(over, "scope_violation")
    assert within.status == 200
    assert house.arrived(to) == 1
