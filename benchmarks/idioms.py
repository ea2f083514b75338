# ruff: noqa: INP001, T201, S311, TID251 - a script that prints, beside no package; its choice is made from a seed
"""Idioms of programs and pages: the table learned, and how often unrelated files are taken for quotes of each other.

    python benchmarks/idioms.py measure [FOLDER...]
    python benchmarks/idioms.py learn [FOLDER...]

Files are those of Python's library, of the packages beside this Python, and of more folders of packages. What stands in
`PACKAGES` of them or more is an idiom. `measure` learns from two thirds of the packages, has an agent read files of
half of the others, and traces files of the other half: what is found there is no quote, but for stretches of `COPIED`
letters and more, which somebody really copied; such files are left out and counted apart.
"""

from __future__ import annotations

import random
import re
import sys
import sysconfig
from collections import Counter
from collections.abc import Sequence
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
PACKAGES = 4
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

type Packages = dict[str, list[str]]


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


def false_origins(read: Sequence[str], traced: Sequence[str]) -> tuple[int, int, int]:
    """Of `traced` files, how many are compared, how many of those are taken for a quote, and how many really copy."""
    index = Index()
    for number, text in enumerate(read):
        origin = Origin(
            origin_id=f"prv_{number}", tier=TrustTier.EXTERNAL, source="https://page.example", sha256="", at_ms=0
        )
        index.add(origin, fingerprint([text], KEY))
    compared = taken = copies = 0
    for text in traced:
        found = trace(text, index, KEY)
        if any(len(letters(text[one.span.start : one.span.end])) >= COPIED for one in found):
            copies += 1
            continue
        compared += 1
        taken += bool(found)
    return compared, taken, copies


def measure(texts: Packages) -> None:
    """Print how often unrelated files are taken for quotes, without the table and with what was learned from others."""
    names = sorted(texts)
    random.Random(SEED).shuffle(names)
    learned, held = names[: len(names) * 2 // 3], names[len(names) * 2 // 3 :]
    seen = {name: texts[name] for name in learned}
    table, words = common(seen), ordinary(seen)
    print(f"{len(names)} packages, {len(table)} idioms and {len(words)} words from {len(learned)} of them")
    print(f"{'read':>6} {'traced':>7} {'without the table':>18} {'with it':>8}  {'copies left out':>15}")
    for size in READ:
        pick = random.Random(size)
        others = pick.sample(held, len(held))
        pages = [text for name in others[: len(others) // 2] for text in texts[name]]
        files = [text for name in others[len(others) // 2 :] for text in texts[name]]
        pages, files = pick.sample(pages, min(size, len(pages))), pick.sample(files, min(TRACED, len(files)))
        told = []
        for known, said in (NOTHING, (table, words)):
            idioms._table = lambda known=known: known  # noqa: SLF001 - the one place where another stands in
            idioms._ordinary = lambda said=said: said  # noqa: SLF001
            told.append(false_origins(pages, files))
        # a file that really copies may be one only by the idioms around what it copied: each column has its own
        (alone, before, _), (compared, after, copies) = told
        print(f"{size:>6} {compared:>7} {before / alone:>18.1%} {after / compared:>8.1%}  {copies:>15}")


def main() -> None:
    """Do what the first argument says."""
    texts = packages([Path(folder) for folder in sys.argv[2:]])
    if sys.argv[1:2] == ["learn"]:
        table, words = common(texts), ordinary(texts)
        (PLACE / idioms.NAME).write_bytes(idioms.written(table))
        (PLACE / idioms.WORDS).write_text("\n".join(sorted(words)) + "\n")
        print(f"{len(table)} idioms and {len(words)} words from {len(texts)} packages")
    elif sys.argv[1:2] == ["measure"]:
        measure(texts)
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
