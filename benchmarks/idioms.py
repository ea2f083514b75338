# ruff: noqa: INP001, T201, S311, TID251 - a script that prints, beside no package; its choice is made from a seed
"""Idioms of programs and pages: the table learned, and how often unrelated files are taken for quotes of each other.

    python benchmarks/idioms.py measure [FOLDER...]
    python benchmarks/idioms.py learn [FOLDER...]

Files are those of Python's library, of the packages beside this Python, and of more folders of packages. What stands in
`PACKAGES` of them or more is an idiom. `measure` learns from two thirds of the packages, has an agent read files of
half of the others, and traces files of the other half: what is found there is no quote, but for stretches of `COPIED`
letters and more, which somebody really copied; such files are left out and counted apart. Packages of which one needs
the other, or which have an author or an organisation in common, do have text from each other: the last column is
without what is found in such.
"""

from __future__ import annotations

import random
import re
import sys
import sysconfig
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "addons")]

from aisecops.controls.provenance import idioms  # noqa: E402 - the path comes first
from aisecops.controls.provenance.fingerprint import fingerprint  # noqa: E402
from aisecops.controls.provenance.index import Index  # noqa: E402
from aisecops.controls.provenance.letters import letters  # noqa: E402
from aisecops.controls.provenance.trace import trace  # noqa: E402
from aisecops.controls.provenance.winnow import GRAM, Hashes, Key  # noqa: E402
from aisecops.model.provenance import Origin, TrustTier  # noqa: E402

PLACE = ROOT / "addons/aisecops/controls/provenance"
PACKAGES = 3
COPIED = 200
SEED = 7
FILES_OF_EACH, MOST_CHARACTERS, LEAST_CHARACTERS = 40, 60_000, 200
READ, TRACED = (10, 50, 200), 400
KINDS = frozenset(
    {".py", ".pyi", ".js", ".ts", ".css", ".html", ".txt", ".md", ".rst", ".toml", ".json", ".c", ".h", ".yaml", ".yml"}
)
NAMED = frozenset({"METADATA", "LICENSE", "COPYING", "NOTICE"})
KEY = Key.of(b"a key for benchmarks, 32 bytes ..")
NOTHING: tuple[Hashes, frozenset[str]] = np.array([np.iinfo(np.uint64).max], dtype=np.uint64), frozenset()

_NEEDED = re.compile(r"^Requires-Dist: ([\w.-]+)", re.MULTILINE)
_WHO = re.compile(r"^(?:Author|Author-email|Maintainer|Maintainer-email): (.+)$", re.MULTILINE)
_HOME = re.compile(r"https?://github\.com/([\w-]+)/")

type Packages = dict[str, list[str]]
type Told = list[tuple[str, str]]


@dataclass
class Kin:
    """What the metadata of the packages in one folder say of whom they have text from."""

    names: set[str] = field(default_factory=set)
    needs: set[str] = field(default_factory=set)
    people: set[str] = field(default_factory=set)

    def is_of(self, other: Kin) -> bool:
        """True when one needs the other, or somebody has made both."""
        return bool(self.names & (other.needs | other.names) or other.names & self.needs or self.people & other.people)


def kin(folders: Sequence[Path]) -> dict[str, Kin]:
    """By folder of a package, of whom it has text."""
    found: dict[str, Kin] = {}
    for about in (
        one for folder in [Path(sysconfig.get_paths()["purelib"]), *folders] for one in folder.glob("*.dist-info")
    ):
        if not (about / "METADATA").exists() or not (about / "RECORD").exists():
            continue
        said = (about / "METADATA").read_text("utf-8", "replace").partition("\n\n")[0]
        name = _plain(re.sub(r"-[0-9].*", "", about.name))
        rows = (about / "RECORD").read_text("utf-8", "replace").splitlines()
        for place in {name, *(_plain(re.split("[/,]", row)[0]) for row in rows if not row.startswith(("..", "__")))}:
            one = found.setdefault(place, Kin())
            one.names.add(name)
            one.needs |= {_plain(needed) for needed in _NEEDED.findall(said)}
            one.people |= {*_WHO.findall(said), *(home.lower() for home in _HOME.findall(said))}
    return found


def _plain(name: str) -> str:
    return name.lower().replace("-", "_")


