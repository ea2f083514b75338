"""Where requests may go: from outside, against a real installation."""

from __future__ import annotations

import pytest

from support.installation import fresh, shared_installation  # noqa: F401
from support.installation_rules import AGENTS
from support.speaking import assert_refused

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

CLERK = AGENTS["clerk"]


@pytest.mark.parametrize("scheme", ["https", "http"])
def test_a_host_that_no_rule_names_is_not_reached_although_it_would_resolve(house, scheme):
    before, marker = len(house.upstream.connections), fresh()

    assert_refused(house.ask(CLERK, "GET", f"{scheme}://evil.test/{marker}"), "destination_denied")

    assert len(house.upstream.connections) == before
    assert house.received(marker) == []


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "0x7f.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "0.0.0.0",
        "[::]",
        "169.254.169.254",
        "2852039166",
        "0251.0376.0251.0376",
        "[::ffff:169.254.169.254]",
        "[fe80::1%25lo]",
        "127.0.0.1.",
    ],
)
@pytest.mark.parametrize("form", ["tunnel", "plain"])
def test_an_address_in_any_spelling_is_no_destination(house, host, form):
    before, marker = len(house.upstream.connections), fresh()
    scheme = "https" if form == "tunnel" else "http"

    said = house.ask(CLERK, "GET", f"{scheme}://{host}:{house.upstream.port}/{marker}")

    assert said.status in {400, 403}, said
    assert said.code in {"destination_denied", "protocol_denied", ""}, said
    assert len(house.upstream.connections) == before


@pytest.mark.parametrize("url", ["https://crm.internal:8443/", "https://crm.internal:22/", "http://crm.internal:8080/"])
def test_a_port_that_no_rule_names_is_not_reached(house, url):
    assert_refused(house.ask(CLERK, "GET", url), "destination_denied")


@pytest.mark.parametrize("url", ["https://localhost/", "http://localhost/"])
def test_a_declared_name_with_a_private_address_behind_it_is_not_dialled(house, url):
    run = house.run("clerk")
    before = len(house.upstream.connections)

    said = house.ask(run, "GET", url, headers=house.with_token(run, "inside.read", "inside.localhost"))

    assert "loopback" in assert_refused(said, "destination_denied")["detail"]
    assert len(house.upstream.connections) == before


@pytest.mark.parametrize("name", ["own-proxy.internal", "own-control.internal"])
def test_the_gateways_own_ports_are_not_reached_even_under_a_fixed_and_declared_name(house, name):
    run = house.run("clerk")
    headers = house.with_token(run, "inside.read", f"inside.{name.replace('.', '%2E')}")

    said = house.ask(run, "GET", f"https://{name}/v1/runs", headers=headers)

    assert "own" in assert_refused(said, "destination_denied")["detail"]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
def test_control_plane_metrics_and_proxy_are_not_reached_through_the_proxy(house, host):
    for port in (house.control_port, house.metrics_port, house.proxy_port):
        headers = {"Authorization": house.operator}
        for path in ("/v1/runs", "/metrics", "/healthz"):
            said = house.ask(CLERK, "GET", f"http://{host}:{port}{path}", headers=headers)
            assert said.code == "destination_denied", said


def test_a_tunnel_to_one_name_carries_no_request_for_another(house):
    run, marker = house.run("clerk"), fresh()
    headers = house.with_token(run, "crm.read", f"crm.customers.{marker}")

    with house.line(run.itself, "crm.internal:443") as line:
        line.host = "evil.test"
        said = line.ask("GET", f"/v1/customers/{marker}", headers=headers)

    assert_refused(said, "protocol_denied")
    assert house.received(marker) == []


@pytest.mark.parametrize(
    ("method", "path"),
    [("DELETE", "/v1/customers/{}"), ("POST", "/v1/customers/{}"), ("GET", "/v1/orders/{}"), ("GET", "/v1/customers/{}/x"),
     ("GET", "/{}"), ("OPTIONS", "/v1/customers/{}")],
)  # fmt: skip
def test_what_no_tool_matches_is_undeclared(house, method, path):
    marker = fresh()

    assert_refused(house.ask(CLERK, method, f"https://crm.internal{path.format(marker)}"), "tool_undeclared")

    assert house.received(marker) == []


@pytest.mark.parametrize(
    "path",
    ["/v1/orders/../customers/{}", "/v1//customers/{}", "/v1/customers/%2e%2e/{}", "/v1/customers%2f{}", "/v1/customers/{}%00",
     "/v1/customers/a%2fb{}", "/v1/customers/%252e{}", "/v1\\customers\\{}", "/v1/customers/{};x=1/.."],
)  # fmt: skip
def test_a_path_that_can_be_read_in_two_ways_does_not_pass(house, path):
    run, marker = house.run("clerk"), fresh()
    headers = house.with_token(run, "crm.read", "crm.customers.*")

    said = house.ask(run, "GET", f"https://crm.internal{path.format(marker)}", headers=headers)

    assert said.code in {"unreadable", "protocol_denied", "tool_undeclared"}, said
    assert house.received(marker) == []


def test_a_write_to_a_source_is_no_reading(house):
    marker = fresh()

    assert house.ask(CLERK, "GET", f"https://en.wiki.example/wiki/{marker}").status == 200
    assert_refused(house.ask(CLERK, "POST", f"https://en.wiki.example/wiki/{marker}", body=b"x"), "tool_undeclared")

    assert house.arrived(marker) == 1
