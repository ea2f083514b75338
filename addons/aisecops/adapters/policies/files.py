"""The rules in force, from a folder or a bundle: read whole, swapped whole, kept when new ones are bad (contract 6).

Knows files and when they changed. What they say is `controls/policy/parse.py`. Each set that was in force
is kept under its digest, so that a recorded decision can be made again under the rules of its time.
"""

from __future__ import annotations

import asyncio
import os
import re
import stat
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Protocol

import msgspec

from aisecops.adapters.policies.reading import read_rules
from aisecops.controls.policy.engines import CEDAR_SUFFIX
from aisecops.controls.policy.parse import policy_version as policy_version_of
from aisecops.controls.policy.yaml_nodes import MAX_BYTES
from aisecops.model.errors import ConfigError
from aisecops.model.place import Place, Problem
from aisecops.model.rules import RuleSet
from aisecops.model.value import Value

CASES = (".cases.yaml", ".cases.yml")
SCENARIOS = (".eval.yaml", ".eval.yml")
_NO_RULES = (*CASES, *SCENARIOS)
_SUFFIXES = (".yaml", ".yml", CEDAR_SUFFIX)
_VERSION = re.compile(r"sha256:([0-9a-f]{64})")

type Stamp = tuple[tuple[str, int, int, int, int], ...]
"""What changes when a file does: name, inode, size, times."""


class Reloaded(Value):
    """`rules` are in force now; `before` is the policy version they replaced (the same after a mended mistake)."""

    rules: RuleSet
    before: str


class Rejected(Value):
    """The files as they now are cannot be used; the old rules stay in force."""

    problems: tuple[Problem, ...]


class Archived(Value):
    """The files a rule set was made of."""

    policy_version: str
    files: dict[str, str]


class Unreadable(Exception):
    """The files cannot be had as they should be; `problem` says which and why."""

    def __init__(self, file: str, what: str, mend: str) -> None:
        super().__init__(what)
        self.problem = Problem(place=Place(file=file, line=1), what=what, mend=mend)


async def _always() -> bool:
    return True


class Origin(Protocol):
    """Where rules come from. Each raises `Unreadable`."""

    def stamp(self) -> Stamp:
        """What changes when the rules do."""
        ...

    def files(self) -> dict[str, bytes]:
        """The rules files by their names."""
        ...

    def compare(self) -> None:
        """Raises when what `files` returned last is too old by now."""
        ...

    def taken(self) -> None:
        """What `files` returned last is good and will be in force."""
        ...


