# ruff: noqa: INP001, T201 - a script that prints, beside no package
"""What is found and what is found wrongly, by kind, beside plain Presidio and detect-secrets in the same run.

Run it with `python benchmarks/detection.py [--cases N] [--rounds N] [--looks N] [--labelled FILE]` from the repository.
Cases are made from a seed: each value stands in a text of prose, JSON, code or a log; benign texts hold what looks like
one and is none. Peers that are not installed are left out, with a sentence. FILE holds texts of yours, gzipped, one
JSON object a line: `{"text": ..., "spans": [{"entity": ..., "start": ..., "end": ...}]}`.
"""

from __future__ import annotations

import argparse
import base64
import gc
import gzip
import hashlib
import importlib
import json
import statistics
import sys
import sysconfig
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "addons"), str(ROOT / "tests")]

from aisecops.controls.dlp.detector import Detector  # noqa: E402 - the paths come first
from aisecops.controls.dlp.scan import scan  # noqa: E402
from aisecops.controls.dlp.triggers import may_hold  # noqa: E402
from aisecops.model.entities import ENTITIES, GROUPS  # noqa: E402
from support.detectors import every_detector  # noqa: E402
from support.samples import ALNUM, Random, card, iban, letters, mail, phone, secrets, social_security  # noqa: E402

STRUCTURED = ("CREDIT_CARD", "IBAN_CODE", "US_SSN", "EMAIL_ADDRESS", "PHONE_NUMBER")
STRONG = frozenset(name for name, entity in ENTITIES.items() if entity.strong)
FORMS = (
    "Please note: {}.", '{{"id": 7, "value": "{}", "ok": true}}', "x = load('{}')  # here",
    "10:00:00Z INFO value={} done",
    "name,value\nann,{}\n", "<field>{}</field>", "Dear all,\n\nit is {}\n\nBest, Ann", "- item: {}\n",
)  # fmt: skip
NAMED = (
    'acme_api_key = "{}"',
    "DB_PASSWORD={}",
    '{{"client_secret": "{}"}}',
    "token: {}",
    "--api-key {} run",
    "<password>{}</password>",
)

NATIONAL = {
    "BR_CPF": ("br.cpf", 11, "", "CPF"), "NL_BSN": ("nl.bsn", 9, "", "BSN"), "PL_PESEL": ("pl.pesel", 11, "", "PESEL"),
    "PT_NIF": ("pt.nif", 9, "", "NIF"), "HR_OIB": ("hr.oib", 11, "", "OIB"),
    "DE_TAX_ID": ("de.idnr", 11, "", "Steuer-ID"),
    "ES_NIF": ("es.dni", 8, "TRWAGMYFPDXBNJZSQVHLCKE", "DNI"), "IN_AADHAAR": ("in_.aadhaar", 12, "", "aadhaar"),
    "CA_SIN": ("ca.sin", 9, "", "social insurance number"), "RO_CNP": ("ro.cnp", 13, "", "CNP"),
}  # fmt: skip
"""By kind: what checks it, how many digits it has, what letter follows, and the word that names it."""

type Finder = Callable[[str], Iterable[tuple[str, int, int]]]
"""What is in a text: entity, start, end."""


def valued(chance: Random, cases: int) -> Iterator[tuple[str, str, str]]:
    """Texts with one value each: `(entity, value, text)`."""
    makers = {"CREDIT_CARD": lambda: card(chance, chance.choice(("", " ", "-"))), "IBAN_CODE": lambda: iban(chance),
              "US_SSN": lambda: social_security(chance), "EMAIL_ADDRESS": lambda: mail(chance),
              "PHONE_NUMBER": lambda: phone(chance)}  # fmt: skip
    for _ in range(cases):
        for entity, make in makers.items():
            value = make()
            yield entity, value, chance.choice(FORMS).format(value)
        _, (entity, value) = chance.choice(list(secrets(chance).items()))
        yield "SECRET", value, chance.choice(FORMS).format(value)
        value = letters(chance, ALNUM, chance.randint(20, 40))
        yield "SECRET", value, chance.choice(NAMED).format(value)


def national(chance: Random, cases: int) -> Iterator[tuple[str, str, str]]:
    """Texts with one national number each, behind the word that names it."""
    for entity, (module, digits, letters_behind, word) in NATIONAL.items():
        is_valid = importlib.import_module(f"stdnum.{module}").is_valid
        for _ in range(cases):
            value = ""
            while not is_valid(value):
                value = letters(chance, "1235689", 1) + letters(chance, "0123456789", digits - 1)
                value += chance.choice(letters_behind) if letters_behind else ""
            yield (
                entity,
                value,
                chance.choice((f"{word}: {value}", f"his {word} is {value}.", f'{{"{word}": "{value}"}}')),
            )


