"""Where each Cedar policy stands, whatever is in its strings and comments."""

from __future__ import annotations

from aisecops.adapters.policies.cedar_text import numbered, statements
from aisecops.model.engines import PolicyFile

TEXT = """// who; may: read
permit(principal, action, resource); @id("a;b")
forbid(principal, action, resource)
  when { context.host == "a;\\"b" }; // the end;

permit(principal, action, resource)"""


def places(text: str):
    return [(one.place.line, one.place.column, one.whole) for one in statements([PolicyFile(name="a", text=text)])]


def test_semicolons_in_strings_and_comments_end_nothing():
    assert places(TEXT) == [(2, 1, True), (2, 38, True), (6, 1, False)]


def test_policies_are_counted_over_all_files():
    files = [PolicyFile(name=name, text="permit(principal, action, resource);\n") for name in ("a", "b")]
    assert [str(one.place) for one in statements(files)] == ["a:1", "b:1"]


def test_a_comment_alone_is_no_policy():
    assert places("// nothing here;\n") == []


def test_only_the_engines_own_names_are_numbers():
    assert [numbered(text) for text in ("policy12", "mine", "policy", "policy1x")] == [12, None, None, None]
