"""Everything that leaves, as text: what a request says, and what is in the files it carries.

Knows what the rules say of content that cannot be read. Files are opened elsewhere, by the scanner's workers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from aisecops.gateway.ports import ContentScanner
from aisecops.model.errors import WireError
from aisecops.model.finding import Finding
from aisecops.model.rules import Unread as UnreadRule
from aisecops.wire.files.shelf import File, Unread
from aisecops.wire.json_parts import ALLOW, JOINED, Part


async def read_out(
    scanner: ContentScanner, rule: UnreadRule, parts: Sequence[Part], files: Sequence[File]
) -> tuple[list[Part], tuple[Unread, ...]]:
    """All texts, those in `files` behind `parts`, and what leaves unread because `rule` lets it.

    Raises `Fault` when files were not opened in time, `WireError` for what cannot be read and may not leave so.
    """
    if not files:
        return list(parts), ()
    opened = await scanner.open_files(files)
    for one in opened.unread:
        if rule is UnreadRule.REFUSE or (rule is UnreadRule.MEDIA and not one.is_media):
            raise WireError(f"`{one.where}` is or holds what cannot be read; {ALLOW}")
    return [*parts, *opened.parts], opened.unread


def without_echoes(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """`findings` without those that neighbours say together and one of them says alone: there it is judged."""
    found = tuple(findings)
    alone = {(one.entity, row) for one in found if not one.where.startswith(JOINED) for row in _rows_of(one.where)}
    return tuple(
        one
        for one in found
        if not one.where.startswith(JOINED) or (one.entity, one.where.removeprefix(JOINED)) not in alone
    )


def _rows_of(where: str) -> tuple[str, str]:
    """The places of what `where` is a direct member of: a list, an object, a form or a query; or of all of it."""
    place, _, name = where.partition("/")
    return where, where.rpartition("/")[0] if name else f"{place.partition(':')[0]}:"
