"""Host and path patterns."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisecops.controls.policy.patterns import (
    canonical_host,
    host_rank,
    path_matches,
    path_parts,
    path_rank,
    read_host,
)


@pytest.mark.parametrize(
    ("written", "host", "port"),
    [
        ("api.example.org", "api.example.org", None),
        ("API.Example.org:8443", "api.example.org", 8443),
        ("*.example.org", "*.example.org", None),
        ("localhost:80", "localhost", 80),
        ("127.0.0.1:9443", "127.0.0.1", 9443),
        ("[::1]:9443", "::1", 9443),
        ("[0:0::1]", "::1", None),
        ("xn--bcher-kva.example", "xn--bcher-kva.example", None),
    ],
)
def test_a_host_is_read_with_its_port(written, host, port):
    assert read_host(written) == (host, port)


@pytest.mark.parametrize(
    "written",
    [
        "",
        "*",
        "*.",
        "a.*.b",
        "**.a",
        "*a.b",
        "h.test.",
        "h.test:0",
        "h.test:65536",
        "h.test:x",
        "h.test:",
        "::1",
        "http://h",
        "h/p",
        "bücher.example",
        "a b",
        "a..b",
        "127.1",
        "0x7f.1",
        "2130706433",
        "0x7f000001",
        "127.0.0.01",
        "*.0.0.1",
        "*.[::1]",
        "[::1",
        "[::1]x",
        "-a.b",
        "user@h.test",
        "1.2.3.4.5",
    ],
)
def test_a_host_in_an_unusual_form_is_refused(written):
    with pytest.raises(ValueError, match=r".+"):
        read_host(written)


@pytest.mark.parametrize(
    "host", ["127.1", "0x7f.1", "2130706433", "0177.0.0.1", "h.test.", "", ".", "a..b", "h\0", "h.0x1", "[x]"]
)
def test_a_requested_host_in_an_unusual_form_is_no_host(host):
    assert canonical_host(host) is None


def test_a_name_goes_before_a_star_and_a_longer_star_before_a_shorter():
    assert host_rank("a.b.c") > host_rank("*.b.c") > host_rank("*.c")


@pytest.mark.parametrize(
    ("pattern", "path", "fits"),
    [
        ("/", "/", True),
        ("/", "/a", False),
        ("/**", "/", True),
        ("/**", "/a/b", True),
        ("/a", "/a", True),
        ("/a", "/a/", False),
        ("/a/", "/a/", True),
        ("/a/*", "/a/b", True),
        ("/a/*", "/a/", False),
        ("/a/*", "/a/b/c", False),
        ("/a/*/c", "/a/b/c", True),
        ("/a/**", "/a", True),
        ("/a/**", "/a/", True),
        ("/a/**", "/ab", False),
        ("/a/**/z", "/a/z", True),
        ("/a/**/z", "/a/b/c/z", True),
        ("/a/**/a", "/a", False),
        ("/**/z", "/z", True),
        ("/a", "/A", False),
    ],
)
def test_a_path_pattern_is_made_of_whole_segments(pattern, path, fits):
    assert path_matches(pattern, tuple(path[1:].split("/")) if path != "/" else ()) is fits


@pytest.mark.parametrize(
    "pattern",
    ["", "a", "/a//b", "//", "/a/../b", "/./b", "/a%20", "/a?b", "/a#b", "/a\\b", "/a b", "/a*", "/**/a/**", "/a/***"],
)
def test_a_path_pattern_in_an_unusual_form_is_refused(pattern):
    with pytest.raises(ValueError, match=r".+"):
        path_parts(pattern)


def test_more_literal_segments_go_before_fewer_and_the_earlier_before_the_later():
    ordered = ["/a/b/c", "/a/b/*", "/a/b/**", "/a/*/c", "/*/b/c", "/a/*", "/a/**", "/**"]

    assert [path_rank(pattern) for pattern in ordered] == sorted(map(path_rank, ordered), reverse=True)


_pattern = (
    st.lists(st.sampled_from(["a", "b", "*"]), max_size=3)
    .flatmap(lambda parts: st.integers(0, len(parts)).map(lambda at: [*parts[:at], "**", *parts[at:]]) | st.just(parts))
    .map(lambda parts: "/" + "/".join(parts))
)


@given(_pattern, _pattern, st.lists(st.sampled_from(["a", "b"]), max_size=5).map(tuple))
def test_two_patterns_of_one_rank_that_both_match_are_the_same_pattern(one, other, segments):
    if path_matches(one, segments) and path_matches(other, segments) and path_rank(one) == path_rank(other):
        assert one == other


@given(st.text(max_size=30))
def test_any_text_is_a_host_or_none(text):
    found = canonical_host(text)

    assert found is None or canonical_host(found) == found
