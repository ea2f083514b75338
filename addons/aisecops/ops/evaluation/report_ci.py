"""A report for machines: JUnit for test tabs, SARIF for code scanning.

Both name the scenario's place, so that a failure leads to the line that expects something else.
"""

from __future__ import annotations

import json
from typing import Any
from xml.sax.saxutils import quoteattr

from aisecops.ops.evaluation.outcome import Report, Result, State
from aisecops.ops.evaluation.report import failure_of
from aisecops.ops.evaluation.scenario import CONTROLS
from aisecops.ops.evaluation.shipped import SHIPPED

_SARIF = "https://json.schemastore.org/sarif-2.1.0.json"


def as_junit(report: Report) -> str:
    """JUnit XML: a suite for each suite, a case for each attack and its twin."""
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', f"<testsuites name={_attr('aisecops eval')}>"]
    for suite in report.suites:
        found = [result for result in report.results if result.suite is suite]
        skipped = [result for result in found if result.state in {State.NOT_APPLICABLE, State.OPEN}]
        failed = [result for result in found if result.failed]
        lines.append(
            f"  <testsuite name={_attr(suite.value)} tests={_attr(len(found))} failures={_attr(len(failed))} "
            f'errors="0" skipped={_attr(len([one for one in skipped if not one.failed]))} '
            f"time={_attr(round(sum(result.seconds for result in found), 3))}>"
        )
        lines += [_case(result) for result in found]
        lines.append("  </testsuite>")
    return "\n".join([*lines, "</testsuites>", ""])


def _case(result: Result) -> str:
    name = _attr(f"{result.title} ({result.agent})")
    head = f"    <testcase classname={_attr(f'aisecops.{result.suite}')} name={name} time={_attr(result.seconds)}"
    if result.failed:
        return f"{head}><failure message={_attr(failure_of(result))}>{_text(result.place)}</failure></testcase>"
    if result.state in {State.NOT_APPLICABLE, State.OPEN}:
        return f"{head}><skipped message={_attr('; '.join((result.state.value, *result.why)))}/></testcase>"
    return f"{head}/>"


def as_sarif(report: Report) -> str:
    """SARIF 2.1.0: a result for each failure, an error; what is known to be open is a note."""
    told = [result for result in report.results if result.failed or result.state is State.OPEN]
    rules = [
        {
            "id": suite.value,
            "shortDescription": {"text": f"attacks of the suite {suite.value} are contained, benign twins pass"},
            "properties": {"tags": ["security", *_controls(report, suite.value)]},
        }
        for suite in report.suites
    ]
    run = {
        "tool": {"driver": {"name": "aisecops eval", "version": report.version, "rules": rules}},
        "results": [_finding(result) for result in told],
        "properties": {"policy_version": report.policy_version, "seed": report.seed},
    }
    return json.dumps({"$schema": _SARIF, "version": "2.1.0", "runs": [run]}, indent=2)


def _finding(result: Result) -> dict[str, Any]:
    said = failure_of(result) or "; ".join(result.why)
    file = result.place.file.removeprefix(SHIPPED)
    region = {"startLine": result.place.line, "startColumn": result.place.column or 1}
    return {
        "ruleId": result.suite.value,
        "level": "error" if result.failed else "note",
        "message": {"text": f"{result.title} ({result.agent}): {said}"},
        "locations": [{"physicalLocation": {"artifactLocation": {"uri": file}, "region": region}}],
        "partialFingerprints": {"scenario/v1": "/".join(map(str, result.key))},
        "properties": {"controls": list(result.controls), "state": result.state.value},
    }


def _controls(report: Report, suite: str) -> list[str]:
    named = {control for result in report.results if result.suite == suite for control in result.controls}
    return sorted(named & CONTROLS.keys())


def _attr(value: object) -> str:
    return quoteattr(_printable(str(value)))


def _text(value: object) -> str:
    return _attr(value)[1:-1]


def _printable(text: str) -> str:
    """What XML may hold: an attack's control characters are no part of a report."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)
