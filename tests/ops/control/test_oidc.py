"""People whom a provider vouches for, at the API and signing in; the provider is real and on loopback."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from msgspec.structs import replace

from aisecops.model.errors import PolicyError
from aisecops.model.outcome import Refuse
from aisecops.ops.control.who import Role
from support.gateway import RULES, rules_of, send
from support.office import OIDC, Office
from support.provider import CLIENT_ID, played_provider

BACK = "https://control.test/login/back"


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    with played_provider(tmp_path_factory.mktemp("provider")) as one:
        yield one


@pytest.fixture
async def office(running, tmp_path):
    running.claims = {"sub": "u-1", "preferred_username": "bob", "groups": ["oncall"]}
    running.discovery.clear()
    one = Office(running, tmp_path)
    yield one
    await one.providers.close()


@pytest.mark.parametrize(("groups", "status"), [(["staff"], 403), (["oncall"], 200), (["platform"], 200), ([], 401)])
async def test_a_token_of_the_provider_opens_what_its_role_may(office, groups, status):
    run = await office.house.run()
    asked = await office.asks("POST", f"/v1/runs/{run.run.run_id}/halt", {}, groups=groups)
    assert asked.status_code == status


async def test_a_held_step_is_answered_in_the_name_that_the_provider_gives(office):
    run = await office.house.run()
    token = await office.house.token(run, "mail.send", "mail.contacts.ann")
    held = await office.house.ask(run, send(token=token))
    answered = await office.asks("POST", f"/v1/approvals/{held.approval_id}", {"decision": "approve", "reason": "ok"})
    assert answered.json()["answered_by"] == "person:bob"


async def test_whoever_opened_the_run_by_a_token_does_not_answer_for_it(office):
    opened = await office.asks("POST", "/v1/runs", {"agent_id": "clerk"}, groups=["platform"])
    run = await office.house.store.find_run(opened.json()["run_id"])
    from types import SimpleNamespace

    token = await office.house.token(SimpleNamespace(run=run), "mail.send", "mail.contacts.ann")
    held = await office.house.ask(SimpleNamespace(run=run), send(token=token))
    said = {"decision": "approve", "reason": "mine"}
    assert (await office.asks("POST", f"/v1/approvals/{held.approval_id}", said)).status_code == 403


@pytest.mark.parametrize(
    "claims", [{"aud": "another"}, {"iss": "https://evil.test"}, {"exp": 1}, {"preferred_username": "otto"}]
)
async def test_a_token_for_somebody_else_of_somebody_else_or_over_opens_nothing(office, claims):
    assert (await office.asks("GET", "/v1/runs", **claims)).status_code == 401


async def test_a_key_that_the_provider_took_back_opens_nothing_any_more(office):
    stolen = office.provider.token()
    who = {"Authorization": f"Bearer {stolen}"}
    assert (await office.api.ask("GET", "/v1/runs", who)).status_code == 200
    kept = office.provider.keys
    try:
        office.provider.rotate()
        fresh = {"Authorization": f"Bearer {office.provider.token(exp=office.provider.now_s + 7200)}"}
        office.house.clock.ms += 10_000  # a name that is not known is looked for
        assert (await office.api.ask("GET", "/v1/runs", fresh)).status_code == 200
        assert (await office.api.ask("GET", "/v1/runs", who)).status_code == 401
    finally:
        office.provider.keys = kept


async def test_with_the_provider_gone_its_people_are_refused_and_local_ones_come_in(office):
    office.house.rules.rules = rules_of(RULES + OIDC.format(issuer="https://localhost:1"))
    assert (await office.asks("GET", "/v1/runs")).status_code == 503
    local = {"Authorization": "Bearer otto's secret"}
    assert (await office.api.ask("GET", "/v1/runs", local)).status_code == 200


async def test_without_a_provider_in_the_rules_a_token_is_a_wrong_secret(office):
    office.house.rules.rules = rules_of(RULES)
    assert (await office.asks("GET", "/v1/runs")).status_code == 401
    assert isinstance(await office.sign_in.begin(BACK), Refuse)
    assert not office.sign_in.offered


async def test_a_browser_signs_in_and_is_somebody(office):
    begun = await office.sign_in.begin(BACK)
    asked = {name: values[0] for name, values in parse_qs(urlsplit(begun.url).query).items()}
    assert (asked["redirect_uri"], asked["response_type"], asked["code_challenge_method"]) == (BACK, "code", "S256")
    assert begun.verifier not in begun.url
    signed_in = await office.sign_in.finish(begun, **office.provider.signs_in(begun.url))
    asker = office.sign_in.whose(signed_in)
    assert (asker.role, asker.title) == (Role.APPROVER, "person:bob")
    assert office.provider.seen_secret == f"{CLIENT_ID}:client%27s+secret"


@pytest.mark.parametrize(
    "change", [("oncall", "nightshift"), ("issuer: https://localhost", "issuer: https://elsewhere")]
)
async def test_whom_the_rules_let_in_no_longer_is_nobody_at_once(office, change):
    begun = await office.sign_in.begin(BACK)
    signed_in = await office.sign_in.finish(begun, **office.provider.signs_in(begun.url))
    office.house.rules.rules = rules_of(RULES + OIDC.format(issuer=office.provider.issuer).replace(*change))
    assert isinstance(office.sign_in.whose(signed_in), Refuse)


async def test_somebody_without_a_role_does_not_sign_in(office):
    office.provider.claims["groups"] = ["guests"]
    begun = await office.sign_in.begin(BACK)
    assert isinstance(await office.sign_in.finish(begun, **office.provider.signs_in(begun.url)), Refuse)


async def test_an_answer_to_a_sign_in_that_another_browser_began_is_nobodys(office):
    ours, theirs = await office.sign_in.begin(BACK), await office.sign_in.begin(BACK)
    brought = office.provider.signs_in(theirs.url)
    assert isinstance(await office.sign_in.finish(ours, **brought), Refuse)
    forged = {**brought, "state": ours.state}  # the attacker's code in the victim's browser
    with pytest.raises(PolicyError):
        await office.sign_in.finish(ours, **forged)


async def test_a_code_serves_once_and_only_whoever_began(office):
    begun = await office.sign_in.begin(BACK)
    brought = office.provider.signs_in(begun.url)
    with pytest.raises(PolicyError):
        await office.sign_in.finish(replace(begun, verifier="guessed"), **brought)
    begun = await office.sign_in.begin(BACK)
    brought = office.provider.signs_in(begun.url)
    await office.sign_in.finish(begun, **brought)
    with pytest.raises(PolicyError):
        await office.sign_in.finish(begun, **brought)


async def test_an_id_token_with_another_nonce_is_nobodys(office):
    begun = await office.sign_in.begin(BACK)
    brought = office.provider.signs_in(begun.url)
    assert isinstance(await office.sign_in.finish(replace(begun, nonce="another"), **brought), Refuse)


async def test_an_answer_that_says_it_is_from_another_provider_is_not_mixed_up_with_ours(office):
    begun = await office.sign_in.begin(BACK)
    brought = office.provider.signs_in(begun.url)
    assert isinstance(await office.sign_in.finish(begun, **brought, iss="https://evil.test"), Refuse)


async def test_a_secret_of_the_client_that_is_not_set_signs_nobody_in(office):
    begun = await office.sign_in.begin(BACK)
    office.sign_in._secret = {}.get
    with pytest.raises(PolicyError, match="is not set"):
        await office.sign_in.finish(begun, **office.provider.signs_in(begun.url))
