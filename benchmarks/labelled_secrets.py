# ruff: noqa: INP001, T201 - a script that prints, beside no package
"""How many secrets of labelled texts of yours the scan finds, and in how many texts without one it sees one.

Run it with `python benchmarks/labelled_secrets.py FILE... [--benign FOLDER,...] [--tell]` from the repository. A line
of a file is one JSON object: `text`, `secret` (true or false), `rule` (what kind of secret, or of none). Counted are
texts, and kinds that weigh the same, for one may have a hundred samples and another two. `--benign` adds pieces of four
kilobytes of the text files below a folder, as texts without a secret.

Only `SECRET` kinds count, as a rule of that name looks for them. What is printed of a text is never its value.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "addons"), str(ROOT / "tests")]

from aisecops.controls.dlp.scan import scan  # noqa: E402 - the paths come first
from aisecops.model.entities import GROUPS  # noqa: E402
from support.detectors import every_detector  # noqa: E402

PIECE = 4_096
MOST_BENIGN_FILES = 600
TEXTS = frozenset(
    {".css", ".csv", ".html", ".js", ".json", ".md", ".py", ".rst", ".svg", ".toml", ".txt", ".yaml", ".yml"}
)


def pieces(folder: Path) -> Iterator[tuple[str, str]]:
    """One piece of each of the first files below `folder`, in the order of a digest of their names."""
    files = [one for one in folder.rglob("*") if one.suffix in TEXTS and one.is_file()]
    files.sort(key=lambda one: hashlib.sha256(one.name.encode()).digest())
    for one in files[:MOST_BENIGN_FILES]:
        text = one.read_text("utf-8", "replace")
        middle = max(0, len(text) // 2 - PIECE // 2)
        if len(text) > PIECE // 8:
            yield f"{one.suffix} {one.relative_to(folder)}", text[middle : middle + PIECE]


class Counted:
    """What the scan says of texts."""

    def __init__(self, *, tell: bool) -> None:
        self._detectors = every_detector()
        self._tell = tell

    def found(self, text: str) -> list[str]:
        """The kinds of secret in `text`."""
        return [one.entity for one in scan([("body:", text)], GROUPS["SECRET"], self._detectors, b"key")]

    def labelled(self, path: Path) -> None:
        """Print recall and false alarms for the lines of `path`."""
        lines = [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]
        seen: dict[str, list[bool]] = defaultdict(list)
        for one in lines:
            if one["secret"]:
                seen[one["rule"]].append(bool(self.found(one["text"])))
        texts = [hit for hits in seen.values() for hit in hits]
        by_kind = sum(sum(hits) / len(hits) for hits in seen.values()) / max(len(seen), 1)
        print(f"{path.name}\n  secrets: {sum(texts)} of {len(texts)} texts, {sum(texts) / max(len(texts), 1):.1%}")
        print(f"  as {len(seen)} kinds that weigh the same: {by_kind:.1%}")
        wrong = Counter(one["rule"] for one in lines if not one["secret"] and self.found(one["text"]))
        without = sum(not one["secret"] for one in lines)
        if without:
            print(f"  without one: {wrong.total()} of {without} texts flagged, {wrong.total() / without:.1%}")
        if self._tell:
            missed = {rule: (hits.count(False), len(hits)) for rule, hits in sorted(seen.items()) if not all(hits)}
            print("".join(f"    missed: {rule} {few} of {all_}\n" for rule, (few, all_) in missed.items()), end="")
            print("".join(f"    false: {rule} {count}\n" for rule, count in wrong.most_common()), end="")

    def benign(self, folder: Path) -> None:
        """Print false alarms for the files below `folder`."""
        every = list(pieces(folder))
        alarms = [(name, what) for name, text in every if (what := self.found(text))]
        print(f"{folder}: {len(alarms)} of {len(every)} texts flagged, {len(alarms) / max(len(every), 1):.2%}")
        if self._tell:
            print("".join(f"    false: {name} {sorted(set(what))}\n" for name, what in alarms), end="")


def main() -> None:
    """Read the arguments, and print."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("files", nargs="+", type=Path)
    asked.add_argument("--benign", type=lambda text: [Path(one) for one in text.split(",")], default=[])
    asked.add_argument("--tell", action="store_true", help="name the kinds that were missed, and false alarms")
    chosen = asked.parse_args()
    counted = Counted(tell=chosen.tell)
    for path in chosen.files:
        counted.labelled(path)
    for folder in chosen.benign:
        counted.benign(folder)


if __name__ == "__main__":
    main()
