"""An import looks down or stays in its own folder; what is outside the product is used where it belongs."""

from __future__ import annotations

import ast
import functools
import sys
from pathlib import Path

import pytest

ADDONS = Path(__file__).parents[2] / "addons"
PACKAGE = ADDONS / "aisecops"
FLOORS = {"model": 0, "wire": 1, "controls": 1, "gateway": 2, "adapters": 3, "client": 3, "ops": 4}
ROOMS = {"controls", "adapters"}
"""Floors whose folders do not see each other."""
ROW = ("step", "origins", "leaving", "addresses", "runs", "pinned", "people", "admission", "settlement", "together")
"""Of the gateway: each of these folders sees those before it."""
OF_ALL = {"ports", "proviso", "resting", "ground", "enforcer", "entries", "aside", "recent", "timed", "watch"}
"""Of the gateway: what stands before the row."""

# The libraries a floor or one of its folders may use, the standard library aside; the longest name decides.
LIBRARIES = {
    "model": {"msgspec"},
    "model.one_pass": {"re2"},
    "wire": {"msgspec", "orjson"},
    "wire.coding": {"brotli", "zstandard"},
    "wire.zstd_frames": set(),
    "wire.files": {"msgspec", "pypdf"},
    "controls": {"msgspec"},
    "controls.tokens": {"msgspec", "nacl", "orjson"},
    "controls.policy": {"msgspec", "yaml", "jmespath", "orjson", "re2"},
    "controls.dlp": {"msgspec", "stdnum"},
    "controls.firewall.outputs": {"jsonschema", "jsonschema_specifications", "orjson", "referencing"},
    "controls.firewall.patterns": {"regex"},
    "controls.provenance": {"msgspec", "numpy"},
    "controls.dlp.exact": {"numpy"},
    "controls.dlp.beside": {"re2"},
    "controls.dlp.detectors.phone_in_words": {"re2"},
    "controls.dlp.marks": {"re2"},
    "controls.dlp.recogniser": {"re2"},
    "controls.dlp.names": {"spacy"},
    "controls.dlp.phone": {"phonenumbers"},
    "controls.dlp.presidio": {"msgspec", "presidio_analyzer", "tldextract"},
    "gateway": {"msgspec", "orjson", "jmespath"},
    "client": {"httpx", "nacl", "orjson"},
}
HOME = {
    "mitmproxy": "adapters.mitm",
    "mitmproxy_rs": "adapters.mitm",
    "sqlite3": "adapters.store",
    "redis": "adapters.store",
    "opentelemetry": "adapters.audit.otlp",
    "presidio_analyzer": "controls.dlp.presidio",
    "pypdf": "wire.files.pdf",
    "jsonschema": "controls.firewall.outputs",
    "joserfc": "adapters.oidc",
    "jinja2": "ops.dashboard",
}
"""Imported there and nowhere else."""

ADAPTERS_OF_PORTS = {
    f"aisecops.adapters.{name}"
    for name in (
        *("audit.chain.ChainLog", "control.broker.ControlPlaneBroker", "nlp.pool.ScannerPool"),
        *("policies.files.FileRules", "store.memory.MemoryStore", "store.sqlite.SqliteStore"),
        *("system.clock.SystemClock", "system.ids.Ulids", "system.keys.PublicKeys", "system.resolver.SystemResolver"),
    )
}
"""What keeps a port's promises: constructed next to the port's name in one file only."""

WORLD = {"io", "os", "random", "secrets", "shutil", "socket", "sqlite3", "subprocess", "tempfile", "threading", "uuid"}
"""The standard library's ways to the world: none of them on floors 0 to 2."""
IN_MEMORY = {("wire.files.archive", "io"), ("wire.files.pdf", "io")}
"""Libraries that read files are given bytes in memory, which come as a file of this module."""


def sources():
    return sorted(path for path in PACKAGE.rglob("*.py"))


def named(path):
    """`controls.policy.match` for its file."""
    inside = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(inside[:-1] if inside[-1] == "__init__" else inside)


@functools.cache
def imported(path):
    """Every module that `path` imports, anywhere in it, with the line."""
    return tuple(_imported(path))


