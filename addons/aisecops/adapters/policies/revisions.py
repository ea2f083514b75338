"""The rules of a folder as they stood in a git revision."""

from __future__ import annotations

import subprocess
from pathlib import Path

from aisecops.adapters.policies.files import is_rules_file
from aisecops.model.errors import ConfigError

WITHIN_S = 30
_REGULAR = ("100644", "100755")


def read_revision(folder: Path, revision: str) -> dict[str, bytes]:
    """The rules files below `folder` in `revision`, by their names relative to it. Raises `ConfigError`."""
    if revision.startswith("-"):
        raise ConfigError(f"`{revision}` is no git revision", "name a branch, a tag or a commit")
    top = _git(folder, "rev-parse", "--show-prefix").decode().strip()
    listed = _git(folder, "ls-tree", "--full-tree", "-r", "-z", f"{revision}:{top}" if top else revision)
    files: dict[str, bytes] = {}
    for line in filter(None, listed.split(b"\0")):
        about, _, name = line.partition(b"\t")
        mode, _, blob = about.decode().split(" ")
        path = name.decode("utf-8", "surrogateescape")
        if mode in _REGULAR and is_rules_file(path):
            files[path] = _git(folder, "cat-file", "blob", blob)
    return files


def _git(folder: Path, *arguments: str) -> bytes:
    try:
        done = subprocess.run(  # noqa: S603 - the words are ours, and a revision cannot begin with a dash
            ["git", "-C", str(folder), *arguments],  # noqa: S607 - git is where the person has it
            capture_output=True,
            timeout=WITHIN_S,
            check=False,
        )
    except OSError as error:
        raise ConfigError("git cannot be run here", "compare two folders instead") from error
    except subprocess.TimeoutExpired as error:
        raise ConfigError(f"git did not answer within {WITHIN_S} seconds", "compare two folders instead") from error
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise ConfigError(f"git: {said[-1] if said else 'it failed'}", "name a folder, or a revision that git knows")
    return done.stdout
