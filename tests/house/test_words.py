"""One word per idea: the names the word list rules out do not come back."""

from __future__ import annotations

import ast
import functools
import re
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "addons" / "aisecops"

# Words that name nothing, wherever they stand: a file or class that wants one has two jobs.
HOSTS_OWN = {"FailClosedAddonManager"}
"""Classes that are one of the host program's by kind, and say so."""

EMPTY = {"util", "utils", "helper", "helpers", "manager", "managers", "common", "misc", "stuff"}

# Names of classes and functions: the word ruled out, and the one to say.
SAY_INSTEAD = {
    "authoriser": "decision point",
    "authorizer": "decision point",
    "acl": "rule set",
    "caveat": "constraint",
    "whitelist": "endorse, or the rule's name",
    "blacklist": "the rule's name",
    "violation": "finding",
    "plugin": "detector",
    "sanitize": "redact",
    "sanitise": "redact",
    "delegate": "narrow",
    "shadow": "observe",
    "middleware": "the enforcement point's name",
    "metadata": "provenance, or what it is",
}
WORD = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])")


def words(name):
    return {word.lower() for part in name.split("_") for word in WORD.findall(part)}


@functools.cache
def names():
    """Every module, class and function we name, with its place."""
    return tuple(_named())


def _named():
    for path in sorted(PACKAGE.rglob("*.py")):
        inside = path.relative_to(PACKAGE)
        yield path.stem, str(inside)
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                yield node.name, f"{inside}:{node.lineno}"


def test_no_name_says_nothing():
    assert [f"{place} {name}" for name, place in names() if words(name) & EMPTY and name not in HOSTS_OWN] == []


@pytest.mark.parametrize("ruled_out", SAY_INSTEAD)
def test_one_word_per_idea(ruled_out):
    found = [f"{place} {name}" for name, place in names() if ruled_out in words(name)]

    assert found == [], f"say: {SAY_INSTEAD[ruled_out]}"


def test_a_token_is_never_bare():
    """Two things are called token; a class named so must say which."""
    bare = [f"{place} {name}" for name, place in names() if name in {"Token", "Tokens", "Context", "Policy"}]

    assert bare == []


def test_names_are_split_into_words():
    assert words("HTTPFlowHelper") == {"http", "flow", "helper"}
    assert words("_utils_of") == {"utils", "of"}
