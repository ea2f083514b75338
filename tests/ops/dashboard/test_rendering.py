"""How numbers, times and names read, and that nothing is more than text."""

import jinja2
import pytest
from markupsafe import Markup

from aisecops.ops.dashboard.rendering import (
    NONE,
    ago,
    clock,
    day,
    figure,
    lasted,
    number,
    parts,
    percent,
    short,
    static_files,
    templates,
)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (1234, "1,234"), (0.1848, "0.185"), (1.5, "1.5"), (None, NONE), (12.0, "12"), (0.0001, "0")],
)
def test_numbers(value, text):
    assert number(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(1.0, "100 %"), (0.9999, "99.9 %"), (0.5, "50 %"), (0.096, "9.6 %"), (0, "0 %"), (None, NONE)]
)
def test_what_is_not_all_is_never_all(value, text):
    assert percent(value) == text


@pytest.mark.parametrize(
    ("ms", "text"), [(48, "48 ms"), (1500, "1.5 s"), (180_000, "3 min"), (5_400_000, "1.5 h"), (90_000_000, "25 h")]
)
def test_how_long(ms, text):
    assert lasted(ms) == text


@pytest.mark.parametrize(
    ("at", "text"),
    [(100.0, "0 s ago"), (40.0, "1 min ago"), (280.0, "in 3 min"), (None, "never"), (-3600 * 30.0, "1 d ago")],
)
def test_how_long_ago(at, text):
    assert ago(at, 100.0) == text


def test_times_are_those_of_the_record():
    assert clock("2026-01-31T12:05:09.123Z") == "12:05:09"
    assert day("2026-01-31T12:05:09.123Z") == "2026-01-31 12:05 UTC"
    assert day(None) == NONE


def test_figures_by_unit():
    assert [figure(0.5, "ratio"), figure(0.25, "seconds"), figure(None, "seconds"), figure(3, "count")] == [
        "50 %",
        "250 ms",
        NONE,
        "3",
    ]


def test_ids_are_told_apart_by_their_ends():
    assert (short("run_01ABCDEF"), short("sha256:0123456789abcdef"), short(None)) == ("…ABCDEF", "0123456789ab", NONE)


@pytest.mark.parametrize("text", ["<b>", "`<b>`", "a `<script>` b", "`", "``", "`a` `b", "&amp;"])
def test_quoted_parts_are_escaped_too(text):
    shown = parts(text)

    assert isinstance(shown, Markup)
    assert "<" not in shown.replace("<code>", "").replace("</code>", "")
    assert shown.striptags().replace("`", "") == text.replace("`", "") or "<" in text


def test_what_would_turn_a_text_around_or_hides_in_it_is_a_mark():
    environment = templates(static_files())

    shown = environment.from_string("{{ x }}").render(x="pay \u202eecila\u202c\u200b\x9b now,\n\tcaf\u00e9 \u4e2d")
    assert shown == "pay \ufffdecila\ufffd\ufffd\ufffd now,\n\tcaf\u00e9 \u4e2d"
    assert environment.from_string("{{ x | parts }}").render(x="`a\u202e` b") == "<code>a\ufffd</code> b"


def test_templates_escape_and_know_every_name():
    environment = templates(static_files())

    assert environment.from_string("{{ x }}").render(x="<b>") == "&lt;b&gt;"
    with pytest.raises(jinja2.UndefinedError):
        environment.from_string("{{ unknown }}").render()
