"""One setting as text or YAML becomes a typed value, or words for people."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisecops.ops.settings_text import Address, Seconds, read_address, read_seconds, reader

KINDS = [Address, Seconds, int, bool, str, Path, Path | None, str | None, tuple[Path, ...], dict[str, str]]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30", 30), (30, 30), (0.5, 0.5), ("500ms", 0.5), ("10m", 600), ("1h", 3600), ("2d", 172800)],
)
def test_durations(text, seconds):
    assert read_seconds(text) == seconds


@pytest.mark.parametrize("text", ["", "-1", "1y", "1 0", "nan", True, "1e3", None])
def test_what_is_no_duration(text):
    with pytest.raises(ValueError, match="is not a duration"):
        read_seconds(text)


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("127.0.0.1:80", "127.0.0.1", 80),
        ("[::1]:80", "::1", 80),
        ("8080", "127.0.0.1", 8080),
        ("a.test:0", "a.test", 0),
    ],
)
def test_addresses(text, host, port):
    assert read_address(text) == Address(host=host, port=port)


@pytest.mark.parametrize("text", ["", ":80", "a:", "a:70000", "a:-1", "a:b", "a:²"])
def test_what_is_no_address(text):
    with pytest.raises(ValueError, match="is not host:port"):
        read_address(text)


def test_fixed_addresses_are_read_from_yaml_and_from_flags_alike():
    read = reader(dict[str, str])

    from_yaml = read({"CRM.internal:443": "127.0.0.1:9443"}, Path())
    from_flags = read(("CRM.internal:443=127.0.0.1:9443",), Path())

    assert from_yaml == from_flags == {"crm.internal:443": "127.0.0.1:9443"}


def test_a_relative_path_is_relative_to_the_folder_it_was_written_in():
    assert reader(Path)("rules", Path("/etc/gate")) == Path("/etc/gate/rules")


@given(
    kind=st.sampled_from(KINDS),
    raw=st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.text(),
        st.lists(st.text()),
        st.dictionaries(st.text(), st.text()),
    ),
)
def test_anything_written_gives_a_value_or_a_value_error(kind, raw):
    with contextlib.suppress(ValueError):
        reader(kind)(raw, Path("/folder"))
