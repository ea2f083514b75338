"""Raw request targets: one reading, or none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisecops.controls.policy.target import MAX_FIELDS, normal_path
from aisecops.model.errors import WireError
from aisecops.model.refusals import Code


@pytest.mark.parametrize(
    ("raw", "segments"),
    [
        ("/", ()),
        ("/v1/customers/42", ("v1", "customers", "42")),
        ("/v1/", ("v1", "")),
        ("/a%20b/%C3%A9", ("a b", "é")),
        ("/v1beta/models/g:generate", ("v1beta", "models", "g:generate")),
        ("/...", ("...",)),
        ("/100%25", ("100%",)),
    ],
)
def test_a_path_is_its_decoded_segments(raw, segments):
    assert normal_path(raw) == (segments, {})


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "v1",
        "*",
        "http://h/",
        "/a/../b",
        "/a/./b",
        "/..",
        "/a/..",
        "/%2e%2e/b",
        "/a/%2E/b",
        "/.%2e/b",
        "/..;x=1/b",
        "/%2e%2e%3b/b",
        "//",
        "//a",
        "/a//b",
        "/a\\b",
        "/a%5cb",
        "/a%5Cb",
        "/a%2fb",
        "/a%2Fb",
        "/a%00",
        "/a%0ab",
        "/a%7f",
        "/a%c2%80",
        "/a\0b",
        "/a b",
        "/a\tb",
        "/a\nb",
        "/é",
        "/%",
        "/%4",
        "/%zz",
        "/%u0041",
        "/a%ff",
        "/%c0%ae%c0%ae/",
        "/%ed%a0%80",
        "/%252e%252e/",
        "/a%2541",
        "/a#b",
        "/a?x=%zz",
        "/a?x=%00",
        "/a?x=%ff",
        "/a?x=\x01",
        "/.. /",
    ],
)
def test_what_two_servers_may_read_differently_is_refused(raw):
    with pytest.raises(WireError) as refused:
        normal_path(raw)

    assert refused.value.code is Code.PROTOCOL_DENIED
    assert raw not in refused.value.detail or len(raw) < 3


def test_a_query_is_its_decoded_fields_each_with_every_value():
    assert normal_path("/a?x=1&y=a+b%26c&x=2&z&=v") == (("a",), {"x": ["1", "2"], "y": ["a b&c"], "z": [""], "": ["v"]})


def test_a_query_may_hold_dots_and_slashes():
    assert normal_path("/?u=http://h/../x")[1] == {"u": ["http://h/../x"]}


def test_a_query_without_end_is_refused():
    with pytest.raises(WireError):
        normal_path("/?" + "&".join("a=1" for _ in range(MAX_FIELDS + 1)))


@given(st.one_of(st.text(max_size=40), st.text("/.%2eEfF5cC;?=&+\\ a", max_size=24)).map(lambda tail: "/" + tail))
def test_any_target_gives_plain_segments_or_a_refusal(raw):
    try:
        segments, query = normal_path(raw)
    except WireError as refused:
        assert refused.code is Code.PROTOCOL_DENIED  # noqa: PT017
        return
    for segment in segments:
        assert segment not in {".", ".."}
        assert not {"/", "\\", "\0"} & set(segment)
    assert "" not in segments[:-1]
    assert all(values for values in query.values())
