# ruff: noqa: INP001, T201, S311, TID251 - a script that prints, beside no package; its choice is made from a seed
"""Idioms of programs and pages: the table learned, and how often unrelated files are taken for quotes of each other.

    python benchmarks/idioms.py measure [FOLDER...] [--tell]
    python benchmarks/idioms.py learn [FOLDER...]

Files are those of `packages.py`. What stands in packages of `OWNERS` owners or more is an idiom. `measure` learns from
one half of the packages of every kind, has an agent read `READ` files of half of the others, and traces files of the
rest: what is found there of packages of which none needs the other, and which nobody has made both. Of these files it
says in how many `LONG` letters and more in a row do stand in both, where something was found: somebody has copied
them. The rest is what fewer letters were enough for. Nothing was chosen by the half that is measured; `tuning` measures
the other, with what was learned from half of it, and `--tell` prints what was found there.
"""

from __future__ import annotations

import random
import sys
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "addons"), str(Path(__file__).parent)]

from packages import SEED, Kin, Packages, Shelf, is_tuning, shelves, texts  # noqa: E402 - the path comes first

from aisecops.controls.provenance import idioms  # noqa: E402
from aisecops.controls.provenance.fingerprint import fingerprint  # noqa: E402
from aisecops.controls.provenance.index import Index  # noqa: E402
from aisecops.controls.provenance.letters import letters, plain  # noqa: E402
from aisecops.controls.provenance.trace import QUOTE_OF_PROGRAMS as LONG  # noqa: E402
from aisecops.controls.provenance.trace import trace  # noqa: E402
from aisecops.controls.provenance.winnow import GRAM, Hashes, Key  # noqa: E402
from aisecops.model.provenance import Origin, Traced, TrustTier  # noqa: E402

PLACE = ROOT / "addons/aisecops/controls/provenance"
OWNERS = 3
READ, TRACED = 200, 400
AROUND = 150
"""Characters around what was found in which the longest common stretch is looked for."""
KEY = Key.of(b"a key for benchmarks, 32 bytes ..")

type Halves = dict[str, Packages]


def by_owner(halves: Halves, kin: dict[str, dict[str, Kin]]) -> Packages:
    """The texts of all kinds of packages, together where one person or organisation has published them."""
    found: Packages = defaultdict(list)
    for kind, some in halves.items():
        for name, said in some.items():
            owners = kin[kind].get(name, Kin()).people
            found[min(owners, default=name)] += said
    return found


def common(owned: Packages) -> Hashes:
    """The stretches that stand in texts of `OWNERS` or more."""
    sets = []
    for some in owned.values():
        found = [idioms.stretches(normal) for text in some if len(normal := letters(text)) >= GRAM]
        if found:
            sets.append(np.unique(np.concatenate(found)))
    hashes, counts = np.unique(np.concatenate(sets), return_counts=True)
    return hashes[counts >= OWNERS]


def ordinary(owned: Packages) -> frozenset[str]:
    """The words in imports of `OWNERS` or more."""
    counts = Counter(word for some in owned.values() for word in set().union(*map(idioms.imported, some)))
    return frozenset(word for word, count in counts.items() if count >= OWNERS)


def longest_in_both(one: str, other: str) -> str:
    """The longest stretch of letters that both have."""
    least, most, where = 0, min(len(one), len(other)), 0
    while least < most:
        size = (least + most + 1) // 2
        stretches = {one[at : at + size] for at in range(len(one) - size + 1)}
        at = next((at for at in range(len(other) - size + 1) if other[at : at + size] in stretches), None)
        if at is None:
            most = size - 1
        else:
            least, where = size, at
    return other[where : where + least]


def found_in(some: Packages, kin: dict[str, Kin], *, tell: bool) -> tuple[int, int, int]:
    """Of files of one half of `some`, how many are traced, in how many something is found, and how many do share it."""
    names = sorted(some)
    random.Random(SEED).shuffle(names)
    pick = random.Random(SEED)
    pages = [(name, text) for name in names[::2] for text in some[name]]
    files = [(name, text) for name in names[1::2] for text in some[name]]
    pages, files = pick.sample(pages, min(READ, len(pages))), pick.sample(files, min(TRACED, len(files)))
    index = Index()
    for number, (_, text) in enumerate(pages):
        origin = Origin(
            origin_id=str(number), tier=TrustTier.EXTERNAL, source="https://page.example", sha256="", at_ms=0
        )
        index.add(origin, fingerprint([text], KEY))

    def shared(text: str, one: Traced) -> str:
        near = text[max(0, one.span.start - AROUND) : one.span.end + AROUND]
        return longest_in_both(plain(near), plain(pages[int(one.origin.origin_id)][1]))

    taken = real = 0
    for name, text in files:
        strange = [
            one
            for one in trace(text, index, KEY)
            if not kin.get(name, Kin()).is_of(kin.get(pages[int(one.origin.origin_id)][0], Kin()))
        ]
        if not strange:
            continue
        longest = max((shared(text, one) for one in strange), key=len)
        taken += 1
        real += len(longest) >= LONG
        if tell:
            print(f"    {name}: {len(longest)} {longest[:150]}")
    return len(files), taken, real


def halved(packages: Halves, *, half: bool, by: str = "") -> Halves:
    """One half of the packages of each kind."""
    return {
        kind: {name: said for name, said in some.items() if is_tuning(f"{by}{name}") is half}
        for kind, some in packages.items()
    }


def measure(halves: dict[bool, Halves], kin: dict[str, dict[str, Kin]], *, tell: bool) -> None:
    """Print how often unrelated files are taken for quotes, in the half that nothing was chosen by and in the other."""
    tuning = halves[True]
    first, second = (halved(tuning, half=half, by="again:") for half in (True, False))
    print(f"{'':33}{'traced':>7} {'with any':>9} {f'{LONG} letters in both':>19} {'the rest':>14}")
    for told, learned, measured in (("tuning", first, second), ("held out", tuning, halves[False])):
        owned = by_owner(learned, kin)
        table, words = common(owned), ordinary(owned)
        idioms._table = lambda table=table: table  # noqa: SLF001 - the one place where another stands in
        idioms._ordinary = lambda words=words: words  # noqa: SLF001
        print(f"{told}: {len(table)} idioms and {len(words)} words of {len(owned)} owners")
        for kind, some in measured.items():
            traced, taken, real = found_in(some, kin[kind], tell=tell and told == "tuning")
            if traced:
                rest = taken - real
                print(f"    {kind:29}{traced:>7} {taken:>9} {real:>19} {rest:>7} {rest / traced:>6.1%}")


def main() -> None:
    """Do what the first argument says."""
    folders = [Path(folder).resolve() for folder in sys.argv[2:] if folder != "--tell"]
    shelved: dict[str, Shelf] = shelves(folders)
    kin = {kind: shelf.kin for kind, shelf in shelved.items()}
    said = {kind: texts(shelf) for kind, shelf in shelved.items()}
    if sys.argv[1:2] == ["learn"]:
        owned = by_owner(said, kin)
        table, words = common(owned), ordinary(owned)
        (PLACE / idioms.NAME).write_bytes(idioms.written(table))
        (PLACE / idioms.WORDS).write_text("\n".join(sorted(words)) + "\n")
        print(f"{len(table)} idioms and {len(words)} words of {len(owned)} owners")
    elif sys.argv[1:2] == ["measure"]:
        measure({half: halved(said, half=half) for half in (True, False)}, kin, tell="--tell" in sys.argv)
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
