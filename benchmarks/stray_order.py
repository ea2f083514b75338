# ruff: noqa: INP001, T201, S311, TID251 - a script that prints, beside no package; what it makes is made from a seed
"""The learned injection detector: its weights made, and measured on sources that they were not made from.

    python benchmarks/stray_order.py unseen LABELLED.jsonl.gz [--benign FOLDER ...]
    python benchmarks/stray_order.py train LABELLED.jsonl.gz --line LINE [--benign FOLDER ...]

It learns from labelled texts (`benchmarks/injection.py` says their form), from the made ones in `injection_texts/`,
from the docstrings of Python's standard library, and from the documents in `--benign`, all of which must be licensed
so that one may. `unseen` leaves out each source in turn with everything of it, harmless texts too, learns from the
rest, measures on what was left out, and says where the line would be for `train`. It needs scikit-learn beside the
project's own packages (`pip install scikit-learn`); what the gateway runs does not.
"""

from __future__ import annotations

import argparse
import ast
import gzip
import json
import random
import sys
import sysconfig
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "addons"), str(ROOT / "benchmarks")]

from injection_texts import made  # noqa: E402 - the path comes first

from aisecops.controls.firewall.assess import assess, total  # noqa: E402
from aisecops.controls.firewall.detectors import stray_order  # noqa: E402
from aisecops.controls.firewall.sentences import sentences, traits  # noqa: E402

WEIGHTS = ROOT / "addons/aisecops/controls/firewall/detectors/stray_order.weights"
SEED = 11
ORDERS, TIMES = 7_000, 6
KEPT = 0.3
"""Share of a carrier's own sentences that are learned from: there are few carriers, and many copies."""
LEAST_TEXTS, LEAST_SOURCES = 4, 2
"""A trait that fewer sentences, or fewer sources, have is their peculiarity."""
TOO_COMMON = 0.015
"""A word that more of ordinary documents' sentences have is grammar."""
HARMLESS_WEIGHT = 2.0
STRENGTH = 0.5
"""Inverse of the regularisation, as scikit-learn counts it."""
FALSE_ALARMS = 0.004
"""Share of harmless documents of left-out sources that the line may let through as orders."""
SMALLEST = 0.1
"""A weight that is smaller is left out of the file."""
FLAG_AT = 0.5
DOCUMENTS = frozenset({"python", "benign"})

type Traits = frozenset[str]


@dataclass(frozen=True, slots=True)
class Text:
    """A labelled text: the traits of its sentences, and what the other detectors make of it."""

    source: str
    kind: str
    attack: bool
    text: str
    said: tuple[Traits, ...]


@dataclass(frozen=True, slots=True)
class Weights:
    """What was learned."""

    of: dict[str, float]
    bias: float

    def sure(self, said: Traits) -> float:
        """As `stray_order.evidence`."""
        size = max(len(said), stray_order.LEAST_TRAITS) ** 0.5
        return self.bias + sum(self.of.get(name, 0.0) for name in said) / size

    def most(self, text: Text) -> float:
        """Of all its sentences."""
        return max(map(self.sure, text.said), default=-9.0)


type Row = tuple[Traits, bool, str]  # a sentence, whether it is an order, and its source


def said_in(text: str) -> Iterator[tuple[Traits, int, int]]:
    """The sentences of `text` as traits, with their places."""
    for sentence in sentences(text):
        yield frozenset(name for name, _, _ in traits(sentence)), sentence.span.start, sentence.span.end


