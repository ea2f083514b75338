"""Rules from their files: bytes to one frozen rule set, or every problem with its place.

Strict (house 8.9): nothing is guessed and nothing is skipped. Reading the files from a folder, and keeping
the old set when the new one is bad, is `adapters/policies/files.py`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from aisecops.controls.policy.engines import CEDAR_SUFFIX, with_policy_files
from aisecops.controls.policy.merge import VERSION, merged
from aisecops.controls.policy.mistakes import Mistakes, mistake
from aisecops.controls.policy.sections import RULES
from aisecops.controls.policy.shapes import kind_of
from aisecops.controls.policy.validate import validate
from aisecops.controls.policy.yaml_nodes import Keys, read
from aisecops.model.place import Place, Problem
from aisecops.model.rules import RuleSet

MAX_FILES = 1000
MAX_TOTAL_BYTES = 16 * 1024 * 1024


def parse(files: Mapping[str, bytes]) -> RuleSet | tuple[Problem, ...]:
    """The rule set that `files` make together, or what is wrong with them, in reading order.

    They are YAML, and beside it policies in an engine's own language, which are taken along unread.

    No files at all are an empty rule set: nobody is known and nothing may leave.
    """
    try:
        rules = _parsed(files)
    except Mistakes as mistakes:
        return tuple(sorted(set(mistakes.problems), key=_reading_order))
    return tuple(sorted(problems, key=_reading_order)) if (problems := validate(rules)) else rules


def policy_version(files: Mapping[str, bytes]) -> str:
    """`sha256:` and the digest of names and bytes, in the order of the names."""
    digest = hashlib.sha256()
    for name in sorted(files):
        for part in (name.encode("utf-8", "surrogateescape"), files[name]):
            digest.update(len(part).to_bytes(8) + part)
    return f"sha256:{digest.hexdigest()}"


def _parsed(files: Mapping[str, bytes]) -> RuleSet:
    version = policy_version(files)
    if not files:
        return RuleSet(policy_version=version)
    if len(files) > MAX_FILES or sum(map(len, files.values())) > MAX_TOTAL_BYTES:
        raise mistake(
            Place(file=min(files), line=1),
            f"more than {MAX_FILES} files or {MAX_TOTAL_BYTES} bytes of rules",
            "keep only rules in this folder",
        )
    roots, problems = _roots(files)
    whole, clashes = merged(roots)
    problems += clashes
    sections: dict[str, Any] = {}
    try:
        sections = RULES.read(whole)
    except Mistakes as mistakes:
        problems += mistakes.problems
    if problems:
        raise Mistakes(problems)
    sections.pop(VERSION)
    return with_policy_files(RuleSet(policy_version=version, **sections), files)


def _roots(files: Mapping[str, bytes]) -> tuple[list[Keys], list[Problem]]:
    """What could be read of each file, and what is wrong with the files as such."""
    roots: list[Keys] = []
    problems: list[Problem] = []
    for name in sorted(name for name in files if not name.endswith(CEDAR_SUFFIX)):
        try:
            root = read(name, files[name])
            if not isinstance(root, Keys):
                raise mistake(root.place, f"{kind_of(root)} where sections belong", "start the file with `version: 1`")
            roots.append(root)
            if VERSION not in root.entries:
                raise mistake(root.place, "`version` is missing", "start the file with `version: 1`")
            RULES.keys[VERSION].shape.read(root.entries[VERSION].value)
        except Mistakes as mistakes:
            problems += mistakes.problems
    return roots, problems


def _reading_order(problem: Problem) -> tuple[str, int, int, str]:
    return problem.place.file, problem.place.line, problem.place.column, problem.what
