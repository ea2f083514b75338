"""The plain part of YAML, with places."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisecops.controls.policy.mistakes import Mistakes
from aisecops.controls.policy.yaml_nodes import MAX_BYTES, MAX_DEPTH, MAX_NODES, Entry, Items, Keys, Text, read
from aisecops.model.place import Place


def at(line: int, column: int) -> Place:
    return Place(file="f", line=line, column=column)


def test_every_part_knows_its_place():
    found = read("f", b'a: 1\nb:\n  - "x"\n')

    assert found == Keys(
        at(1, 1),
        {
            "a": Entry(at(1, 1), Text(at(1, 4), "1")),
            "b": Entry(at(2, 1), Items(at(3, 3), (Text(at(3, 5), "x", plain=False),))),
        },
    )


@pytest.mark.parametrize("data", [b"", b"# only words\n", b"---\n"])
def test_an_empty_file_is_an_empty_text(data):
    found = read("f", data)

    assert isinstance(found, Text)
    assert found.is_empty


def test_nothing_is_turned_into_anything_else():
    found = read("f", b"[yes, no, 0x10, 1e3, 2024-01-01, 1_000, .inf]")

    assert isinstance(found, Items)
    assert [getattr(item, "text", None) for item in found.items] == [
        "yes",
        "no",
        "0x10",
        "1e3",
        "2024-01-01",
        "1_000",
        ".inf",
    ]


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"a: 1\na: 2", "`a` stands here twice, first in line 1"),
        (b"a: &x 1", "the anchor `&x`"),
        (b"a: *x", "the alias `*x`"),
        (b"a: !!python/object:os.system x", "the tag"),
        (b"a: !x y", "the tag `!x`"),
        (b"<<: {a: 1}\n<<: {b: 1}", "`<<` stands here twice"),
        (b"? [a]\n: b", "a key that is not a word"),
        (b"null: b", "a key that is not a word"),
        (b"a\n---\nb", "a second document"),
        (b"a: [", "not YAML"),
        (b"\ta: 1", "not YAML"),
        (b"a: \x01", "not YAML: a character"),
        (b"ok: 1\nbad: \xff", "the file is not UTF-8"),
        (b"a" * (MAX_BYTES + 1), "over"),
        (b"[" * (MAX_DEPTH + 2), "nested deeper"),
        (b"[" + b"1," * MAX_NODES + b"1]", "values in one file"),
    ],
)
def test_what_could_be_read_in_two_ways_or_grow_is_refused(data, what):
    with pytest.raises(Mistakes) as refused:
        read("f", data)

    assert what in refused.value.problems[0].what
    assert refused.value.problems[0].mend


def test_an_alias_bomb_is_refused_where_it_begins():
    bomb = b"a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\n"

    with pytest.raises(Mistakes) as refused:
        read("f", bomb)

    assert {problem.place.line for problem in refused.value.problems} == {1, 2, 3}


def test_the_line_that_is_not_utf8_is_named():
    with pytest.raises(Mistakes) as refused:
        read("f", b"ok: 1\nbad: \xff")

    assert refused.value.problems[0].place.line == 2


@given(st.binary(max_size=300) | st.text("{}[]:,-&*!|>'\"#?@% \n\tab1", max_size=60).map(str.encode))
def test_any_bytes_are_a_tree_or_mistakes(data):
    try:
        read("f", data)
    except Mistakes as refused:
        assert refused.problems  # noqa: PT017
