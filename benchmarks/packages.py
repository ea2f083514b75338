# ruff: noqa: INP001, S311, TID251 - beside a script that prints; its choice is made from a seed
"""The source files of this machine by package, of five kinds, and which packages have text from each other.

A package is what somebody publishes by itself: a distribution of Python, a module of Go, a package of npm, what Debian
documents. The halves into which they fall are told by a digest of the name, so that a setting may be chosen on one half
and measured on the other, here and elsewhere.
"""

from __future__ import annotations

import hashlib
import json
import random
import re
import shutil
import subprocess
import sysconfig
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

SEED = 7
FILES_OF_EACH, MOST_CHARACTERS, LEAST_CHARACTERS = 40, 60_000, 200
_ENDS = "c cjs css go h html js json md mjs pm proto py pyi rst sh toml ts txt yaml yml"
KINDS = frozenset(f".{end}" for end in _ENDS.split())
NAMED = frozenset({"METADATA", "LICENSE", "COPYING", "NOTICE", "copyright", "README"})
GO, GO_ROOT = Path.home() / "go/pkg/mod", Path("/usr/local/go/src")
NODE = (Path("/usr/lib/node_modules/npm/node_modules"), Path("/usr/share/nodejs"))
DEBIAN, CLOUD = Path("/usr/share/doc"), Path("/usr/lib/google-cloud-sdk")

_NEEDED = re.compile(r"^Requires-Dist: ([\w.-]+)", re.MULTILINE)
_WHO = re.compile(r"^(?:Author|Author-email|Maintainer|Maintainer-email): (.+)$", re.MULTILINE)
_HOME = re.compile(r"https?://(?:www\.)?github\.com/([\w-]+)/")
_VERSION = re.compile(r"-[0-9].*|@v?[0-9].*")

type Packages = dict[str, list[str]]


@dataclass
class Kin:
    """What is said of a package about whom it has text from."""

    names: set[str] = field(default_factory=set)
    needs: set[str] = field(default_factory=set)
    people: set[str] = field(default_factory=set)

    def is_of(self, other: Kin) -> bool:
        """True when one needs the other, or somebody has made both."""
        return bool(self.names & (other.needs | other.names) or other.names & self.needs or self.people & other.people)


@dataclass
class Shelf:
    """Packages of one kind: the files of each, and of whom it has text."""

    files: dict[str, list[Path]] = field(default_factory=dict)
    kin: dict[str, Kin] = field(default_factory=dict)

    def put(self, name: str, place: Path) -> None:
        """`name` has the files at `place`, but for copies of others that it carries."""
        found = self.files.setdefault(name, [])
        for one in sorted(place.rglob("*")) if place.is_dir() else [place]:
            inside = one.relative_to(place).parts
            foreign = any("vendor" in part or part == "node_modules" for part in inside)
            if (one.suffix in KINDS or one.name in NAMED) and not foreign and not one.is_symlink() and one.is_file():
                found.append(one)


def is_tuning(name: str) -> bool:
    """True for the half of all packages that settings may be chosen on."""
    return hashlib.blake2b(f"{SEED}:{name}".encode(), digest_size=1).digest()[0] % 2 == 0


def texts(shelf: Shelf) -> Packages:
    """The texts of each package, at most `FILES_OF_EACH`."""
    pick = random.Random(SEED)
    found = {}
    for name, files in sorted(shelf.files.items()):
        read = [
            one.read_bytes().decode("utf-8", "replace") for one in pick.sample(files, min(len(files), FILES_OF_EACH))
        ]
        if some := [text for text in read if LEAST_CHARACTERS < len(text) < MOST_CHARACTERS]:
            found[name] = some
    return found


def shelves(folders: Sequence[Path]) -> dict[str, Shelf]:
    """All packages of this machine by kind; `folders` have more of Python's. What is not installed is empty."""
    python = _python(folders)
    elsewhere = _cloud()
    for name in set(elsewhere.files) & set(python.files):
        del elsewhere.files[name]  # a distribution is one, wherever it lies
    return {
        "python": python,
        "python, others'": elsewhere,
        "go": _go(),
        "npm": _npm([*NODE, *(folder.parents[2] / "node/node_modules" for folder in folders)]),
        "debian's documents": _debian(),
    }


def _python(folders: Sequence[Path]) -> Shelf:
    shelf, library = Shelf(), Path(sysconfig.get_paths()["stdlib"])
    for file in sorted([*library.glob("*.py"), *library.glob("*/*.py")]):
        if "site-packages" not in file.parts:
            shelf.put(f"std:{file.relative_to(library).parts[0]}", file)
    shelf.kin |= {name: Kin(people={"python"}) for name in shelf.files}
    for folder in [Path(sysconfig.get_paths()["purelib"]), *folders]:
        known = set(shelf.files)
        for place in sorted(folder.iterdir()):
            name = _plain(_VERSION.sub("", place.name))
            if place.is_dir() and place.name != "__pycache__" and name not in known:
                shelf.put(name, place)
        _kin_of_distributions(folder, shelf.kin)
    return shelf


