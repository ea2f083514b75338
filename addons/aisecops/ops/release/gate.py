"""The release gate: the six checks of spec 9 in its order, and how they are told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from xml.sax.saxutils import quoteattr

from aisecops.ops.release.check import Check, State
from aisecops.ops.release.evaluations import budget_boundaries, chain_simulation, injection_regression
from aisecops.ops.release.evidence import Evidence
from aisecops.ops.release.permissions import permission_audit
from aisecops.ops.release.policy import policy_validation
from aisecops.ops.release.threat_models import threat_model_review


def six_checks(found: Evidence) -> tuple[Check, ...]:
    """In the order of the specification."""
    return (
        threat_model_review(found),
        permission_audit(found),
        injection_regression(found),
        chain_simulation(found),
        policy_validation(found),
        budget_boundaries(found),
    )


def as_text(checks: Sequence[Check]) -> str:
    """For a terminal: what is green in a line, what is not with its reasons and its mend."""
    return "\n".join(line for check in checks for line in _lines(check)) + "\n"


def as_junit(checks: Sequence[Check]) -> str:
    """JUnit XML: one suite, a case for each check."""
    failed = sum(check.state is not State.GREEN for check in checks)
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<testsuite name="aisecops release-gate" tests="{len(checks)}" failures="{failed}" errors="0">',
    ]
    for check in checks:
        head = f'  <testcase classname="aisecops.release" name={_attr(check.name)}'
        said = _attr("; ".join((check.state.value, *check.faults)))
        lines.append(
            f"{head}/>"
            if check.state is State.GREEN
            else f"{head}><failure message={said}>{_attr(check.mend)[1:-1]}</failure></testcase>"
        )
    return "\n".join([*lines, "</testsuite>", ""])


def _lines(check: Check) -> Iterator[str]:
    yield f"{check.state.value:8}{check.name} (spec {check.section})"
    yield from (f"          {one}" for one in check.evidence)
    yield from (f"        ! {one}" for one in check.faults)
    yield from (f"        - {one}" for one in check.notes)
    if check.mend:
        yield f"        > {check.mend}"


def _attr(text: str) -> str:
    return quoteattr("".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text))
