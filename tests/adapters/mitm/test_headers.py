import pytest
from hypothesis import given
from hypothesis import strategies as st
from mitmproxy import http
from mitmproxy.test import tutils

from aisecops.adapters.mitm.headers import AskedHeaders, asked

NAMES = st.sampled_from([b"Host", b"host", b"HOST", b"X-A", b"x-a", b"x_a", b"", b"caf\xe9", b"\xc4\xb0"])
FIELDS = st.lists(st.tuples(NAMES, st.sampled_from([b"", b"1", b"two", b"\xff", b"a, b"])), max_size=6)
ASKED = ["host", "Host", "x-a", "X-A", "x_a", "", "other", b"host", b"X-A", "caf\udce9", "\u0130", "K"]


@given(FIELDS)
def test_they_say_what_the_cores_say(fields):
    ours, cores = AskedHeaders(fields), http.Headers(fields)

    assert ours == cores
    assert bytes(ours) == bytes(cores)
    assert list(ours) == list(cores)
    for name in ASKED:
        assert (name in ours) == (name in cores)
        assert ours.get(name) == cores.get(name)
        assert ours.get(name, "none") == cores.get(name, "none")
        assert ours.get_all(name) == cores.get_all(name)


@given(FIELDS, FIELDS, st.sampled_from(["host", "X-A"]))
def test_they_say_it_again_after_every_change(fields, others, name):
    ours, cores = AskedHeaders(fields), http.Headers(fields)
    for each in (ours, cores):
        each.get("host")
        each[name] = "changed"
        each.add("x-a", "more")
    assert ours.get_all("x-a") == cores.get_all("x-a")
    assert ours.get(name) == cores.get(name)

    for each in (ours, cores):
        del each[name]
    assert name not in ours
    assert ours.fields == cores.fields

    ours.fields = tuple(others)
    assert ours.get_all("host") == http.Headers(others).get_all("host")


def test_who_asks_for_what_is_not_there_is_told_so_and_no_answer_is_shared():
    headers = AskedHeaders([(b"a", b"1")])
    headers.get_all("a").append("2")

    assert headers.get_all("a") == ["1"]
    with pytest.raises(KeyError):
        headers["b"]


def test_a_copy_keeps_its_own():
    headers = AskedHeaders([(b"a", b"1")])
    copied = headers.copy()
    copied["a"] = "2"

    assert (headers["a"], copied["a"]) == ("1", "2")


def test_a_message_is_asked_the_same_afterwards():
    request = tutils.treq()
    before = request.headers.fields
    asked(request)

    assert isinstance(request.headers, AskedHeaders)
    assert request.headers.fields == before
    held = request.headers
    asked(request)
    assert request.headers is held


def test_of_fields_that_may_change_as_they_lie_there_nothing_is_kept():
    headers = AskedHeaders([(b"a", b"1")])
    headers.fields = [(b"a", b"1")]  # as an addon of somebody else may
    assert headers.get("a") == "1"
    headers.fields.append((b"a", b"2"))

    assert headers.get_all("a") == ["1", "2"]