def labelled(path: Path) -> list[Text]:
    """The labelled texts of a file."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        rows: list[dict[str, Any]] = [json.loads(line) for line in lines]
    return [
        Text(
            row["source"],
            row["kind"],
            bool(row["label"]),
            row["text"],
            tuple(one for one, _, _ in said_in(row["text"])),
        )
        for row in rows
    ]


def made_rows() -> Iterator[Row]:
    """Sentences of the made texts."""
    pick = random.Random(SEED)
    for one in (*made.orders(pick, ORDERS), *made.tongues(pick, TIMES), *made.harmless(pick, TIMES)):
        for said, start, end in said_in(one.text):
            if start < one.end and end > one.start:
                yield said, one.order, f"made {one.kind}"
            elif pick.random() < KEPT:
                yield said, False, "made carriers"


def document_rows(folders: Sequence[Path]) -> Iterator[Row]:
    """Sentences of documents that hold no orders: Python's own, and those of the folders."""
    pick = random.Random(SEED)
    texts = [("python", text) for text in _docstrings()]
    pick.shuffle(texts)
    texts = texts[:350]
    for folder in folders:
        paths = sorted(path for path in folder.rglob("*") if path.suffix in {".md", ".html", ".rst", ".txt"})
        for path in pick.sample(paths, min(300, len(paths))):
            whole = path.read_text("utf-8", "replace")
            start = pick.randrange(max(1, len(whole) - 4_000))
            texts.append(("benign", whole[start : start + 4_000]))
    for source, text in texts:
        yield from ((said, False, source) for said, _, _ in said_in(text))


def _docstrings() -> Iterator[str]:
    library = Path(sysconfig.get_path("stdlib"))
    for path in sorted((*library.glob("*.py"), *library.glob("*/*.py"))):
        if "test" in path.as_posix() or "site-packages" in path.as_posix():
            continue
        tree = ast.parse(path.read_text("utf-8", "replace"))
        places = [one for one in ast.walk(tree) if isinstance(one, ast.Module | ast.ClassDef | ast.FunctionDef)]
        text = "\n\n".join(filter(None, map(ast.get_docstring, places)))
        yield from (text[start : start + 3_000] for start in range(0, min(len(text), 12_000), 3_000))


def learned(texts: Iterable[Text], others: list[Row]) -> Weights:
    """Weights from labelled texts and `others`. Twice: an attack's order is the sentence that looked most like one."""
    texts = list(texts)
    rows = others + [(said, False, one.source) for one in texts if not one.attack for said in one.said]
    weights = _fitted(rows)
    for one in texts:
        if one.attack and one.said and weights.most(one) > 0:
            rows.append((max(one.said, key=weights.sure), True, one.source))
    return _fitted(rows)


def _fitted(rows: list[Row]) -> Weights:
    from scipy.sparse import csr_matrix
    from sklearn.linear_model import LogisticRegression

    names = _worth_knowing(rows)
    place = {name: number for number, name in enumerate(names)}
    columns: list[int] = []
    values: list[float] = []
    ends = [0]
    for said, _, _ in rows:
        known = sorted(place[name] for name in said if name in place)
        columns += known
        values += [max(len(said), stray_order.LEAST_TRAITS) ** -0.5] * len(known)
        ends.append(len(columns))
    model = LogisticRegression(C=STRENGTH, solver="liblinear", tol=1e-3, max_iter=60, random_state=0)
    table = csr_matrix((values, columns, ends), shape=(len(rows), len(names)))
    model.fit(table, [order for _, order, _ in rows], sample_weight=_shares(rows))
    return Weights(dict(zip(names, map(float, model.coef_[0]), strict=True)), float(model.intercept_[0]))


def _worth_knowing(rows: list[Row]) -> list[str]:
    """Traits of more than one source that are not just grammar."""
    texts, common = Counter[str](), Counter[str]()
    sources = defaultdict[str, set[str]](set)
    ordinary = 0
    for said, _, source in rows:
        texts.update(said)
        for name in said:
            sources[name].add(source)
        if source in DOCUMENTS:
            ordinary += 1
            common.update(name for name in said if name[0] not in "=@")
    return sorted(
        name
        for name, count in texts.items()
        if count >= LEAST_TEXTS and len(sources[name]) >= LEAST_SOURCES and common[name] <= TOO_COMMON * ordinary
    )


