# ruff: noqa: INP001, T201 - a script that prints, beside no package
"""What happens when parts die at random under load? A real `aisecops up` with two workers, for as long as you let it.

Run it with `python benchmarks/faults.py [--minutes N] [--seed S] [--store sqlite|redis] [--json]` from the repository.
Agents read, write, plant keys and ask for steps that are held; workers, control plane and (with `--store redis`) the
server are killed or stand still; rules change every second. Then it is asked what is wrong: exit 1 when anything is.
"""

from __future__ import annotations

import argparse
import json
import secrets
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "addons"), str(ROOT / "tests")]

from support.faults import storm  # noqa: E402 - the paths come first


def main() -> int:
    """Storm, and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument(
        "--seed", type=int, default=secrets.randbelow(10**9), help="which faults; their times differ all the same"
    )
    parser.add_argument("--store", choices=["sqlite", "redis"], default="sqlite")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="aisecops-faults-") as name,
        storm(Path(name), asked.seed, asked.store) as own,
    ):
        own.rages(asked.minutes * 60, lambda words: print(words, file=sys.stderr, flush=True))
        found = own.found()
        result = {
            "minutes": asked.minutes,
            "seed": asked.seed,
            "store": asked.store,
            "done": own.seen.done,
            "told": own.seen.said,
            "cut": own.seen.cut,
            "arrived": own.arrivals().total(),
            "wrong": found,
        }
    print(json.dumps(result, indent=2) if asked.json else _table(result))
    return 1 if found else 0


def _table(result: dict[str, object]) -> str:
    lines = [f"{result['minutes']} min on {result['store']}, seed {result['seed']}"]
    for title in ("done", "told"):
        counts = result[title]
        rows = sorted(counts.items()) if isinstance(counts, dict) else []
        lines += ["", title, *(f"  {name:32}{count:>8}" for name, count in rows)]
    lines += ["", f"connections cut {result['cut']}, requests that arrived {result['arrived']}", ""]
    wrong = result["wrong"] if isinstance(result["wrong"], list) else []
    return "\n".join([*lines, *(wrong or ["nothing is wrong"])])


if __name__ == "__main__":
    sys.exit(main())