def packages(folders: Sequence[Path]) -> Packages:
    """The texts of each package, at most `FILES_OF_EACH`; copies of others that a package carries are left out."""
    library = Path(sysconfig.get_paths()["stdlib"])
    found: dict[str, list[Path]] = {}
    for file in sorted([*library.glob("*.py"), *library.glob("*/*.py")]):
        if "site-packages" not in file.parts:
            found.setdefault(f"std:{file.relative_to(library).parts[0]}", []).append(file)
    for folder in [Path(sysconfig.get_paths()["purelib"]), *folders]:
        here: dict[str, list[Path]] = {}
        for place in sorted(folder.iterdir()):
            if place.is_dir() and place.name != "__pycache__":
                name = re.sub(r"-[0-9].*", "", place.name).lower().replace("-", "_")
                files = [one for one in sorted(place.rglob("*")) if one.suffix in KINDS or one.name in NAMED]
                here.setdefault(name, []).extend(
                    one for one in files if not any("vendor" in part for part in one.parts)
                )
        found = here | found
    pick = random.Random(SEED)
    texts = {name: _texts(pick.sample(files, min(len(files), FILES_OF_EACH))) for name, files in sorted(found.items())}
    return {name: some for name, some in texts.items() if some}


def _texts(files: Sequence[Path]) -> list[str]:
    read = [file.read_bytes().decode("utf-8", "replace") for file in files]
    return [text for text in read if LEAST_CHARACTERS < len(text) < MOST_CHARACTERS]


def common(texts: Packages) -> Hashes:
    """The stretches that stand in `PACKAGES` packages or more."""
    sets = []
    for some in texts.values():
        found = [idioms.stretches(normal) for text in some if len(normal := letters(text)) >= GRAM]
        if found:
            sets.append(np.unique(np.concatenate(found)))
    hashes, counts = np.unique(np.concatenate(sets), return_counts=True)
    return hashes[counts >= PACKAGES]


def ordinary(texts: Packages) -> frozenset[str]:
    """The words in imports of `PACKAGES` packages or more."""
    counts = Counter(word for some in texts.values() for word in set().union(*map(idioms.imported, some)))
    return frozenset(word for word, count in counts.items() if count >= PACKAGES)


def false_origins(read: Told, traced: Told, known: dict[str, Kin]) -> tuple[int, int, int, int]:
    """Of `traced` files, how many are compared, how many of those are taken for a quote, also of a stranger; copies."""
    index, whose = Index(), {}
    for number, (name, text) in enumerate(read):
        origin = Origin(
            origin_id=f"prv_{number}", tier=TrustTier.EXTERNAL, source="https://page.example", sha256="", at_ms=0
        )
        whose[origin.origin_id] = known.get(name, Kin())
        index.add(origin, fingerprint([text], KEY))
    compared = taken = strange = copies = 0
    for name, text in traced:
        found = trace(text, index, KEY)
        if any(len(letters(text[one.span.start : one.span.end])) >= COPIED for one in found):
            copies += 1
            continue
        own = known.get(name, Kin())
        compared += 1
        taken += bool(found)
        strange += any(not own.is_of(whose[one.origin.origin_id]) for one in found)
    return compared, taken, strange, copies


def measure(texts: Packages, known: dict[str, Kin]) -> None:
    """Print how often unrelated files are taken for quotes, without the table and with what was learned from others."""
    names = sorted(texts)
    random.Random(SEED).shuffle(names)
    learned, held = names[: len(names) * 2 // 3], names[len(names) * 2 // 3 :]
    seen = {name: texts[name] for name in learned}
    table, words = common(seen), ordinary(seen)
    print(f"{len(names)} packages, {len(table)} idioms and {len(words)} words from {len(learned)} of them")
    print(
        f"{'read':>6} {'traced':>7} {'without the table':>18} {'with it':>8} {'strangers':>10}  {'copies left out':>15}"
    )
    for size in READ:
        pick = random.Random(size)
        others = pick.sample(held, len(held))
        pages = [(name, text) for name in others[: len(others) // 2] for text in texts[name]]
        files = [(name, text) for name in others[len(others) // 2 :] for text in texts[name]]
        pages, files = pick.sample(pages, min(size, len(pages))), pick.sample(files, min(TRACED, len(files)))
        told = []
        for table_of, said in (NOTHING, (table, words)):
            idioms._table = lambda table_of=table_of: table_of  # noqa: SLF001 - the one place where another stands in
            idioms._ordinary = lambda said=said: said  # noqa: SLF001
            told.append(false_origins(pages, files, known))
        # a file that really copies may be one only by the idioms around what it copied: each column has its own
        (alone, before, _, _), (compared, after, strange, copies) = told
        print(
            f"{size:>6} {compared:>7} {before / alone:>18.1%} {after / compared:>8.1%} {strange / compared:>10.1%}"
            f"  {copies:>15}"
        )


def main() -> None:
    """Do what the first argument says."""
    folders = [Path(folder) for folder in sys.argv[2:]]
    texts = packages(folders)
    if sys.argv[1:2] == ["learn"]:
        table, words = common(texts), ordinary(texts)
        (PLACE / idioms.NAME).write_bytes(idioms.written(table))
        (PLACE / idioms.WORDS).write_text("\n".join(sorted(words)) + "\n")
        print(f"{len(table)} idioms and {len(words)} words from {len(texts)} packages")
    elif sys.argv[1:2] == ["measure"]:
        measure(texts, kin(folders))
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