def _imported(path):
    for node in ast.walk(ast.parse(path.read_text(), str(path))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: a relative import"
            yield node.module, node.lineno
            if node.module.startswith("aisecops"):  # `from aisecops.gateway import ports` names a module too
                yield from ((f"{node.module}.{alias.name}", node.lineno) for alias in node.names)


def inner(module):
    return module.partition(".")[2]


def may_see(own, other):
    """May the module `own` import the module `other`? Both inside the package."""
    if not other or not own or other.startswith("__") or "." not in own:
        return True
    (own_floor, *own_rest), (floor, *rest) = own.split("."), other.split(".")
    if floor not in FLOORS:
        return True
    if floor != own_floor:
        return FLOORS[floor] < FLOORS[own_floor]
    if floor == "gateway" and rest:
        return stands(rest[0]) <= stands(own_rest[0])
    return floor not in ROOMS or not rest or own_rest[0] == rest[0]


def stands(part):
    """Where in the gateway a part of it stands: before the row, in it, or behind it."""
    if part in ROW:
        return ROW.index(part)
    return -1 if part in OF_ALL else len(ROW)


@pytest.mark.parametrize(
    ("own", "other", "allowed"),
    [
        ("gateway.admission.admit", "controls.risk.score", True),
        ("gateway.admission.admit", "adapters.store.sqlite", False),
        ("gateway.admission.admit", "gateway.runs.trees", True),
        ("gateway.runs.trees", "gateway.admission.admit", False),
        ("gateway.runs.trees", "gateway.ports", True),
        ("gateway.ports", "gateway.runs.trees", False),
        ("gateway.together.messages", "gateway.enforcement", False),
        ("model.risk", "wire.limits", False),
        ("wire.openai", "controls.policy.match", False),
        ("controls.risk.score", "controls.budget.charge", False),
        ("controls.risk.score", "controls.risk.escalation", True),
        ("adapters.mitm.gate", "adapters.store.sqlite", False),
        ("ops.cli", "adapters.mitm.host", True),
    ],
)
def test_the_rule_of_floors_itself(own, other, allowed):
    assert may_see(own, other) is allowed


def test_an_import_looks_down_or_stays_in_its_folder():
    wrong = [
        f"{path.relative_to(ADDONS)}:{line} imports {module}"
        for path in sources()
        for module, line in imported(path)
        if module.startswith("aisecops.") and not may_see(named(path), inner(module))
    ]
    assert wrong == []


def test_lower_floors_use_only_their_libraries():
    wrong = []
    for path in sources():
        own = named(path)
        allowed = [LIBRARIES[part] for part in LIBRARIES if own == part or own.startswith(f"{part}.")]
        if not allowed:
            continue
        for module, line in imported(path):
            top = module.partition(".")[0]
            if top not in sys.stdlib_module_names | {"aisecops"} | set().union(*allowed):
                wrong.append(f"{path.relative_to(ADDONS)}:{line} imports {module}")
    assert wrong == []


@pytest.mark.parametrize("library", HOME)
def test_a_library_has_one_home(library):
    wrong = [
        f"{path.relative_to(ADDONS)}:{line}"
        for path in sources()
        for module, line in imported(path)
        if module.partition(".")[0] == library and not f"{named(path)}.".startswith(f"{HOME[library]}.")
    ]
    assert wrong == []


def test_lower_floors_have_no_way_to_the_world():
    wrong = [
        f"{path.relative_to(ADDONS)}:{line} imports {module}"
        for path in sources()
        if FLOORS.get(named(path).partition(".")[0], 9) <= FLOORS["gateway"]
        for module, line in imported(path)
        if module.partition(".")[0] in WORLD and (named(path), module) not in IN_MEMORY
    ]
    assert wrong == []


def test_only_wiring_names_both_ports_and_adapters():
    both = [
        named(path)
        for path in sources()
        if named(path).startswith("ops.")
        and any(module == "aisecops.gateway.ports" for module, _ in imported(path))
        and any(module in ADAPTERS_OF_PORTS for module, _ in imported(path))
    ]
    assert [name for name in both if not name.startswith("ops.wiring.")] == []


def test_nothing_stands_beside_the_entry_but_the_package():
    beside = {path.name for path in ADDONS.iterdir() if not path.name.startswith((".", "__"))}
    assert beside <= {"README.md", "aisecops", "gateway.py"}
