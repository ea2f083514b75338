# ruff: noqa: INP001, S311, TID251 - beside no package; what it makes is made from a seed
"""How the weights of `stray_order` are learned: from which texts, and what of them.

The same everywhere: seeds are fixed, and what Python and scikit-learn have to do with it stands in the file's head.
"""

from __future__ import annotations

import ast
import gzip
import hashlib
import importlib.metadata
import json
import platform
import pydoc_data.topics
import random
import re
import sysconfig
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from injection_texts import made, slots

from aisecops.controls.firewall.detectors import stray_order
from aisecops.controls.firewall.sentences import STEM, places_in, sentences, traits

SEED = 11
ORDERS, TIMES = 7_000, 6
KEPT = 0.3
"""Share of a carrier's own sentences that are learned from: there are few carriers, and many copies."""
DOCUMENTS, PIECE, MOST_PIECES = 350, 3_000, 4
"""Pieces of each kind of documentation, characters of a piece, and pieces of one document."""
LEAST_TEXTS, LEAST_SOURCES = 4, 2
"""A trait that fewer sentences, or fewer sources, have is their peculiarity."""
TOO_COMMON = 0.015
"""A word that more of ordinary documents' sentences have is grammar."""
HARMLESS_WEIGHT = 2.0
STRENGTH = 0.5
"""Inverse of the regularisation, as scikit-learn counts it."""
SMALLEST = 0.1
"""A weight that is smaller is left out."""
_ORDINARY = frozenset({"python", "packages"})
_NOTHING = -9.0
_ROUGHLY, _WELL = 1e-3, 1e-4  # how near to the best weights scikit-learn goes

type Traits = frozenset[str]
type Row = tuple[Traits, bool, str]  # a sentence, whether it is an order, and its source


@dataclass(frozen=True, slots=True)
class Text:
    """A text and its sentences as traits; `weighed` are those that the line is drawn for: a text has more than one."""

    source: str
    kind: str
    attack: bool
    text: str
    said: tuple[Traits, ...]
    weighed: tuple[Traits, ...]

    @property
    def document(self) -> bool:
        """True when it is harmless and no prompt of a person."""
        return not self.attack and "prompt" not in self.kind

    def most(self, weights: Mapping[str, float]) -> float:
        """The strongest evidence of all its sentences that the line is drawn for."""
        return max((stray_order.weighed(said, weights) for said in self.weighed), default=_NOTHING)


def text_of(source: str, kind: str, text: str, *, attack: bool) -> Text:
    """A text with its traits."""
    found = [(frozenset(traits(one)), one.place != "alone" and stray_order.may_be_one(one)) for one in sentences(text)]
    return Text(source, kind, attack, text, tuple(said for said, _ in found), tuple(said for said, may in found if may))


def labelled(path: Path) -> list[Text]:
    """The labelled texts of a file."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        rows: list[dict[str, Any]] = [json.loads(line) for line in lines]
    return [text_of(row["source"], row["kind"], row["text"], attack=bool(row["label"])) for row in rows]


def documents(pins: Path) -> list[Text]:
    """Documentation that holds no orders: Python's own, and what the packages in `pins` say of themselves."""
    pick = random.Random(SEED)
    found = []
    for source, texts in (("python", _of_python()), ("packages", _of_packages(pins))):
        pieces = [piece for text in texts for piece in _pieces(text)]
        chosen = pick.sample(pieces, min(DOCUMENTS, len(pieces)))
        found += [text_of(source, "benign-docs", piece, attack=False) for piece in chosen]
    return found


def _pieces(text: str) -> list[str]:
    return [text[start : start + PIECE] for start in range(0, min(len(text), MOST_PIECES * PIECE), PIECE)]


def _of_python() -> Iterator[str]:
    yield from (text for _, text in sorted(pydoc_data.topics.topics.items()))
    library = Path(sysconfig.get_path("stdlib"))
    for path in sorted((*library.glob("*.py"), *library.glob("*/*.py"))):
        if "test" in path.as_posix() or "site-packages" in path.as_posix():
            continue
        tree = ast.parse(path.read_text("utf-8", "replace"))
        places = [one for one in ast.walk(tree) if isinstance(one, ast.Module | ast.ClassDef | ast.FunctionDef)]
        yield "\n\n".join(filter(None, map(ast.get_docstring, places)))


