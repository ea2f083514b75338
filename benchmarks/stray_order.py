# ruff: noqa: INP001, S311, T201, TID251 - a script that prints, beside no package; what it makes is made from a seed
"""The learned injection detector: its weights made, and measured on what they were not made from.

    python benchmarks/stray_order.py unseen LABELLED.jsonl.gz
    python benchmarks/stray_order.py made LABELLED.jsonl.gz
    python benchmarks/stray_order.py train LABELLED.jsonl.gz

It learns from labelled texts (`benchmarks/injection.py` says their form), which must be licensed so that one may, from
the made ones in `injection_texts/`, and from documentation: Python's own and that of the packages in
`requirements.txt`. `unseen` leaves out each source in turn with everything of it, harmless texts too, learns from the
rest and measures what all detectors together say of what was left out. `made` does so with kinds, dresses and languages
of the made texts. `train` is `unseen`, whose left-out sources give the line, and then writes it with
weights learned from everything. All need
scikit-learn beside the project's own packages (`pip install scikit-learn`); what the gateway runs does not.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "addons"), str(ROOT / "benchmarks")]

from injection_texts import made  # noqa: E402 - the path comes first
from injection_texts.frames import FRAMES  # noqa: E402
from injection_texts.harmless import HARMLESS  # noqa: E402
from injection_texts.tasks import TASKS  # noqa: E402
from injection_texts.tongues import TONGUES  # noqa: E402
from learning import SEED, Row, Text, documents, head, labelled, learned, made_rows  # noqa: E402

from aisecops.controls.firewall.assess import assess, total  # noqa: E402
from aisecops.controls.firewall.detectors import DETECTORS, stray_order  # noqa: E402
from aisecops.controls.firewall.detectors.stray_order import BIAS, LINE  # noqa: E402

WEIGHTS = ROOT / "addons/aisecops/controls/firewall/detectors/stray_order.weights"
PINS = ROOT / "requirements.txt"
FALSE_ALARMS = 0.005
"""Share of documents of left-out sources in which the line may find an order."""
FLAG_AT, BLOCK_AT = 0.5, 0.9
ROUNDS, TEXTS, TIMES = 4, 100, 6
"""Of `made`: parts that are left out one after the other, orders of each kind, and copies of what is listed."""

LISTED = [one for one in DETECTORS if one.name != stray_order.DETECTOR.name]
type Weights = dict[str, float]
type Told = defaultdict[tuple[str, str], list[tuple[float, float, float]]]


def left_out(texts: list[Text], others: list[Row]) -> dict[str, Weights]:
    """For each source the weights that were learned without it."""
    found = {}
    for source in sorted({one.source for one in texts}):
        found[source] = learned((one for one in texts if one.source != source), others)
        print(f"  without {source}: {len(found[source])} traits", file=sys.stderr, flush=True)
    return found


def line_of(found: Iterable[tuple[Text, float]]) -> float:
    """The evidence that all but `FALSE_ALARMS` of the documents stay below."""
    harmless = sorted((sure for one, sure in found if one.document), reverse=True)
    return round(harmless[int(FALSE_ALARMS * len(harmless))] + 0.01, 2)


def scores(text: str, weights: Mapping[str, float]) -> tuple[float, float, float]:
    """What the learned detector of these weights comes to, what the listed ones do, and all of them."""
    own = stray_order.detector(weights)
    return total(assess(text, [own])), total(assess(text, LISTED)), total(assess(text, [*LISTED, own]))


def table(told: Told) -> None:
    """Each group's share of texts that are flagged, and that are blocked."""
    print(f"{'':48}  texts   learned    listed       all   blocked")
    for (what, name), of in sorted(told.items()):
        learned_one, listed, everything = zip(*of, strict=True)
        columns = ((learned_one, FLAG_AT), (listed, FLAG_AT), (everything, FLAG_AT), (everything, BLOCK_AT))
        shares = (sum(one >= line for one in column) / len(of) for column, line in columns)
        print(f"{what:6} {name:41} {len(of):6} " + " ".join(f"{100 * share:7.1f} %" for share in shares))


def unseen(texts: list[Text], others: list[Row]) -> float:
    """The table of sources, where each one's line comes from the others; and the line that comes from all."""
    without = left_out(texts, others)
    found = [(one, one.most(without[one.source])) for one in texts]
    told: Told = defaultdict(list)
    for source, weights in without.items():
        line = line_of(each for each in found if each[0].source != source)
        for one in texts:
            if one.source == source:
                seen = scores(one.text, weights | {LINE: line})
                what = "attack" if one.attack else "benign"
                told[what, f"{one.source} / {one.kind}"].append(seen)
                pooled = "documents (goal <= 1 %)" if one.document else "prompts (goal <= 5 %)"
                if one.attack:
                    pooled = "direct prompts" if one.kind.startswith("direct") else "indirect (goal >= 45 %)"
                told[what, f"~ all {pooled}"].append(seen)
    table(told)
    return line_of(found)


def of_made(texts: list[Text]) -> None:
    """The table of what is made: every part of it with weights that were learned without that part."""
    line = stray_order.WEIGHTS[LINE]
    told: Told = defaultdict(list)
    pick = random.Random(SEED + 1)
    groups = (TASKS, FRAMES, TONGUES, HARMLESS)
    for number in range(ROUNDS):
        kinds, dresses, tongues, harmless = (frozenset(list(group)[number::ROUNDS]) for group in groups)
        known = kinds | dresses | tongues | harmless
        weights = learned(texts, [*made_rows(known)]) | {LINE: line}
        of_kinds = (
            *made.orders(pick, TEXTS * len(kinds), (frozenset(TASKS) - kinds) | dresses),
            *made.tongues(pick, TIMES, frozenset(TONGUES) - tongues),
            *made.harmless(pick, TIMES, frozenset(HARMLESS) - harmless),
            *made.styled(pick, TIMES, kinds),
        )
        shown = [(one.kind, one) for one in of_kinds]
        for dress in sorted(dresses):
            others = frozenset(FRAMES) - {dress} | kinds | {"rules"}  # `rules` has few dresses
            shown += [(f"dress {dress}", one) for one in made.orders(pick, TEXTS, others)]
        for name, one in shown:
            told["attack" if one.order else "benign", name].append(scores(one.text, weights))
        print(f"  without {', '.join(sorted(known))}", file=sys.stderr, flush=True)
    table(told)


def train(texts: list[Text], others: list[Row], first_lines: str) -> None:
    """Weights and line, written."""
    line = unseen(texts, others)
    weights = learned(texts, others)
    rows = {BIAS: weights.pop(BIAS), LINE: line} | dict(sorted(weights.items()))
    WEIGHTS.write_text(
        first_lines + "".join(f"{name}\t{round(weight * 100)}\n" for name, weight in rows.items()), "utf-8"
    )
    print(f"{len(rows)} weights, {WEIGHTS.stat().st_size / 1000:.0f} KB, line {line:.2f}")


def main() -> None:
    """Measure, or learn and write."""
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["unseen", "made", "train"])
    parser.add_argument("file", type=Path)
    arguments = parser.parse_args()
    texts = [*labelled(arguments.file), *documents(PINS)]
    if arguments.what == "made":
        of_made(texts)
    elif arguments.what == "unseen":
        unseen(texts, [*made_rows()])
    else:
        train(texts, [*made_rows()], head(arguments.file, PINS))


if __name__ == "__main__":
    main()
