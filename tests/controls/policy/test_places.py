"""The index by host."""

from __future__ import annotations

import msgspec
import pytest

from aisecops.controls.policy.places import ASKED, KEPT, Index, places_of, rank_of
from aisecops.model.rules import HttpMatch, McpMatch
from support.rules_text import FULL, rules


@pytest.mark.parametrize(
    ("pattern", "host", "fits"),
    [
        ("example.org", "example.org", True),
        ("example.org", "www.example.org", False),
        ("*.example.org", "www.example.org", True),
        ("*.example.org", "a.b.example.org", True),
        ("*.example.org", "example.org", False),
        ("*.example.org", "notexample.org", False),
        ("*.example.org", ".example.org", False),
        ("*.example.org", "example.org.evil.test", False),
    ],
)
def test_a_star_is_every_name_below_and_not_the_name(pattern, host, fits):
    index = Index([(HttpMatch(host=pattern), "rule")])

    assert [spot.rule for spot in index.at(host, 443)] == ["rule"] * fits


@pytest.mark.parametrize(
    ("named", "asked", "fits"),
    [(None, 443, True), (None, 80, True), (None, 8443, False), (8443, 8443, True), (8443, 443, False)],
)
def test_without_a_port_the_two_of_the_web_are_meant(named, asked, fits):
    index = Index([(HttpMatch(host="::1", port=named), "rule")])

    assert [spot.rule for spot in index.at("[::1]", asked)] == ["rule"] * fits


def test_the_most_specific_comes_first():
    hosts = ["*.c", "*.b.c", "a.b.c"]
    index = Index([(HttpMatch(host=host), host) for host in hosts])

    assert [spot.rule for spot in index.at("a.b.c", 443)] == ["a.b.c", "*.b.c", "*.c"]


def test_however_many_destinations_are_asked_about_each_gets_its_own_answer():
    index = Index([(HttpMatch(host="h"), "plain"), (HttpMatch(host="h", port=8443), "other")])

    for number in range(ASKED + 10):
        assert index.at(f"h{number}", 443) == ()
    for _ in range(2):
        assert [spot.rule for spot in index.at("h", 443)] == ["plain"]
        assert [spot.rule for spot in index.at("h", 8443)] == ["other"]


def test_at_one_host_port_then_path_then_method_decide():
    matches = [
        HttpMatch(host="h", path="/a", methods=("GET",)),
        HttpMatch(host="h", path="/a"),
        HttpMatch(host="h"),
        HttpMatch(host="h", port=443),
    ]
    index = Index([(match, match) for match in matches])

    assert [spot.match for spot in index.at("h", 443)] == [matches[3], matches[0], matches[1], matches[2]]


def test_a_match_of_an_mcp_server_has_a_rank_too():
    assert rank_of(McpMatch(host="h", port=1)) > rank_of(McpMatch(host="h"))


def test_each_rule_set_has_an_index_of_its_own_even_under_one_version():
    one = rules(FULL)
    other = msgspec.structs.replace(rules(), policy_version=one.policy_version)

    assert places_of(one).name("crm.internal", 443)
    assert not places_of(other).name("crm.internal", 443)
    assert places_of(one) is places_of(one)


def test_only_a_few_indexes_are_kept():
    one = rules(FULL)
    first = places_of(one)
    kept = [rules(FULL) for _ in range(KEPT)]
    for each in kept:
        places_of(each)

    assert places_of(one) is not first
