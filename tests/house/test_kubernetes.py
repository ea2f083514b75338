"""The manifests for Kubernetes keep to its schemas, and to what the gateway promises; no cluster runs here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from aisecops.ops.settings_read import load

ROOT = Path(__file__).parents[2] / "docker" / "kubernetes"
NOT_SENT = {"kustomization.yaml", "aisecops.yaml"}
VERSION = "1.34"


def documents() -> list[Any]:
    """Every object, named by its file and kind."""
    return [
        pytest.param(found, id=f"{path.parent.name}/{path.name}-{found['kind']}")
        for path in sorted(ROOT.rglob("*.yaml"))
        if path.name not in NOT_SENT
        for found in yaml.safe_load_all(path.read_text())
    ]


def pods() -> list[Any]:
    """The pod of everything that makes pods."""
    return [
        pytest.param(one.values[0]["spec"]["template"]["spec"], id=one.id)
        for one in documents()
        if "template" in one.values[0].get("spec", {})
    ]


@pytest.mark.parametrize("found", documents())
def test_every_object_keeps_to_its_schema(found):
    kubernetes_validate.validate(found, VERSION, strict=True)


@pytest.mark.parametrize("pod", pods())
def test_what_cannot_serve_now_gets_no_traffic_and_is_not_started_again_for_it(pod):
    gateway = next(one for one in (*pod["initContainers"], *pod["containers"]) if one["name"] == "gateway")

    def asked(probe):
        assert probe["timeoutSeconds"] > 3, "the probe's own request may take 3 s"
        return " ".join(probe["exec"]["command"])

    assert "/readyz" in asked(gateway["startupProbe"])
    assert "/readyz" in asked(gateway["readinessProbe"])
    assert "/healthz" in asked(gateway["livenessProbe"])


@pytest.mark.parametrize("folder", ["base", "shared", "sidecar"])
def test_what_kustomize_is_told_to_take_is_there(folder):
    told = yaml.safe_load((ROOT / folder / "kustomization.yaml").read_text())
    files = [*told["resources"], *(name for made in told.get("configMapGenerator", ()) for name in made["files"])]
    assert [name for name in files if not (ROOT / folder / name).exists()] == []


@pytest.mark.parametrize("pod", pods())
def test_no_container_may_do_more_than_it_needs(pod):
    containers = [*pod["initContainers"], *pod["containers"]]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["automountServiceAccountToken"] is False
    for one in containers:
        bounds = one["securityContext"]
        assert bounds["readOnlyRootFilesystem"] is True, one["name"]
        assert bounds["allowPrivilegeEscalation"] is False, one["name"]
        assert bounds["capabilities"] == {"drop": ["ALL"]}, one["name"]


@pytest.mark.parametrize("folder", ["base", "sidecar"])
def test_the_settings_load_and_the_control_plane_is_on_loopback(folder, tmp_path):
    settings = load(file=ROOT / folder / "aisecops.yaml", environ={}, folder=tmp_path)
    assert settings.control.listen.host == "127.0.0.1"


def test_a_pod_has_longer_to_end_than_the_gateway_needs_to_drain(tmp_path):
    settings = load(file=ROOT / "base" / "aisecops.yaml", environ={}, folder=tmp_path)
    for pod in pods():
        assert pod.values[0]["terminationGracePeriodSeconds"] > settings.drain_seconds + 10


def test_agents_have_one_way_out():
    policy = yaml.safe_load((ROOT / "shared" / "agents-policy.yaml").read_text())["spec"]
    (way,) = policy["egress"]
    assert policy["podSelector"] == {}
    assert set(policy["policyTypes"]) == {"Ingress", "Egress"}
    assert way["ports"] == [{"port": 8080}]
    assert [sorted(to) for to in way["to"]] == [["namespaceSelector", "podSelector"]]


def test_an_agent_beside_the_gateway_is_not_the_gateways_user():
    pod = next(one.values[0] for one in pods() if one.id.startswith("sidecar"))
    (agent,) = pod["containers"]
    assert agent["securityContext"]["runAsUser"] != pod["securityContext"]["runAsUser"]
    assert {mount["name"] for mount in agent["volumeMounts"]} == {"trust", "scratch"}
