"""Several files joined into one mapping."""

from __future__ import annotations

from aisecops.controls.policy.merge import merged
from aisecops.controls.policy.yaml_nodes import Items, Keys, read


def joined(*files: bytes):
    roots = [read(f"{index}.yaml", data) for index, data in enumerate(files)]
    return merged(root for root in roots if isinstance(root, Keys))


def test_lists_of_a_section_are_joined_in_the_order_of_the_files():
    whole, problems = joined(b"risk: {sequences: [a]}", b"risk: {sequences: [b, c]}")

    found = whole.entries["risk"].value
    assert isinstance(found, Keys)
    sequences = found.entries["sequences"].value
    assert isinstance(sequences, Items)
    assert [item.text for item in sequences.items] == ["a", "b", "c"]
    assert problems == []


def test_a_value_set_twice_keeps_the_first_and_names_both_places():
    whole, problems = joined(b"egress: {max_body: 1B}", b"x: 1\negress: {max_body: 2B}")

    egress = whole.entries["egress"].value
    assert isinstance(egress, Keys)
    assert egress.entries["max_body"].value.text == "1B"
    assert [str(problem) for problem in problems] == ["1.yaml:2:10: `egress.max_body` is set here and in 0.yaml:1"]


def test_one_name_in_two_files_is_never_joined_not_even_when_one_is_empty():
    for other in (b"agents: {a: {mode: observe}}", b"agents: {a: }"):
        _, problems = joined(b"agents: {a: {role: r}}", other)
        assert [problem.what for problem in problems] == ["`agents.a` is set here and in 0.yaml:1"]


def test_the_version_of_each_file_is_no_value_set_twice():
    _, problems = joined(b"version: 1", b"version: 1")

    assert problems == []