def _shares(rows: list[Row]) -> list[float]:
    """How much each row counts: large sources more than small ones, but not by their size."""
    size = Counter((source, order) for _, order, source in rows)
    whole = {
        order: sum(size[source, order] ** -0.5 for _, one, source in rows if one == order) for order in (False, True)
    }
    shares = [
        (1 if order else HARMLESS_WEIGHT) * size[source, order] ** -0.5 / whole[order] for _, order, source in rows
    ]
    return [share * len(rows) / sum(shares) for share in shares]


def left_out(texts: list[Text], others: list[Row]) -> list[tuple[Text, float]]:
    """Every labelled text with how sure weights are of it that were learned without its source."""
    found = []
    for source in sorted({one.source for one in texts}):
        weights = learned((one for one in texts if one.source != source), others)
        found += [(one, weights.most(one)) for one in texts if one.source == source]
        print(f"  without {source}: {len(weights.of)} traits", file=sys.stderr, flush=True)
    return found


def line_of(found: list[tuple[Text, float]]) -> float:
    """The evidence that all but `FALSE_ALARMS` of the harmless documents stay below."""
    harmless = sorted((sure for one, sure in found if not one.attack and "prompt" not in one.kind), reverse=True)
    return harmless[int(FALSE_ALARMS * len(harmless))] + 0.01


def written(weights: Weights, line: float) -> None:
    """The weights as text, in hundredths."""
    rows = {"<bias>": weights.bias, "<line>": line}
    rows |= {name: weight for name, weight in sorted(weights.of.items()) if abs(weight) >= SMALLEST}
    head = "## trait <tab> weight in hundredths; made by benchmarks/stray_order.py, not by hand\n"
    WEIGHTS.write_text(head + "".join(f"{name}\t{round(weight * 100)}\n" for name, weight in rows.items()), "utf-8")
    print(f"{len(rows)} weights, {WEIGHTS.stat().st_size / 1000:.0f} KB, line {line:.2f}")


def told(found: list[tuple[Text, float]], line: float) -> None:
    """The table: what each left-out source's texts come to, alone and with the listed detectors."""
    print(f"{'':44} texts  learned   listed     both   (listed ones were tuned on these sources)")
    groups = defaultdict[tuple[bool, str], list[tuple[bool, bool]]](list)
    for one, sure in found:
        signs = [sign for sign in assess(one.text) if sign.detector != "stray_order"]
        seen = len(one.said) > 1 and sure >= line, total(signs) >= FLAG_AT
        groups[one.attack, f"{one.source} / {one.kind}"].append(seen)
        where = "direct prompts" if one.kind.startswith("direct") else "indirect, pooled"
        if not one.attack:
            where = "prompts, pooled (goal <= 5 %)" if "prompt" in one.kind else "documents, pooled (goal <= 1 %)"
        groups[one.attack, f"~ {where}"].append(seen)
    for (attack, name), of in sorted(groups.items(), reverse=True):
        columns = (np.mean([a for a, _ in of]), np.mean([b for _, b in of]), np.mean([a or b for a, b in of]))
        print(
            f"{'attack' if attack else 'benign'} {name:37} {len(of):5} "
            + " ".join(f"{100 * x:6.1f} %" for x in columns)
        )


def main() -> None:
    """Measure, or learn and write."""
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["unseen", "train"])
    parser.add_argument("file", type=Path)
    parser.add_argument("--benign", type=Path, nargs="*", default=[])
    parser.add_argument("--line", type=float, help="evidence at which a sentence is an order; `unseen` says it")
    arguments = parser.parse_args()
    if arguments.what == "train" and arguments.line is None:
        parser.error("train needs --line, which `unseen` prints")
    texts = labelled(arguments.file)
    others = [*made_rows(), *document_rows(arguments.benign)]
    if arguments.what == "train":
        written(learned(texts, others), arguments.line)
        return
    found = left_out(texts, others)
    line = line_of(found)
    print(f"line {line:.2f}")
    told(found, line)


if __name__ == "__main__":
    main()
