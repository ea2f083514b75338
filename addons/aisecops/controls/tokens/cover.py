"""Compare a grant with what is asked (spec 5.2; AIS-CAP-01, AIS-EXE-01).

Knows the grant in a verified token and one request or its answer. Uses left are counted by the store; what
the rules in force say of the grant is `controls/policy/`'s business.
"""

from __future__ import annotations

from collections.abc import Iterator

from aisecops.model import scope
from aisecops.model.action import ActionRequest
from aisecops.model.decision import Judgment, Reason, Verdict
from aisecops.model.grant import Claims, Grant
from aisecops.model.refusals import Code
from aisecops.model.risk import from_micros

CONTROL = "capability"
SERVES = ("AIS-CAP-01", "AIS-EXE-01")


def covers(claims: Claims, request: ActionRequest) -> Judgment:
    """Compare every side of the grant with `request`; each that is too narrow is a reason.

    Rows and cost that are not known yet pass here, and are compared again when the answer tells them.
    """
    return grant_covers(claims.grant, request)


def grant_covers(grant: Grant, request: ActionRequest) -> Judgment:
    """The same for a grant that needs no token."""
    return _judgment(tuple(_too_narrow(grant, request)))


def rows_within(grant: Grant, rows: int) -> Judgment:
    """Compare the rows that an answer really holds with the grant."""
    return _judgment(tuple(_rows(grant, rows, "the answer holds")))


def _too_narrow(grant: Grant, request: ActionRequest) -> Iterator[Reason]:
    if not scope.covers(grant.tool, request.tool):
        yield _reason(f"the tool `{request.tool}` was asked for, the grant is for `{grant.tool}`")
    if not scope.covers(grant.scope, request.scope):
        yield _reason(f"the scope `{request.scope}` was asked for, the grant is for `{grant.scope}`")
    if request.rows is not None:
        yield from _rows(grant, request.rows, "the request is for")
    limit = grant.constraints.max_cost_micros
    if limit is not None and request.cost_micros > limit:
        asked, granted = from_micros(request.cost_micros), from_micros(limit)
        yield _reason(f"the request may cost {asked:g}, the grant allows {granted:g} (max_cost)")


def _rows(grant: Grant, rows: int, what: str) -> Iterator[Reason]:
    limit = grant.constraints.max_rows
    if limit is not None and rows > limit:
        yield _reason(f"{what} {rows} rows, the grant allows {limit} (max_rows)")


def _reason(detail: str) -> Reason:
    return Reason(code=Code.SCOPE_VIOLATION, detail=detail, rule="capability token")


def _judgment(reasons: tuple[Reason, ...]) -> Judgment:
    verdict = Verdict.DENY if reasons else Verdict.ALLOW
    return Judgment(control=CONTROL, verdict=verdict, reasons=reasons, serves=SERVES)
