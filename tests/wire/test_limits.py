"""The strict reader takes what every reader reads alike, and nothing else."""

from __future__ import annotations

import contextlib
import json
import math
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from aisecops.model.errors import WireError
from aisecops.model.refusals import Code
from aisecops.wire.limits import _STRETCH_BYTES, JsonBounds, JsonValue, read_json

MIB = 1024 * 1024


def read(data: bytes | str, **more: int) -> JsonValue:
    return read_json(data.encode() if isinstance(data, str) else data, **{"max_bytes": MIB, **more})


def refused(data: bytes | str, **more: int) -> WireError:
    with pytest.raises(WireError) as error:
        read(data, **more)
    return error.value


def once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({name for name, _ in pairs}) != len(pairs):
        raise ValueError
    return dict(pairs)


def by_the_standard_library(data: bytes) -> Any:
    """What our rules say, said with other means: the value, or ValueError."""
    text = data.decode("utf-8", "strict")
    if text.startswith("\ufeff"):
        raise ValueError
    value = json.loads(text, object_pairs_hook=once_each, parse_constant=lambda _: 1 / 0)  # NaN and its kin
    json.dumps(value, ensure_ascii=False, allow_nan=False).encode("utf-8", "strict")
    return value


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
    | st.sampled_from([":", '":', "u003a", "\\", '"', ": :", "0" * 25]),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4) | st.just("a:b"), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(JSON, st.booleans(), st.sampled_from([None, 1]))
def test_whatever_is_written_is_read(value: Any, ascii_only: bool, indent: int | None) -> None:
    data = json.dumps(value, ensure_ascii=ascii_only, indent=indent)
    assert read(data) == value


@given(
    st.lists(
        st.sampled_from(
            ['{"a":1}', '"a"', '"\\u0061"', '"b:"', '"\\u003a"', '"\\\\u003a"', ":", ",", "{", "}", "[", "]", "1", " ", "\\",
             '"', "null", "-", ".5", "e9", "NaN", "\ufeff", "18446744073709551616", '"\\ud83d\\ude00"', '"\\ud83d"']
        ),
        max_size=14,
    ).map("".join)
)  # fmt: skip
@example('{"a":1,"a":2}')
@example('{"a":1,"\\u0061":2}')
@example('{"a":":","a":2}')
@example('{"a":"\\u003A","b":{"c":1,"c":1}}')
@example('{"a:":"\\u003a","a:":1}')
def test_reads_what_the_standard_library_reads_under_the_same_rules(text: str) -> None:
    try:
        expected = by_the_standard_library(text.encode())
    except (ValueError, ZeroDivisionError):
        refused(text)
        return
    if "18446744073709551616" not in text:
        assert read(text) == expected


@given(st.binary(max_size=200))
def test_any_bytes_give_a_value_or_a_wire_error(data: bytes) -> None:
    with contextlib.suppress(WireError):
        read(data)


@pytest.mark.parametrize(
    "text",
    ['{"a":1,"a":2}', '{"a":1,"\\u0061":2}', '[{"b":{"c":1,"c":1}}]', '{"":0,"":0}', '{"a":1,"a":"\\u003a"}', '{"k:":1,"k:":2}'],
)  # fmt: skip
def test_a_name_that_stands_twice_is_refused(text: str) -> None:
    assert "twice" in refused(text).detail


def test_colons_in_names_and_text_are_no_members() -> None:
    assert read('{"a:b":"c:d","e":"\\u003a:","f":["::",{"g":":"}]}') == {
        "a:b": "c:d", "e": "::", "f": ["::", {"g": ":"}],
    }  # fmt: skip


@pytest.mark.parametrize(
    "data",
    [b"", b" ", b"\xef\xbb\xbf{}", b"{} {}", b"{}x", b"NaN", b"-Infinity", b"1e999", b"[1,]", b"{'a':1}", b'"\\ud800"', b'"\xff"',
     b'"\xed\xa0\x80"', b'"\x01"', b"01", b"+1", b".5", b"\x00", '{"a":1}'.encode("utf-16"), b"// x\n1", b'"a'],
)  # fmt: skip
def test_what_is_not_json_is_refused(data: bytes) -> None:
    assert refused(data).code is Code.UNREADABLE


def test_the_words_name_the_place_and_not_the_content() -> None:
    assert refused('{"a":\n secret-word}').detail == "not JSON, at line 2 column 2"


@pytest.mark.parametrize("shape", ["[%s]", '{"a":%s}'])
def test_depth_is_bounded_exactly(shape: str) -> None:
    deep = "1"
    for _ in range(64):
        deep = shape % deep
    assert read(deep) is not None
    assert "deeper" in refused(shape % deep).detail
    assert "deeper" in refused((shape % deep).replace("1", "[]")).detail