def _of_packages(pins: Path) -> Iterator[str]:
    pinned = defaultdict[str, set[str]](set)  # of some there is one version for each Python
    for name, version in re.findall(r"^([\w.-]+)==([\w.+-]+)", pins.read_text("utf-8"), re.MULTILINE):
        pinned[name].add(version)
    for name, versions in sorted(pinned.items()):
        try:
            package = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            continue  # a package of another platform
        if package.version not in versions:
            raise SystemExit(f"{name} is {package.version} here and not as in {pins.name}: run `make setup`")
        yield str(package.metadata.get_payload() or "")


def made_rows(without: frozenset[str] = frozenset()) -> Iterator[Row]:
    """Sentences of the made texts, without what `without` names."""
    pick = random.Random(SEED)
    for one in (
        *made.orders(pick, ORDERS, without),
        *made.tongues(pick, TIMES, without),
        *made.harmless(pick, TIMES, without),
    ):
        for sentence in sentences(one.text):
            said, span = frozenset(traits(sentence)), sentence.span_in(places_in(one.text, sentence.row))
            if span.start < one.end and span.end > one.start:
                yield said, one.order, f"made {one.kind}"
            elif pick.random() < KEPT:
                yield said, False, "made carriers"


def learned(texts: Iterable[Text], others: list[Row]) -> dict[str, float]:
    """Weights as the file has them, without a line, from `texts` and `others`.

    Twice: an attack's order is the sentence that looked most like one.
    """
    texts = list(texts)
    rows = others + [(said, False, one.source) for one in texts if not one.attack for said in one.said]
    weights = _fitted(rows, _ROUGHLY)
    for one in texts:
        strongest = (
            max(one.said, key=lambda said: stray_order.weighed(said, weights), default=None) if one.attack else None
        )
        if strongest is not None and stray_order.weighed(strongest, weights) > 0:
            rows.append((strongest, True, one.source))
    found = _fitted(rows, _WELL)
    return {
        name: round(weight, 2) for name, weight in found.items() if abs(weight) >= SMALLEST or name == stray_order.BIAS
    }


def _fitted(rows: list[Row], tolerance: float) -> dict[str, float]:
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
    model = LogisticRegression(C=STRENGTH, solver="lbfgs", tol=tolerance, max_iter=200)
    table = csr_matrix((values, columns, ends), shape=(len(rows), len(names)))
    model.fit(table, [order for _, order, _ in rows], sample_weight=_shares(rows))
    return {stray_order.BIAS: float(model.intercept_[0])} | dict(zip(names, map(float, model.coef_[0]), strict=True))


def _worth_knowing(rows: list[Row]) -> list[str]:
    """Traits of more than one source that are not just grammar, nor a name that people have here alone."""
    texts, common = Counter[str](), Counter[str]()
    sources = defaultdict[str, set[str]](set)
    ordinary = 0
    for said, _, source in rows:
        texts.update(said)
        for name in said:
            sources[name].add(source)
        if source in _ORDINARY:
            ordinary += 1
            common.update(name for name in said if name[0] not in "=@")
    names = slots.NAMES | {f"{name[:STEM]}-" for name in slots.NAMES if len(name) > STEM}
    return sorted(
        name
        for name, count in texts.items()
        if count >= LEAST_TEXTS
        and len(sources[name]) >= LEAST_SOURCES
        and common[name] <= TOO_COMMON * ordinary
        and names.isdisjoint(name.split())
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
    scale = len(rows) / sum(shares)
    return [share * scale for share in shares]


def head(labelled_file: Path, pins: Path) -> str:
    """The comment that the file of weights begins with: what somebody needs who wants to make the same."""
    import sklearn

    texts = hashlib.sha256(gzip.decompress(labelled_file.read_bytes())).hexdigest()
    packages = hashlib.sha256(pins.read_bytes()).hexdigest()
    return (
        "## trait <tab> weight in hundredths; made by `benchmarks/stray_order.py train`, not by hand,\n"
        f"## with Python {platform.python_version()}, scikit-learn {sklearn.__version__},"
        f" packages as in the requirements.txt with the SHA-256 {packages},\n"
        f"## and labelled texts with the SHA-256 {texts}\n"
    )
