"""One way to write a host."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisecops.adapters.mitm.names import Place, normal, parse_authority


@pytest.mark.parametrize("written", ["api.test", "API.Test", "api.test.", "Api.TEST."])
def test_a_host_is_the_same_however_it_is_written(written):
    assert normal(written) == "api.test"


def test_a_host_in_another_script_becomes_ascii():
    assert normal("Bücher.test") == "xn--bcher-kva.test"


@pytest.mark.parametrize("written", ["", ".", "\udcff"])
def test_what_is_no_host_is_refused(written):
    with pytest.raises(ValueError):
        normal(written)


def test_an_authority_has_the_schemes_port_or_its_own():
    assert parse_authority("api.test", default_port=443) == Place("api.test", 443)
    assert parse_authority("[2001:DB8::1]:8443", default_port=443) == Place("2001:db8::1", 8443)


@pytest.mark.parametrize(
    "text", ["", "a b", "user@api.test", "api.test:", "api.test:0", "api.test:65536", "a:1:2", "api.test/x", "a,b"]
)
def test_what_is_no_authority_is_none(text):
    assert parse_authority(text, default_port=443) is None


@given(st.text())
def test_any_text_gives_a_place_or_none(text):
    place = parse_authority(text, default_port=443)
    assert place is None or (place.host == normal(place.host) and 0 < place.port < 65536)