def source_files(count: int) -> list[str]:
    """The beginning of Python's own source files without its tests, the first by a digest of their names."""
    folder = Path(sysconfig.get_paths()["stdlib"])
    files = [one for one in folder.rglob("*.py") if not {"site-packages", "test", "tests"} & {*one.parts}]
    files.sort(key=lambda one: hashlib.sha256(str(one.relative_to(folder)).encode()).digest())
    return [one.read_text("utf-8", "replace")[:10_000] for one in files[:count]]


def benign(chance: Random, cases: int) -> Iterator[str]:
    """Texts that hold no secret and nobody's data: hashes, identifiers, pictures, lock files, minified code."""
    makers = (
        lambda: f'"integrity": "sha512-{base64.b64encode(chance.randbytes(64)).decode()}"',
        lambda: f"{uuid.UUID(bytes=chance.randbytes(16), version=4)} order {chance.randint(1, 10**6)}",
        lambda: f"commit {chance.randbytes(20).hex()}\nAuthor: bot",
        lambda: f'<img src="data:image/png;base64,{base64.b64encode(chance.randbytes(600)).decode()}">',
        lambda: f'resolved "https://registry.example/p/-/p-{chance.randint(1, 9)}.tgz#{chance.randbytes(20).hex()}"',
        lambda: "!function(e,t){" + ";".join(f"{letters(chance, 'abcdefxyz', 1)}.{letters(chance, 'abcdefxyz', 4)}="
                                             f"{chance.random():.4f}" for _ in range(40)) + "}(this);",
        lambda: f"version {chance.randint(0, 20)}.{chance.randint(0, 20)}.7 at 2024-0{chance.randint(1, 9)}-11",
        lambda: f"sha256:{hashlib.sha256(chance.randbytes(8)).hexdigest()}  file-{chance.randint(1, 999)}.whl",
        lambda: 'password = os.environ["DB_PASSWORD"]\ntoken = get_token(user)\nmax_tokens: 4096\n',
    )  # fmt: skip
    for _ in range(cases):
        yield chance.choice(makers)()


def ours(detectors: tuple[Detector, ...], kinds: frozenset[str] = STRONG) -> Finder:
    """The scan as the workers do it."""

    def find(text: str) -> Iterator[tuple[str, int, int]]:
        for one in scan([("body:", text)], kinds, detectors, b"key"):
            entity = "SECRET" if one.entity in GROUPS["SECRET"] else one.entity
            yield entity, one.span.start, one.span.end

    return find


def presidio(kinds: tuple[str, ...] | None = STRUCTURED) -> Finder | None:
    """Presidio's analyzer with a blank pipeline, as it comes; None for all kinds it has."""
    try:
        import spacy
        import tldextract
        from presidio_analyzer import AnalyzerEngine, RecognizerRegistry
        from presidio_analyzer.nlp_engine import SpacyNlpEngine
    except ImportError:
        return None
    tldextract.extract = tldextract.TLDExtract(cache_dir=None, suffix_list_urls=())  # it would ask the network
    engine = SpacyNlpEngine()
    engine.nlp = {"en": spacy.blank("en")}
    registry = RecognizerRegistry(supported_languages=["en"])
    registry.load_predefined_recognizers(languages=["en"], nlp_engine=engine)
    analyzer = AnalyzerEngine(registry=registry, nlp_engine=engine, supported_languages=["en"])

    def find(text: str) -> Iterator[tuple[str, int, int]]:
        for one in analyzer.analyze(text, "en", entities=list(kinds) if kinds else None, score_threshold=0.4):
            yield one.entity_type, one.start, one.end

    return find


def detect_secrets() -> Finder | None:
    """detect-secrets with its default plugins; it names lines, so a finding is the whole line."""
    try:
        from detect_secrets import SecretsCollection
        from detect_secrets.settings import default_settings
    except ImportError:
        return None

    def find(text: str) -> Iterator[tuple[str, int, int]]:
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
            file.write(text)
            file.flush()
            with default_settings():
                found = SecretsCollection()
                found.scan_file(file.name)
            starts = [0]
            for line in text.splitlines(keepends=True):
                starts.append(starts[-1] + len(line))
            for _, secret in found:
                yield "SECRET", starts[secret.line_number - 1], starts[min(secret.line_number, len(starts) - 1)]

    return find


