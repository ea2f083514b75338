"""What `aisecops doctor` says of transparent mode."""

from __future__ import annotations

import pytest

from aisecops.ops.doctor.redirects import loaded_rules, redirects
from aisecops.ops.redirects import ruleset
from aisecops.ops.settings_read import load

GIVEN = {"proxy.transparent": "true", "proxy.dns": "127.0.0.1:5353"}
RULES = ruleset(["veth0"], proxy_port=8080, dns_port=5353)


def said(tmp_path, rules, knob="0", **more):
    file = tmp_path / "knob"
    file.write_text(f"{knob}\n")
    return list(redirects(load(GIVEN | more, environ={}, folder=tmp_path), lambda: rules, (file, tmp_path / "none")))


def test_rules_that_lead_to_our_ports_are_well(tmp_path):
    assert [each.well for each in said(tmp_path, RULES)] == [True, True]


@pytest.mark.parametrize(
    "rules", ["", ruleset(["veth0"], proxy_port=8080, dns_port=None), RULES.replace("8080", "9090")]
)
def test_rules_that_are_missing_or_lead_elsewhere_are_not(tmp_path, rules):
    found = said(tmp_path, rules)[0]
    assert not found.well
    assert "nft -f -" in found.mend


def test_rules_that_cannot_be_seen_are_not_called_bad_and_not_called_loaded(tmp_path):
    found = said(tmp_path, None)[0]
    assert found.well
    assert "cannot be looked at" in found.words


def test_forwarding_is_told(tmp_path):
    assert "off" in said(tmp_path, RULES)[1].words
    assert "rules alone" in said(tmp_path, RULES, knob="1")[1].words


def test_without_transparent_mode_there_is_nothing_to_say(tmp_path):
    assert list(redirects(load({}, environ={}, folder=tmp_path))) == []


def test_the_kernel_is_asked_and_nothing_is_changed():
    assert loaded_rules() is None or "table inet" in loaded_rules() or loaded_rules() == ""
