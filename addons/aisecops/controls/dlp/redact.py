"""Replace what findings cover, and nothing else.

Everything outside the findings keeps its bytes. If one finding cannot be placed, nothing is returned: the caller
refuses. Which findings cannot be is known before anything is decided (`with_fixed`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from msgspec.structs import replace

from aisecops.controls.dlp.written import WrittenBody
from aisecops.model.errors import Fault
from aisecops.model.finding import Finding, FindingAction, JudgedFinding
from aisecops.model.provenance import Span
from aisecops.model.value import Value

IN_BODY = ("body:", "form:", "upload:")
IN_QUERY = ("query:",)
IN_PATH = ("path:",)
"""Here a stand-in names somebody who is nobody; a mask would name nothing at all."""
IN_HEADER = ("header:",)
"""Only in those that the tool's rule names."""
MASKABLE = (*IN_BODY, *IN_QUERY)
"""Where a value can be replaced without changing what the request is."""


class Covered(Value):
    """What findings cover together: where, as what it is known, and what is to be done about it."""

    span: Span
    entity: str
    action: FindingAction

    @property
    def marker(self) -> str:
        """What stands in the place of what is masked."""
        return f"<{self.entity}>"


class Written(Protocol):
    """A body in which parts can be replaced."""

    def place(self, finding: Finding) -> Span | None:
        """Where `finding` stands; None where nothing can be put in its place."""
        ...


def with_fixed(
    findings: Sequence[Finding], written: Written | None, places: tuple[str, ...] = IN_BODY
) -> tuple[Finding, ...]:
    """`findings`, those at `places` marked where nothing can be put in their place; `written` is the body, or query."""
    return tuple(
        replace(finding, fixed=True)
        if finding.where.startswith(places) and (written is None or written.place(finding) is None)
        else finding
        for finding in findings
    )


def covered(written: Written, judged: Iterable[JudgedFinding]) -> list[Covered]:
    """The stretches of `judged`, in order; overlapping ones as one, named after the surest of them.

    Raises `Fault` when a finding has no place.
    """
    merged: list[tuple[Covered, float]] = []
    for span, one in sorted(_placed(written, judged), key=lambda placed: (placed[0].start, -placed[0].end)):
        sure = one.finding.confidence
        if not merged or span.start >= merged[-1][0].span.end:
            merged.append((Covered(span=span, entity=one.finding.entity, action=one.action), sure))
            continue
        before, surest = merged.pop()
        together = Covered(
            span=Span(start=before.span.start, end=max(before.span.end, span.end)),
            entity=one.finding.entity if sure > surest else before.entity,
            action=FindingAction.MASK if FindingAction.MASK in {before.action, one.action} else before.action,
        )
        merged.append((together, max(sure, surest)))
    return [one for one, _ in merged]


def mask(body: bytes, findings: Sequence[Finding]) -> bytes:
    """`body` with what every finding covers replaced by `<ENTITY>`; `body` is UTF-8 and not encoded further.

    Raises `Fault` when a finding has no place.
    """
    if not findings:
        return body
    try:
        written = WrittenBody(body)
    except ValueError as error:
        raise Fault("a body that must be masked cannot be read") from error
    judged = [JudgedFinding(finding=finding, action=FindingAction.MASK) for finding in findings]
    return written.with_edits([(one.span, one.marker) for one in covered(written, judged)])


def _placed(written: Written, judged: Iterable[JudgedFinding]) -> list[tuple[Span, JudgedFinding]]:
    placed = [(written.place(one.finding), one) for one in judged]
    if any(span is None for span, _ in placed):
        raise Fault("a finding names a place that the body does not have")
    return [(span, one) for span, one in placed if span is not None]