def recall(find: Finder, cases: list[tuple[str, str, str]]) -> dict[str, float]:
    """By entity, the part of the values that was found."""
    met, seen = Counter[str](), Counter[str]()
    for entity, value, text in cases:
        at = text.index(value)
        met[entity] += 1
        seen[entity] += any(e == entity and s < at + len(value) and at < t for e, s, t in find(text))
    return {entity: seen[entity] / met[entity] for entity in met}


def precision(
    find: Finder, cases: list[tuple[str, str, str]], texts: list[str], *, any_kind: bool = False
) -> dict[str, float]:
    """By entity, the part of what was found that is there; with `any_kind` also under another kind's name."""
    told, right = Counter[str](), Counter[str]()
    for entity, value, text in [*cases, *(("", "", text) for text in texts)]:
        at = text.index(value)
        for e, start, end in find(text):
            told[e] += 1
            right[e] += (e == entity or (any_kind and bool(value))) and start < at + len(value) and at < end
    return {entity: right[entity] / told[entity] for entity in told}


def false_alarms(find: Finder, texts: list[str], entities: frozenset[str]) -> float:
    """The part of the texts in which something was found that is not there."""
    return sum(any(entity in entities for entity, _, _ in find(text)) for text in texts) / len(texts)


def ms_per_kb(find: Finder, text: str, rounds: int) -> float:
    """The median CPU time of a look at `text`."""
    taken = []
    for _ in range(rounds):
        before = time.process_time()
        tuple(find(text))
        taken.append((time.process_time() - before) * 1000)
    return statistics.median(taken) / (len(text) / 1000)


