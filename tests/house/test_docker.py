"""The container files agree with each other and with the product; nobody builds them here, so this looks."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import pytest
import yaml

from aisecops.ops.environment import Trust, variables
from aisecops.ops.settings_read import load

DOCKER = Path(__file__).parents[2] / "docker"


@pytest.fixture
def services():
    return yaml.safe_load((DOCKER / "compose.yaml").read_text())["services"]


@pytest.fixture
def settings(tmp_path):
    return load(file=DOCKER / "aisecops.yaml", environ={}, folder=tmp_path)


def test_listeners_are_on_the_network_that_may_use_them(services, settings):
    networks = services["gateway"]["networks"]

    assert settings.proxy.listen.host == networks["agents"]["ipv4_address"]
    assert settings.control.listen.host == settings.metrics.listen.host == networks["outside"]["ipv4_address"]


def test_the_agents_only_network_is_the_internal_one(services):
    assert services["agent"]["networks"] == ["agents"]
    assert yaml.safe_load((DOCKER / "compose.yaml").read_text())["networks"]["agents"]["internal"] is True


def test_published_ports_are_on_loopback_and_ours(services, settings):
    ports = {settings.control.listen.port, settings.metrics.listen.port}

    assert services["gateway"]["ports"] == [f"127.0.0.1:{port}:{port}" for port in sorted(ports)]


def test_the_agent_has_the_variables_that_env_would_set(services, settings, tmp_path):
    told = variables(settings, Trust(Path("/trust/bundle.pem"), tmp_path))
    environment = services["agent"]["environment"]

    assert environment.keys() == told.keys() - {"JAVA_TOOL_OPTIONS"}
    assert {re.sub(r"//.*@", "//", environment[name]) for name in ("HTTPS_PROXY", "http_proxy")} == {
        told["HTTPS_PROXY"]
    }
    assert {name for name, value in environment.items() if value == "/trust/bundle.pem"} == {
        name for name, value in told.items() if value == "/trust/bundle.pem"
    }


def test_agents_get_nothing_of_the_authority_but_the_bundle(services):
    assert services["agent"]["volumes"] == ["trust:/trust:ro"]
    assert services["trust"]["entrypoint"] == ["cp", "/var/lib/aisecops/certs/bundle.pem", "/trust/bundle.pem"]


@pytest.mark.parametrize("name", ["gateway", "trust", "agent"])
def test_every_service_is_hardened(services, name):
    assert services[name]["read_only"] is True
    assert services[name]["cap_drop"] == ["ALL"]


def test_the_image_does_not_run_as_root():
    assert re.findall(r"^USER (.*)", (DOCKER / "Dockerfile").read_text(), re.MULTILINE) == ["10001:10001"]


@pytest.fixture
def scaled():
    return yaml.safe_load((DOCKER / "compose.scale.yaml").read_text())


def test_the_second_gateway_listens_where_its_networks_are(scaled):
    second = scaled["services"]["gateway-2"]
    addresses = {name: at["ipv4_address"] for name, at in second["networks"].items()}
    told = second["environment"]

    assert told["AISECOPS_PROXY_LISTEN"] == f"{addresses['agents']}:8080"
    assert told["AISECOPS_CONTROL_LISTEN"] == f"{addresses['outside']}:8081"
    assert told["AISECOPS_METRICS_LISTEN"] == f"{addresses['outside']}:9464"


def test_both_gateways_have_one_store_and_a_record_of_their_own(scaled):
    first, second = (scaled["services"][name] for name in ("gateway", "gateway-2"))

    assert first["environment"]["AISECOPS_STORE"] == second["environment"]["AISECOPS_STORE"]
    assert "state-2:/var/lib/aisecops/state" in second["volumes"]


def test_agents_do_not_reach_the_store(services, scaled):
    assert scaled["networks"]["store"]["internal"] is True
    assert list(scaled["services"]["store"]["networks"]) == ["store"]
    assert "store" not in services["agent"]["networks"]


def test_the_store_forgets_nothing(scaled):
    words = scaled["services"]["store"]["command"]
    told = dict(pairwise(words))

    assert (told["--appendonly"], told["--appendfsync"], told["--maxmemory-policy"]) == ("yes", "always", "noeviction")


@pytest.mark.parametrize("name", ["keys-1", "keys-2", "gateway-2", "store"])
def test_what_scaling_adds_is_hardened_too(scaled, name):
    assert scaled["services"][name]["read_only"] is True
    assert scaled["services"][name]["cap_drop"] == ["ALL"]
