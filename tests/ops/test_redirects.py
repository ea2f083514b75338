"""The rules that are printed. Loaded and tried: `end_to_end/test_transparent.py`."""

from __future__ import annotations

import re

import pytest

from aisecops.model.errors import ConfigError
from aisecops.ops.cli import main
from aisecops.ops.redirects import ruleset


def chain(text, name):
    return re.search(rf"chain {name} \{{(.*?)\n    \}}", text, re.DOTALL)[1]


def test_every_chain_that_sees_an_agent_ends_in_a_drop_or_a_redirect():
    text = ruleset(["veth0"], proxy_port=8080, dns_port=5353)
    assert chain(text, "redirects").rstrip().endswith("meta l4proto tcp counter redirect to :8080")
    assert "dport 53 counter redirect to :5353" in chain(text, "redirects")
    for name in ("strays", "arriving"):
        assert chain(text, name).rstrip().endswith("counter drop")
    assert "policy drop" in chain(text, "passing")


def test_without_a_dns_port_names_are_not_answered():
    text = ruleset(["veth0"], proxy_port=8080, dns_port=None)
    assert "dport 53" not in text
    assert "5353" not in text
    assert "None" not in text


def test_what_is_forwarded_for_others_can_be_left_alone_and_agents_still_cannot_pass():
    passing = chain(ruleset(["veth0", "br-*"], proxy_port=8080, dns_port=53, keep_forwarding=True), "passing")
    assert "policy accept" in passing
    assert 'iifname { "veth0", "br-*" } counter drop' in passing


@pytest.mark.parametrize(
    "wrong",
    [
        {"agents": ['x" accept; #']},
        {"agents": ["a-name-that-is-too-long"]},
        {"agents": [""]},
        {"agents": []},
        {"agents": ["veth0"], "proxy_port": 0},
        {"agents": ["veth0"], "dns_port": 0},
        {"agents": ["veth0"], "table": "x; flush ruleset"},
    ],
)
def test_nothing_else_gets_into_the_rules(wrong):
    with pytest.raises(ConfigError):
        ruleset(**({"proxy_port": 8080, "dns_port": None} | wrong))


def test_the_command_takes_its_ports_from_the_settings_and_says_when_they_do_not_fit(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["nftables", "--agents-interface", "veth0", "--proxy-listen", "127.0.0.1:8765"]) == 0
    said = capsys.readouterr()
    assert "redirect to :8765" in said.out
    assert "proxy.transparent is false" in said.err