def slowest_ms(find: Finder, texts: list[str]) -> float:
    """The CPU time that no more than one look in a hundred takes longer than."""
    taken = []
    gc.collect()
    gc.freeze()  # as a worker does when it has started
    for text in texts:
        before = time.process_time()
        tuple(find(text))
        taken.append((time.process_time() - before) * 1000)
    return sorted(taken)[-(-len(taken) * 99 // 100) - 1]


def ten_kilobytes(count: int) -> dict[str, list[str]]:
    """Texts nobody has seen: as the cases are, of an agent's turns, and of numbers alone."""
    mixed = [" ".join(text for _, _, text in valued(Random(seed), 30))[:10_000] for seed in range(count)]
    agents = ["".join(turns(6, Random(1000 + seed)))[:10_000] for seed in range(count)]
    numbers = [numbers_of(2000 + seed) for seed in range(count)]
    return {"mixed": mixed, "prose, code and logs": agents, "numbers": numbers}


def numbers_of(seed: int) -> str:
    """Ten kilobytes of digits and the marks between them."""
    return " ".join(letters(Random(1000 * seed + n), "0123456789-. ", 12) for n in range(800))[:10_000]


def turns(count: int, chance: Random) -> Iterator[str]:
    """What an agent adds to its prompt each turn: 2 KB of prose, code and a log, a phone number in every fifth."""
    lines = (
        "The quick brown fox jumps over the lazy dog near the river. Meet at 10:30 in room 12, please. ",
        "def run(self, *args): return self.total_amount + args[0].value  # see https://docs.example.com/a/b\n",
        "2024-11-02T10:00:00Z order 2024-1123 total 12.50 done\n",
    )
    for turn in range(count):
        number = f"call {phone(chance)} " if turn % 5 == 0 else ""
        yield (f"turn {turn}: {number}" + "".join(chance.choice(lines) for _ in range(30)))[:2000]


def remembering(find: Finder, texts: Iterable[str]) -> float:
    """CPU seconds when each message is looked at once, and closer only where something triggers."""
    known: set[bytes] = set()
    history: list[str] = []
    before = time.process_time()
    for text in texts:
        history.append(text)
        for message in history:
            key = hashlib.blake2b(message.encode()).digest()
            if key not in known:
                known.add(key)
                if may_hold(message, STRONG):
                    tuple(find(message))
    return time.process_time() - before


def rescanning(find: Finder, texts: Iterable[str]) -> float:
    """CPU seconds when the whole prompt is looked at each turn."""
    prompt = ""
    before = time.process_time()
    for text in texts:
        prompt += text + "\n"
        tuple(find(prompt))
    return time.process_time() - before


def on_national(cases: int, files: int) -> None:
    """Print recall and precision of national numbers, and what is found of anybody's in source files."""
    kinds = frozenset(NATIONAL) | frozenset(STRUCTURED)
    finders = {"this scan": ours(every_detector(), kinds), "plain presidio": presidio(tuple(kinds))}
    numbers, sources = list(national(Random(4), cases)), source_files(files)
    print(f"\n{len(numbers)} texts with a national number of {len(NATIONAL)} kinds; {len(sources)} source files")
    for name, find in finders.items():
        if find is not None:
            hits, right = recall(find, numbers), precision(find, numbers, [], any_kind=True)
            print(f"  {name:15} recall {'  '.join(f'{e} {hits[e]:.2f}' for e in NATIONAL)}")
            print(f"  {name:15} precision {'  '.join(f'{e} {right.get(e, 0):.2f}' for e in NATIONAL)}")
            per_file = sum(entity != "EMAIL_ADDRESS" for text in sources for entity, *_ in find(text)) / len(sources)
            print(f"  {name:15} found in a source file, but mail addresses: {per_file:.3f} (goal: 0.05)")


def on_labelled(path: Path, finders: dict[str, Finder]) -> None:
    """The same on sentences that others have labelled."""
    with gzip.open(path, "rt") as file:
        rows = [json.loads(line) for line in file]
    print(f"\n{path.name}: {len(rows)} texts, recall / precision")
    for name, find in finders.items():
        hit, met, told, right = Counter[str](), Counter[str](), Counter[str](), Counter[str]()
        for row in rows:
            found = [one for one in find(row["text"]) if one[0] in STRUCTURED]
            gold = [(s["entity"], s["start"], s["end"]) for s in row["spans"] if s["entity"] in STRUCTURED]
            for entity, start, end in gold:
                met[entity] += 1
                hit[entity] += any(e == entity and s < end and start < t for e, s, t in found)
            for entity, start, end in found:
                told[entity] += 1
                right[entity] += any(e == entity and s < end and start < t for e, s, t in gold)
        cells = (f"{e} {hit[e] / met[e]:.2f}/{right[e] / max(told[e], 1):.2f}" for e in STRUCTURED)
        print(f"  {name:15} {'  '.join(cells)}")


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--looks", type=int, default=100)
    parser.add_argument("--files", type=int, default=100)
    parser.add_argument("--labelled", type=Path, help="texts with labels of yours")
    parser.add_argument(
        "--quick", action="store_true", help="leave out the agent with plain Presidio, which takes minutes"
    )
    asked = parser.parse_args()
    peers = {"plain presidio": presidio(), "detect-secrets": detect_secrets()}
    for name in [name for name, find in peers.items() if find is None]:
        print(f"{name} is not installed here and is left out")
    finders: dict[str, Finder] = {"this scan": ours(every_detector())}
    finders |= {name: find for name, find in peers.items() if find is not None}
    cases, texts = list(valued(Random(1), asked.cases)), list(benign(Random(2), asked.cases * 3))
    print(f"{len(cases)} texts with a value, {len(texts)} without")
    for name, find in finders.items():
        found = "  ".join(f"{entity} {part:.3f}" for entity, part in sorted(recall(find, cases).items()))
        print(f"  {name:15} recall {found}")
        kinds = {kind: false_alarms(find, texts, frozenset(group)) for kind, group in
                 {"secrets": ("SECRET",), "personal": STRUCTURED}.items()}  # fmt: skip
        print(f"  {name:15} false alarms: {', '.join(f'{kind} {part:.2%}' for kind, part in kinds.items())}")
        told = "  ".join(f"{entity} {part:.3f}" for entity, part in sorted(precision(find, cases, texts).items()))
        print(f"  {name:15} precision {told}")
    on_national(asked.cases // 10, asked.files)
    if asked.labelled is not None:
        on_labelled(asked.labelled, {name: find for name, find in finders.items() if name != "detect-secrets"})
    dense = numbers_of(0)
    prose = " ".join(text for _, _, text in cases)[:10_000]
    print("\nCPU of a first look, ms per KB at 10 KB")
    for name, find in finders.items():
        mixed, numbers = ms_per_kb(find, prose, asked.rounds), ms_per_kb(find, dense, asked.rounds)
        print(f"  {name:15} mixed {mixed:.2f}  numbers {numbers:.2f}")
    print(f"\nCPU of a look at 10 KB, ms that one in a hundred exceeds, of {asked.looks} (goal: 100 or less)")
    for kind, many in ten_kilobytes(asked.looks).items():
        print(f"  this scan, {kind:20} {slowest_ms(finders['this scan'], many):.1f}")
    print("\nCPU of an agent of 50 turns that resends its history, s")
    mine = remembering(finders["this scan"], turns(50, Random(3)))
    print(f"  this scan, what was seen remembered             {mine:.3f}")
    naive = presidio(None)
    if naive is not None and not asked.quick:
        every = rescanning(naive, turns(50, Random(3)))
        print(f"  plain presidio, all kinds, all of it each turn  {every:.1f}: {every / mine:.0f} times (goal: 1000)")


if __name__ == "__main__":
    main()
