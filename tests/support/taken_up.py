"""Other rules in force where suites are played, as an editor would put them there."""

from __future__ import annotations

import time
from pathlib import Path

import httpx

from aisecops.adapters.policies.files import read_folder
from aisecops.adapters.policies.reading import read_rules
from aisecops.adapters.system.files import PUBLIC, write_whole
from aisecops.controls.policy.parse import policy_version
from aisecops.model.rules import RuleSet
from aisecops.ops.evaluation.overlaid import OTHERS_SECRET
from aisecops.ops.evaluation.own_reads import readable
from aisecops.ops.evaluation.places import RULES_FILE, overlay, probes
from aisecops.ops.evaluation.stage import Stage

WITHIN_S = 20.0


def take_up(stage: Stage, rules: Path) -> None:
    """Put `rules` in force; returns when every process runs on them. Variables that they name anew are not set."""
    laid = stage.settings.paths.rules
    found = read_folder(rules)
    read = read_rules(found)
    assert isinstance(read, RuleSet), read
    stage.rules, stage.probes = read, probes(read, [probe.stands_for for probe in stage.probes])
    found[RULES_FILE] = overlay(stage.probes, secret_of_others=f"env:{OTHERS_SECRET}", reads=readable(read))
    for name in read_folder(laid).keys() - found.keys():
        (laid / name).unlink()
    for name, data in found.items():
        write_whole(laid / name, data, mode=PUBLIC)
    _in_force(stage, policy_version(found))


def _in_force(stage: Stage, version: str) -> None:
    """Wait until the control plane and every worker say that they run on `version`."""
    wanted = f'aisecops_policy_info{{version="{version}"}} 1.0'
    ends = time.monotonic() + WITHIN_S
    while time.monotonic() < ends:
        told = httpx.get(stage.settings.metrics_url, trust_env=False).text.splitlines()
        running = [line for line in told if line.startswith("aisecops_policy_info{") and line.endswith(" 1.0")]
        if running == [wanted] and "aisecops_policy_valid 1.0" in told:
            return
        time.sleep(0.1)
    raise AssertionError("the gateway under test did not take the rules up")