def test_absurd_depth_is_refused_without_harm() -> None:
    assert refused("[" * 100_000 + "]" * 100_000).code is Code.UNREADABLE


def test_size_is_bounded_exactly() -> None:
    assert read("[1,2]", max_bytes=5) == [1, 2]
    assert refused("[1,2]", max_bytes=4).code is Code.TOO_LARGE


@pytest.mark.parametrize("number", [2**64 - 1, -(2**63), 0, 2**63])
def test_integers_of_64_bits_are_exact(number: int) -> None:
    assert read(f'{{"n":{number}}}') == {"n": number}


@pytest.mark.parametrize("number", [str(2**64), str(-(2**63) - 1), "9" * 30, "4111111111111111" + "0" * 9, "1" * 300])
def test_longer_integers_are_refused(number: str) -> None:
    assert "64 bits" in refused(f'{{"n":{number}}}').detail


def test_digits_that_a_double_would_drop_are_refused() -> None:
    assert "digits" in refused("[0.7000000000000000000004111111111111111]").detail


@pytest.mark.parametrize("number", ["1e19", "-1.5e300", "0.1", "1.7976931348623157e308", "5e-324", "-0.0"])
def test_doubles_are_read(number: str) -> None:
    value = read(number)
    assert isinstance(value, float)
    assert math.isclose(value, float(number))


def test_long_digits_inside_text_are_no_number() -> None:
    assert read('{"iban":"' + "1" * 60 + '"}') == {"iban": "1" * 60}


def test_too_many_values_are_refused_before_any_is_built():
    many = b"[" + b"1," * 10 + b"1]"
    assert read_json(many, max_bytes=1000, max_values=11) == [1] * 11
    with pytest.raises(WireError) as refused:
        read_json(many, max_bytes=1000, max_values=10)
    assert refused.value.code is Code.TOO_LARGE
    assert read_json(many, max_bytes=1000, max_values=None) == [1] * 11


@pytest.mark.parametrize("text", [",[{" * 50, '\\",\\"' * 20, "a\\\\", '\\\\\\"' + "," * 30])
def test_what_stands_in_a_text_is_no_value(text):
    written = b'["' + text.encode() + b'",' + b'"' + text.encode() + b'"]'
    assert len(read_json(written, max_bytes=1000, max_values=4)) == 2


def in_texts_of_many_stretches():
    return b"".join(
        b'"' + b"," * size + escapes * b'\\"' + b'",'
        for size in (0, 65535, 65536, 200_000)
        for escapes in (0, 64, 1000)
    )


@pytest.mark.parametrize(("more", "refused"), [(0, False), (1, True)])
def test_values_are_counted_outside_texts_however_long_these_are(more, refused):
    body = b"[" + in_texts_of_many_stretches() + b"1," * 20 + b"1" + b",1" * more + b"]"
    most = 1 + 12 + 20
    if refused:
        with pytest.raises(WireError, match="values"):
            read_json(body, max_bytes=len(body), max_values=most)
    else:
        assert read_json(body, max_bytes=len(body), max_values=most)[-1] == 1


@pytest.mark.parametrize("before", range(-25, 3))
def test_what_lies_across_two_stretches_is_seen(before):
    lead = b'["' + b"x" * (_STRETCH_BYTES + before - 4) + b'",'
    with pytest.raises(WireError, match="digits"):
        read_json(lead + b"0." + b"1" * 21 + b"]", max_bytes=2 * len(lead))
    with pytest.raises(WireError, match="twice"):
        read_json(lead + b'{"\\u003a":1,"x":2,"x":3}]', max_bytes=2 * len(lead))


@pytest.mark.parametrize(
    ("data", "fits"), [(b"[1,2,3]", True), (b"[1,2,3,4]", False), (b'["' + b"x" * 12 + b'"]', False)]
)
def test_an_answer_over_its_bounds_says_which_setting_raises_them(data: bytes, fits: bool) -> None:
    bounds = JsonBounds(max_bytes=15, max_values=3)
    if fits:
        assert bounds.read(data) == [1, 2, 3]
        return
    with pytest.raises(WireError, match=r"limits\.json_answer_") as refused:
        bounds.read(data)
    assert refused.value.code is Code.TOO_LARGE


def test_other_faults_of_an_answer_are_said_as_they_are() -> None:
    with pytest.raises(WireError) as refused:
        JsonBounds().read(b'{"a": 1, "a": 2}')
    assert refused.value.code is Code.UNREADABLE
