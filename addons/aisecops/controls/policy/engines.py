"""Policies in an engine's own language, beside the rules: which files belong to the rule set.

Knows their names. What they say is read by the adapter of their engine.
"""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase

from msgspec.structs import replace

from aisecops.controls.policy.mistakes import Mistakes
from aisecops.model.engines import PolicyFile
from aisecops.model.place import Place, Problem
from aisecops.model.rules import RuleSet

CEDAR_SUFFIX = ".cedar"


def with_policy_files(rules: RuleSet, files: Mapping[str, bytes]) -> RuleSet:
    """`rules` with the files that `policy.cedar` names. Raises `Mistakes`.

    A name without its file and a file without its name are both problems: each is a policy somebody believes in. A
    pattern with a `*` may name nothing yet; then the engine permits nothing.
    """
    there = sorted(name for name in files if name.endswith(CEDAR_SUFFIX))
    policy = rules.policy
    named = [name for name in there if any(fnmatchcase(name, pattern) for pattern in policy.cedar)]
    problems = [
        Problem(place=policy.place, what=f"there is no `{pattern}`", mend="write its name from the rules folder")
        for pattern in policy.cedar
        if "*" not in pattern and pattern not in there
    ]
    problems += [
        Problem(place=Place(file=name, line=1), what="nothing asks this policy", mend="name it under `policy.cedar`")
        for name in there
        if name not in named
    ]
    read: list[PolicyFile] = []
    for name in named:
        try:
            read.append(PolicyFile(name=name, text=files[name].decode()))
        except UnicodeDecodeError:
            problems.append(Problem(place=Place(file=name, line=1), what="this is not UTF-8", mend="save it as UTF-8"))
    if problems:
        raise Mistakes(problems)
    return replace(rules, policy=replace(policy, cedar_files=tuple(read)))