def _cloud() -> Shelf:
    shelf = Shelf()
    for folder in [*CLOUD.glob("platform/*/lib/python3*/site-packages"), CLOUD / "lib/third_party"]:
        for place in sorted(folder.glob("*")):
            if place.is_dir() and place.name != "__pycache__":
                shelf.put(_plain(_VERSION.sub("", place.name)), place)
        _kin_of_distributions(folder, shelf.kin)
    for name in shelf.files:  # without metadata: who says the same of whose it is
        if name not in shelf.kin:
            shelf.kin[name] = Kin(names={name}, people={"google"} if name.startswith(("google", "apitools")) else set())
    return shelf


def _kin_of_distributions(folder: Path, kin: dict[str, Kin]) -> None:
    for about in folder.glob("*.dist-info"):
        if not (about / "METADATA").exists() or not (about / "RECORD").exists():
            continue
        said = (about / "METADATA").read_text("utf-8", "replace").partition("\n\n")[0]
        name = _plain(_VERSION.sub("", about.name))
        rows = (about / "RECORD").read_text("utf-8", "replace").splitlines()
        for place in {name, *(_plain(re.split("[/,]", row)[0]) for row in rows if not row.startswith(("..", "__")))}:
            one = kin.setdefault(place, Kin())
            one.names.add(name)
            one.needs |= {_plain(needed) for needed in _NEEDED.findall(said)}
            one.people |= {*_WHO.findall(said), *(home.lower() for home in _HOME.findall(said))}


def _go() -> Shelf:
    shelf = Shelf()
    for place in sorted(GO_ROOT.glob("*")):
        if place.is_dir():
            shelf.put(f"go:{place.name}", place)
            shelf.kin[f"go:{place.name}"] = Kin(people={"golang"})
    for place in sorted(GO.rglob("*@*")):
        name = _VERSION.sub("", str(place.relative_to(GO)))
        if not place.is_dir() or name.startswith("cache") or name.count("@"):
            continue
        shelf.put(name, place)
        needs = (place / "go.mod").read_text("utf-8", "replace") if (place / "go.mod").exists() else ""
        one = shelf.kin.setdefault(name, Kin())
        one.names.add(name)
        one.needs |= set(re.findall(r"^\s*(?:require )?([\w.]+\.[\w.]+/[\w./-]+) v", needs, re.MULTILINE))
        host, *path = name.split("/")
        one.people.add(
            "golang" if host in ("golang.org", "google.golang.org") else path[0] if "github" in host else host
        )
    return shelf


def _npm(folders: Sequence[Path]) -> Shelf:
    shelf = Shelf()
    for folder in folders:
        for place in sorted([*folder.glob("[!@.]*"), *folder.glob("@*/*")]):
            if not (place / "package.json").exists():
                continue
            name = str(place.relative_to(folder))
            shelf.put(name, place)
            said = json.loads((place / "package.json").read_text("utf-8", "replace"))
            one = shelf.kin.setdefault(name, Kin())
            one.names.add(name)
            one.needs |= {*said.get("dependencies", {}), *said.get("devDependencies", {})}
            author = said.get("author") or ""
            one.people.add(str(author.get("name") if isinstance(author, dict) else re.sub(r"\s*[<(].*", "", author)))
            one.people |= {home.lower() for home in _HOME.findall(json.dumps(said.get("repository", "")) + "/")}
            one.people -= {"", "None"}
    return shelf


def _debian() -> Shelf:
    shelf = Shelf()
    if shutil.which("dpkg-query") is None:
        return shelf
    asked = subprocess.run(
        ["dpkg-query", "-W", "-f", "${Package}\t${source:Package}\t${Depends}\n"],  # noqa: S607
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    source = {}
    for line in asked.stdout.splitlines():
        name, of, needs = line.split("\t")
        source[name] = of, set(re.findall(r"[a-z][\w.+-]+", needs))
    for place in sorted(DEBIAN.glob("*")):
        if place.is_dir() and not place.is_symlink() and place.name in source:
            of, needs = source[place.name]
            shelf.put(of, place)
            one = shelf.kin.setdefault(of, Kin())
            one.names |= {of, place.name}
            one.needs |= needs
    return shelf


def _plain(name: str) -> str:
    return name.lower().replace("-", "_")
