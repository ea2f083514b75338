"""Replace what findings cover, and nothing else.

Everything outside the named string values keeps its bytes. If one finding cannot be placed, nothing is returned:
the caller refuses.
"""

from __future__ import annotations

from collections.abc import Sequence

from aisecops.model.errors import Fault
from aisecops.model.finding import Finding
from aisecops.model.json_places import string_values, with_values

_BODY = "body:"


def mask(body: bytes, findings: Sequence[Finding]) -> bytes:
    """`body` with every finding's span replaced by `<ENTITY>`.

    A finding's `where` is `body:` and a JSON pointer to the string value its span counts in, or `body:` alone for
    a body that is one text. `body` is UTF-8 and not encoded further. Raises `Fault` when a finding has no place.
    """
    if not findings:
        return body
    if any(not finding.where.startswith(_BODY) for finding in findings):
        raise Fault("only a body can be masked")
    by_pointer: dict[str, list[Finding]] = {}
    for finding in findings:
        by_pointer.setdefault(finding.where.removeprefix(_BODY), []).append(finding)
    try:
        text = body.decode("utf-8")
        masked = _masked_text(text, by_pointer) if "" in by_pointer else _masked_json(text, by_pointer)
        return masked.encode("utf-8", "surrogatepass")
    except ValueError as error:
        raise Fault("a body that must be masked cannot be read") from error


def _masked_text(text: str, by_pointer: dict[str, list[Finding]]) -> str:
    if len(by_pointer) > 1 or text.lstrip()[:1] == '"':
        # spans of a lone JSON string count in its value, those of a text in the text: which, nobody can tell
        raise Fault("findings name the whole body and parts of it")
    return _replaced(text, by_pointer[""])


def _masked_json(text: str, by_pointer: dict[str, list[Finding]]) -> str:
    places = string_values(text)
    if by_pointer.keys() - places.keys():
        raise Fault("a finding names a value that the body does not have")
    return with_values(text, {pointer: _replaced(places[pointer][0], found) for pointer, found in by_pointer.items()})


def _replaced(value: str, findings: Sequence[Finding]) -> str:
    """`value` with the spans replaced; overlapping ones as one, named after the surest of them."""
    for start, end, entity in reversed(_merged(findings)):
        if not 0 <= start < end <= len(value):
            raise Fault("a finding lies outside the value it names")
        value = f"{value[:start]}<{entity}>{value[end:]}"
    return value


def _merged(findings: Sequence[Finding]) -> list[tuple[int, int, str]]:
    merged: list[tuple[int, int, str]] = []
    surest = 0.0
    for finding in sorted(findings, key=lambda f: (f.span.start, -f.span.end)):
        start, end, entity = finding.span.start, finding.span.end, finding.entity
        if merged and start < merged[-1][1]:
            first, before, name = merged.pop()
            merged.append((first, max(before, end), entity if finding.confidence > surest else name))
            surest = max(surest, finding.confidence)
        else:
            merged.append((start, end, entity))
            surest = finding.confidence
    return merged
