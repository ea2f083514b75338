"""A source file is tested under its own name, or by a test that imports it."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "addons" / "aisecops"
TESTS = ROOT / "tests"

# Files that only whole processes show to work, and which test does; this list may only become shorter.
SHOWN_ELSEWHERE = {
    "ops/commands/declare.py": "tests/ops/commands/test_maturity.py",
    "ops/telemetry/serve.py": "tests/end_to_end/test_installation_telemetry.py",
    "adapters/audit/export.py": "tests/adapters/audit: a run's export by the reader",
    "adapters/audit/tail.py": "tests/adapters/audit/test_chain.py: appending after crashes",
    "adapters/audit/walk.py": "tests/adapters/audit: verification walks every line",
    "gateway/people/hold.py": "tests/gateway/admission/test_admit.py: waiting for a person",
    "gateway/admission/dispatch.py": "tests/gateway/admission/test_admit.py: whatever is forwarded",
    "gateway/pinned/pins.py": "tests/gateway/pinned/test_prompts.py, test_servers.py and test_usage.py",
    "gateway/step/refuse.py": "tests/gateway/admission/test_admit.py: every refusal",
    "gateway/step/reserve.py": "tests/gateway/admission/test_admit.py: charges and lost swaps",
    "ops/commands/audit.py": "tests/ops/test_audit_commands.py",
    "ops/commands/control.py": "tests/ops/commands/conftest.py starts it",
    "ops/commands/gateway.py": "tests/ops/commands/test_up.py",
    "ops/commands/nftables.py": "tests/ops/test_redirects.py",
    "ops/commands/token.py": "tests/ops/test_key_commands.py and tests/ops/commands/test_token_service.py",
    "ops/control/answering.py": "tests/ops/control/test_app.py: every answer of the API",
    "ops/commands/rules_backtest.py": "tests/ops/test_backtest.py",
    "ops/naming.py": "tests/end_to_end/test_transparent.py",
    "ops/serve.py": "tests/ops/commands/test_up.py",
    "ops/wiring/evaluation_control.py": "tests/end_to_end/test_installation_evaluation.py",
    "ops/wiring/control.py": "tests/ops/commands/conftest.py starts it",
    "ops/settings_file.py": "tests/ops/test_settings_read.py: places and mends",
}


def has_something_to_test(path):
    """Not an empty package, not words alone: a file that defines no function is shown by whatever uses it."""
    return "def " in path.read_text() and path.name != "__init__.py"


def imported_by_tests():
    """Every dotted name a test imports: `aisecops.ops.settings_read`, `aisecops.ops.settings_read.load`."""
    for path in TESTS.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                yield node.module
                yield from (f"{node.module}.{alias.name}" for alias in node.names)


def missing():
    named = {path.name.removeprefix("test_") for path in TESTS.rglob("test_*.py")}
    imported = set(imported_by_tests())
    for path in sorted(PACKAGE.rglob("*.py")):
        inside = path.relative_to(PACKAGE)
        module = ".".join(("aisecops", *inside.with_suffix("").parts))
        if has_something_to_test(path) and path.name not in named and module not in imported:
            yield inside.as_posix()


def test_every_file_has_a_test():
    assert sorted(set(missing()) - SHOWN_ELSEWHERE.keys()) == []


def test_no_exception_is_left_that_is_not_needed():
    assert sorted(SHOWN_ELSEWHERE.keys() - set(missing())) == []
