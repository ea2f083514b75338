# ruff: noqa: INP001, T201 - a script that prints, beside no package
"""What the injection detectors see, and what they cost: recall and false alarms by source and kind, ms per KB.

Run it with `python benchmarks/injection.py LABELLED.jsonl.gz [--unseen SOURCE,...]` from the repository. A line of
the file is one JSON object: `source`, `kind`, `label` (1 attack, 0 benign), `text`. Sources named as unseen are those
that nobody looked at while the detectors were written; they are counted apart. Times are CPU of one thread.
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "addons")]

from injection_texts.about import ABOUT  # noqa: E402
from injection_texts.carriers import CARRIERS  # noqa: E402

from aisecops.controls.firewall.assess import assess, total  # noqa: E402 - the path comes first

FLAG_AT, BLOCK_AT = 0.5, 0.9


class _Filled(dict[str, str]):
    """Fills the slots of a carrier: those that it has no word for with their name."""

    def __missing__(self, key: str) -> str:
        return key


def share(scores: Iterable[float], line: float) -> str:
    """How many of `scores` reach `line`, in per cent."""
    kept = list(scores)
    return f"{100 * sum(one >= line for one in kept) / len(kept):6.1f} %" if kept else "     - "


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("file", type=Path)
    parser.add_argument("--unseen", default="")
    arguments = parser.parse_args()
    with gzip.open(arguments.file, "rt", encoding="utf-8") as lines:
        rows: list[dict[str, Any]] = [json.loads(line) for line in lines]
    unseen = set(arguments.unseen.split(",")) - {""}
    scores: defaultdict[tuple[int, str, str], list[float]] = defaultdict(list)
    by_detector: Counter[tuple[int, str]] = Counter()
    spent = 0.0
    for row in rows:
        before = time.thread_time()
        found = assess(row["text"])
        spent += time.thread_time() - before
        scores[row["label"], row["source"], row["kind"]].append(total(found))
        by_detector.update({(row["label"], one.detector): 1 for one in found})
    print(f"{1_000 * spent / sum(len(row['text']) / 1_000 for row in rows):.2f} ms per KB of new text")
    print(f"{'':50}  texts   flagged  over block")
    for (label, source, kind), of in sorted(scores.items()):
        name = f"{'attack' if label else 'benign'} {source} / {kind}{' (unseen)' if source in unseen else ''}"
        print(f"{name:50} {len(of):6}  {share(of, FLAG_AT)}  {share(of, BLOCK_AT)}")
    for word, wanted in (("all", None), ("unseen", unseen), ("seen", {row["source"] for row in rows} - unseen)):
        for label in (1, 0):
            of = [
                one
                for key, ones in scores.items()
                if key[0] == label and (wanted is None or key[1] in wanted)
                for one in ones
            ]
            if of and unseen:
                name = f"{word} {'attacks' if label else 'benign'}"
                print(f"{name:50} {len(of):6}  {share(of, FLAG_AT)}  {share(of, BLOCK_AT)}")
    print("\nsentences about injections (`injection_texts/about.py`), which nothing was learned from")
    carriers = [*CARRIERS["page"], *CARRIERS["mail"]]
    for name, texts in (
        ("alone", ABOUT),
        ("in a page or a mail", [one.format_map(_Filled(body=said)) for said in ABOUT for one in carriers]),
    ):
        of = [total(assess(text)) for text in texts]
        print(f"{name:50} {len(of):6}  {share(of, FLAG_AT)}  {share(of, BLOCK_AT)}")
    print("\ntexts in which each detector saw something: attacks, benign")
    for name in sorted({name for _, name in by_detector}):
        print(f"{name:50} {by_detector[1, name]:6} {by_detector[0, name]:6}")


if __name__ == "__main__":
    main()
