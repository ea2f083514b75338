from __future__ import annotations

import pytest
from h2.exceptions import ProtocolError
from h2.utilities import HeaderValidationFlags, validate_headers
from hypothesis import given, settings
from hypothesis import strategies as st

from aisecops.adapters.mitm.http2_head import declared_length, fault_of, http1_request, size_of

PLAIN = [(b":method", b"GET"), (b":scheme", b"https"), (b":path", b"/x?y"), (b":authority", b"crm.internal")]


def but(**changed: bytes | None) -> list[tuple[bytes, bytes]]:
    """The plain head with some pseudo-headers changed, or gone."""
    pairs = [(name, changed.get(name[1:].decode(), value)) for name, value in PLAIN]
    return [(name, value) for name, value in pairs if value is not None]


def headers_of(*fields: tuple[bytes, bytes]) -> tuple[tuple[bytes, bytes], ...]:
    assert fault_of([*PLAIN, *fields]) == ""
    return http1_request([*PLAIN, *fields]).headers.fields


def test_it_is_written_down_as_the_request_of_http1_that_it_means():
    request = http1_request([*PLAIN, (b"accept", b"*/*")])
    data = request.data
    assert (data.method, data.path, data.http_version, data.authority) == (b"GET", b"/x?y", b"HTTP/1.1", b"")
    assert (data.host, data.port) == ("", 0)
    assert request.headers.fields == ((b"Host", b"crm.internal"), (b"accept", b"*/*"))


def test_a_host_beside_the_authority_is_kept_only_when_it_differs():
    assert headers_of((b"host", b"crm.internal")) == ((b"Host", b"crm.internal"),)
    assert headers_of((b"host", b"evil.test")) == ((b"Host", b"crm.internal"), (b"Host", b"evil.test"))
    two = http1_request([*but(authority=None), (b"host", b"a"), (b"host", b"a")])
    assert two.headers.get_all("host") == ["a", "a"]


def test_without_an_authority_the_host_is_the_host():
    assert http1_request([*but(authority=None), (b"host", b"b")]).headers.fields == ((b"Host", b"b"),)


def test_cookie_crumbs_are_joined_where_the_first_stood():
    crumbs = headers_of((b"cookie", b"a=1"), (b"x", b"y"), (b"cookie", b"b=2"))
    assert crumbs[1:] == ((b"cookie", b"a=1; b=2"), (b"x", b"y"))


@pytest.mark.parametrize(
    "fields",
    [
        but(method=None), but(path=None), but(scheme=None), but(path=b""), but(authority=b""),
        but(method=b"CONNECT"), but(scheme=b"http"), but(scheme=b"HTTPS"), but(path=b"/\r\nX: y"), but(path=b"/ "),
        [*PLAIN, (b":authority", b"crm.internal")], [*PLAIN, (b":protocol", b"websocket")], [*PLAIN, (b":status", b"200")],
        [(b"accept", b"*/*"), *PLAIN], [*PLAIN[:3], (b"x", b"y"), PLAIN[3]],
        [*PLAIN, (b"X-Upper", b"y")], [*PLAIN, (b"", b"y")], [*PLAIN, (b"a b", b"y")], [*PLAIN, (b"a:b", b"y")],
        [*PLAIN, (b"a\r\nb", b"y")], [*PLAIN, (b"\xc3\xa4", b"y")],
        [*PLAIN, (b"x", b"a\rb")], [*PLAIN, (b"x", b"a\nb")], [*PLAIN, (b"x", b"a\0b")],
        [*PLAIN, (b"x", b" y")], [*PLAIN, (b"x", b"y\t")],
        [*PLAIN, (b"connection", b"close")], [*PLAIN, (b"transfer-encoding", b"chunked")],
        [*PLAIN, (b"upgrade", b"websocket")], [*PLAIN, (b"keep-alive", b"1")], [*PLAIN, (b"proxy-connection", b"x")],
        [*PLAIN, (b"te", b"gzip")], [*PLAIN, (b"http2-settings", b"AAMA")],
    ],
)  # fmt: skip
def test_what_is_not_a_well_formed_request_is_none(fields):
    assert fault_of(fields) != ""


@given(
    st.lists(
        st.tuples(
            st.sampled_from(
                [b":method", b":path", b":scheme", b":authority", b":x", b"host", b"te", b"connection", b"a", b"A", b""]
            )
            | st.binary(max_size=3),
            st.sampled_from([b"GET", b"/", b"https", b"crm.internal", b"", b"trailers"]) | st.binary(max_size=3),
        ),
        max_size=8,
    )
)
@settings(max_examples=300, deadline=None)
def test_whatever_the_library_would_refuse_is_refused_here_or_at_the_doors(fields):
    flags = HeaderValidationFlags(is_client=False, is_trailer=False, is_response_header=False, is_push_promise=False)
    heads = [fields, [*PLAIN, *fields], [*fields, *PLAIN]]
    for head in heads:
        try:
            list(validate_headers(head, flags))
        except (ProtocolError, IndexError):
            # names that disagree, or none, are well-formed as such: the doors refuse two hosts, and no host
            assert fault_of(head) or len(http1_request(head).headers.get_all("host")) != 1


def test_a_length_is_obeyed_when_there_is_one_plain_one():
    assert declared_length([(b"content-length", b"12")]) == 12
    for lengths in ([], [b"1", b"1"], [b"+1"], [b" 1"], [b"1_0"], [b"-1"], [b"1" * 19]):
        assert declared_length([(b"content-length", value) for value in lengths]) is None


def test_a_head_is_as_long_as_its_lines_would_be():
    assert size_of([(b"a", b"bc"), (b"d", b"")]) == len("a: bc\r\nd: \r\n")