class Folder:
    """Rules from the YAML files of one folder, signed by nobody."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def stamp(self) -> Stamp:
        return tuple(mark for name, path in _rules_files(self._folder, _NO_RULES) for mark in stamp_of(name, path))

    def files(self) -> dict[str, bytes]:
        return read_folder(self._folder)

    def compare(self) -> None:
        """A folder is never too old."""

    def taken(self) -> None:
        """A folder has no order, so nothing is remembered."""


class FileRules:
    """A `RuleSource` over the files of one folder, or over another place of files.

    `load` and `refresh` do file I/O and belong into a thread once the loop runs; `current` does none.
    """

    def __init__(self, place: Path | Origin, archive: Path) -> None:
        self._place = Folder(place) if isinstance(place, Path) else place
        self._archive = archive
        self._current: RuleSet | None = None
        self._seen: Stamp | None = None
        self._rejected: object = None

    def load(self) -> RuleSet:
        """Read the folder for the first time. Raises `ConfigError` listing every problem."""
        try:
            seen = self._place.stamp()
            found = self._read()
        except Unreadable as unreadable:
            found = (unreadable.problem,)
            seen = None
        if not isinstance(found, RuleSet):
            raise ConfigError(*_told(found))
        self._current, self._seen = found, seen
        return found

    def still_in_force(self) -> None:
        """Raises `ConfigError` when others have gone on to newer rules since `load`."""
        try:
            self._place.compare()
        except Unreadable as unreadable:
            raise ConfigError(*_told((unreadable.problem,))) from None

    def current(self) -> RuleSet:
        """The rule set in force. Does no I/O; raises `ConfigError` before the first `load`."""
        if self._current is None:
            raise ConfigError("no rules are loaded yet", "load them before the first request")
        return self._current

    def refresh(self) -> Reloaded | Rejected | None:
        """Take up what changed since the last look; None when nothing did, or when it was already said.

        Files that change while they are read are left for the next look.
        """
        before = self.current().policy_version
        try:
            seen = self._place.stamp()
            if seen == self._seen and self._rejected is None:
                return None
            files = self._place.files()
            if self._place.stamp() != seen:
                return None
            version = policy_version_of(files)
            if self._rejected == version:
                return None
            found = self._kept(files) if version != before else self._taken(self.current())
        except Unreadable as unreadable:
            return self._reject(unreadable.problem, (unreadable.problem,))
        if not isinstance(found, RuleSet):
            return self._reject(version, found)
        was_rejected = self._rejected is not None
        self._current, self._seen, self._rejected = found, seen, None
        return Reloaded(rules=found, before=before) if was_rejected or version != before else None

    async def watch(
        self,
        interval_s: float,
        on_change: Callable[[Reloaded | Rejected], Awaitable[None]],
        *,
        when: Callable[[], Awaitable[bool]] = _always,
    ) -> None:
        """Look every `interval_s` in a thread, and tell each change, until cancelled or `on_change` raises.

        Asks `when` before each look: while that says no, nothing new is taken up.
        """
        while True:
            await asyncio.sleep(interval_s)
            if not await when():
                continue
            change = await asyncio.to_thread(self.refresh)
            if change is not None:
                await on_change(change)

    def archived(self, policy_version: str) -> RuleSet:
        """The rule set that once was in force. Raises `ConfigError` when it is not kept or not intact."""
        found = read_rules(self.files_of(policy_version))
        if not isinstance(found, RuleSet):
            raise ConfigError(*_told(found))
        return found

    def files_of(self, policy_version: str) -> dict[str, bytes]:
        """The files of a rule set that once was in force. Raises `ConfigError` when it is not kept or not intact."""
        named = _VERSION.fullmatch(policy_version)
        path = self._archive / f"{named[1]}.json" if named else None
        if path is None or not path.is_file():
            raise ConfigError(
                f"the rules `{policy_version[:80]}` are not kept in `{self._archive}`", "look in a backup"
            )
        try:
            archived = msgspec.json.decode(path.read_bytes(), type=Archived)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            raise ConfigError(f"`{path}` cannot be read", "restore it from a backup") from None
        files = {name: text.encode() for name, text in archived.files.items()}
        if policy_version_of(files) != policy_version:
            raise ConfigError(f"`{path}` is not what its name says", "restore it from a backup")
        return files

    def _read(self) -> RuleSet | tuple[Problem, ...]:
        return self._kept(self._place.files())

    def _reject(self, what: object, problems: tuple[Problem, ...]) -> Rejected | None:
        if self._rejected == what:
            return None
        self._rejected = what
        return Rejected(problems=problems)

    def _kept(self, files: dict[str, bytes]) -> RuleSet | tuple[Problem, ...]:
        """The rule set of `files`, archived before anybody can decide by it."""
        found = read_rules(files)
        if isinstance(found, RuleSet):
            _archive(self._archive, found.policy_version, files)
            self._taken(found)
        return found

    def _taken(self, rules: RuleSet) -> RuleSet:
        self._place.taken()
        return rules


def read_folder(folder: Path) -> dict[str, bytes]:
    """The rules files below `folder` by their relative names; case files, scenarios and hidden ones are left out."""
    return {name: _content(name, path) for name, path in _rules_files(folder, _NO_RULES)}


def is_rules_file(name: str) -> bool:
    """Would `name` (relative to the rules folder, with `/`) be read as rules?"""
    hidden = any(part.startswith(".") for part in name.split("/"))
    written = name.lower()  # a file that somebody's editor called `.YAML` is no less meant
    return written.endswith(_SUFFIXES) and not written.endswith(_NO_RULES) and not hidden


def read_cases(folder: Path) -> dict[str, bytes]:
    """The case files below `folder` by their relative names."""
    return {name: _content(name, path) for name, path in _rules_files(folder, ()) if name.lower().endswith(CASES)}


def _rules_files(folder: Path, without: tuple[str, ...]) -> Iterator[tuple[str, Path]]:
    root = folder.resolve()
    if not root.is_dir():
        raise Unreadable(str(folder), f"the rules folder `{folder}` is not there", "make it, or name another")
    for parent, folders, names in os.walk(root, onerror=_raise):
        at = Path(parent)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in folders:
            if (at / name).is_symlink():
                raise Unreadable(_name(root, at / name), "a linked folder is not read", "move the files here")
        for name in sorted(names):
            written = name.lower()
            if written.endswith(_SUFFIXES) and not name.startswith(".") and not (without and written.endswith(without)):
                yield _name(root, at / name), _inside(root, at / name)


def _raise(error: OSError) -> None:
    raise Unreadable(str(error.filename), f"the folder cannot be read: {error.strerror}", "mend its permissions")


def _name(root: Path, path: Path) -> str:
    return path.relative_to(root).as_posix()


def _inside(root: Path, path: Path) -> Path:
    """Where `path` really is; a link may point to another file of the folder, never out of it."""
    real = path.resolve()
    if not real.is_relative_to(root):
        raise Unreadable(_name(root, path), "a link that leaves the rules folder", "copy the file here")
    return real


def _content(name: str, path: Path) -> bytes:
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise Unreadable(name, "not a regular file", "replace it by a file")
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise Unreadable(name, f"the file cannot be read: {error.strerror}", "mend its permissions") from None


def stamp_of(name: str, path: Path) -> Stamp:
    """What changes when the file `path` does. Raises `Unreadable`."""
    try:
        at = path.stat()
    except OSError as error:
        raise Unreadable(name, f"the file cannot be read: {error.strerror}", "mend it, or take it away") from None
    return ((name, at.st_ino, at.st_size, at.st_mtime_ns, at.st_ctime_ns),)


def _archive(archive: Path, version: str, files: dict[str, bytes]) -> None:
    """Keep `files` under their digest: readable by us alone, whole or not at all, safe from several processes."""
    target = archive / f"{version.removeprefix('sha256:')}.json"
    if target.exists():
        return
    data = msgspec.json.encode(Archived(policy_version=version, files={name: files[name].decode() for name in files}))
    try:
        archive.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=archive, prefix=".", delete=False) as file:  # made with mode 0600
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(file.name).replace(target)
    except OSError as error:
        what = f"the rules cannot be kept in `{archive}`, so no decision could be made again: {error.strerror}"
        raise Unreadable(str(archive), what, "make the folder writable") from None


def _told(problems: tuple[Problem, ...]) -> tuple[str, str]:
    lines = [f"{problem} ({problem.mend})" if problem.mend else str(problem) for problem in problems]
    return "the rules cannot be used:\n" + "\n".join(f"  {line}" for line in lines), "mend each place and start again"
