import base64

import pytest

from aisecops.gateway.runs.identity import basic_credentials
from aisecops.model.certificate import CertificateName, NameKind, written_name
from aisecops.model.outcome import Refuse
from aisecops.model.refusals import Code
from support.gateway import RULES, House, basic

NETWORKS = RULES.replace('authenticate: {secret: "env:VISITOR"}', "authenticate: {source: [10.1.0.0/16]}")


async def test_an_agent_with_its_secret_is_itself():
    house = House()
    caller = await house.identities.identify(basic("clerk", "clerk's secret"), source="")
    assert (caller.agent_id, caller.run_id) == ("clerk", None)


async def test_a_run_with_its_secret_is_that_run_of_its_agent():
    house = House()
    run = await house.run()
    caller = await house.identities.identify(basic(run.run.run_id, run.secret), source="")
    assert (caller.agent_id, caller.run_id) == ("clerk", run.run.run_id)


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Basic",
        "Basic ",
        "Basic !!!",
        "Bearer x",
        basic("clerk", ""),
        basic("clerk", "wrong"),
        basic("nobody", "clerk's secret"),
        basic("", ""),
        basic("clerk", "clerk's secret "),
        basic("run_00000000000000000000000000", "x"),
        "Basic " + base64.b64encode(b"clerk").decode(),
        "Basic " + base64.b64encode(b"\xff:\xff").decode(),
        "Basic " + "A" * 5000,
    ],
)
async def test_anybody_else_is_nobody(header):
    refused = await House().identities.identify(header, source="127.0.0.1")
    assert isinstance(refused, Refuse)
    assert refused.code is Code.IDENTITY_REQUIRED


async def test_an_agent_whose_secret_is_not_set_cannot_be_anybody():
    house = House(RULES.replace("env:CLERK", "env:UNSET"))
    for guess in ("", "None", "nobody"):
        assert isinstance(await house.identities.identify(basic("clerk", guess), source=""), Refuse)


async def test_an_implicit_run_has_no_secret_that_opens_it():
    house = House()
    run_id = await house.runs.implicit("clerk", idle_ms=1000)
    assert isinstance(await house.identities.identify(basic(run_id, ""), source=""), Refuse)


@pytest.mark.parametrize("source", ["10.1.2.3", "::ffff:10.1.2.3"])
async def test_a_declared_network_is_its_agent(source):
    caller = await House(NETWORKS).identities.identify(None, source=source)
    assert caller.agent_id == "visitor"


@pytest.mark.parametrize("source", ["10.2.0.1", "", "not an address", "::1"])
async def test_another_network_is_nobody(source):
    assert isinstance(await House(NETWORKS).identities.identify(None, source=source), Refuse)


async def test_wrong_credentials_from_a_declared_network_are_wrong_credentials():
    refused = await House(NETWORKS).identities.identify(basic("clerk", "wrong"), source="10.1.2.3")
    assert isinstance(refused, Refuse)


def test_a_secret_may_hold_colons():
    assert basic_credentials(basic("a", "b:c:d")) == ("a", "b:c:d")


async def test_credentials_are_not_in_what_is_printed_of_a_caller():
    caller = await House().identities.identify(basic("clerk", "clerk's secret"), source="")
    assert basic("clerk", "clerk's secret").split()[1] not in repr(caller)


CERTIFIED = RULES.replace('authenticate: {secret: "env:VISITOR"}', "authenticate: {client_cert: {san: visitor.test}}")


def shown(*texts: str) -> frozenset:
    return frozenset(written_name(text) for text in texts)


async def test_a_certificate_with_an_agents_name_is_that_agent():
    caller = await House(CERTIFIED).identities.identify(None, source="", names=shown("other.test", "Visitor.TEST"))
    assert (caller.agent_id, caller.run_id) == ("visitor", None)


@pytest.mark.parametrize(
    "name", ["visitor.test.evil.test", "sub.visitor.test", "spiffe://visitor.test/x", "a@visitor.test"]
)
async def test_a_certificate_with_another_name_is_nobody(name):
    refused = await House(CERTIFIED).identities.identify(None, source="", names=shown(name))
    assert refused.code is Code.IDENTITY_REQUIRED


async def test_a_name_of_another_kind_is_not_the_same_name():
    other_kind = CertificateName(kind=NameKind.EMAIL, text="visitor.test")
    refused = await House(CERTIFIED).identities.identify(None, source="", names=frozenset({other_kind}))
    assert refused.code is Code.IDENTITY_REQUIRED


async def test_a_certificate_and_credentials_of_two_agents_are_nobody():
    refused = await House(CERTIFIED).identities.identify(
        basic("clerk", "clerk's secret"), source="", names=shown("visitor.test")
    )
    assert refused.code is Code.IDENTITY_REQUIRED
    assert "two agents" in refused.detail


async def test_a_certificate_beside_wrong_credentials_is_nobody():
    refused = await House(CERTIFIED).identities.identify(basic("visitor", "x"), source="", names=shown("visitor.test"))
    assert refused.code is Code.IDENTITY_REQUIRED


async def test_a_certificate_of_two_agents_is_nobody():
    both = CERTIFIED.replace('authenticate: {secret: "env:CLERK"}', "authenticate: {client_cert: {san: clerk.test}}")
    refused = await House(both).identities.identify(None, source="", names=shown("visitor.test", "clerk.test"))
    assert "several agents" in refused.detail


async def test_an_agent_with_a_certificate_only_is_not_reached_by_a_password():
    for secret in ("", "visitor", "None"):
        house = House(CERTIFIED)
        assert isinstance(await house.identities.identify(basic("visitor", secret), source="", names=shown()), Refuse)


async def test_a_runs_secret_needs_the_certificate_of_an_agent_that_has_no_other_way():
    house = House(CERTIFIED)
    run = await house.run("visitor")
    credentials = basic(run.run.run_id, run.secret)
    with_it = await house.identities.identify(credentials, source="", names=shown("visitor.test"))
    assert (with_it.agent_id, with_it.run_id) == ("visitor", run.run.run_id)
    assert "certificate alone" in (await house.identities.identify(credentials, source="", names=shown())).detail
    at_the_control_plane = await house.identities.identify(credentials, source="")
    assert at_the_control_plane.run_id == run.run.run_id


async def test_a_network_written_in_its_mapped_form_is_the_ipv4_network():
    house = House(NETWORKS.replace("10.1.0.0/16", '"::ffff:10.1.0.0/112"'))
    for source in ("10.1.2.3", "::ffff:10.1.2.3"):
        assert (await house.identities.identify(None, source=source)).agent_id == "visitor"
    assert isinstance(await house.identities.identify(None, source="10.2.0.1"), Refuse)
