"""What leaves, looked at alone and together with what was said before it, in a whole tree of runs, to one receiver.

Values that were cut over several receivers are `across.py`; those over fields of one request `controls/dlp/beside.py`.

A value that is cut over the messages of a request, over requests or over messages of a WebSocket is in none of them
and in all of them together. What is said is kept before it is judged, so that of two requests at once, whichever
worker they come to, the later one knows of the earlier.
"""

from __future__ import annotations

import functools
import ipaddress
import itertools
from collections import OrderedDict
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from msgspec.structs import replace

from aisecops.controls.dlp.beside import beside
from aisecops.controls.dlp.seams import SEAM_KINDS, Line, Place, distinct, without_positions
from aisecops.gateway.aside import AT_A_TIME, Steps, in_steps
from aisecops.gateway.leaving.across import Across, ends_of
from aisecops.gateway.leaving.saying import Unsaid, is_at_hand, said
from aisecops.gateway.leaving.trail import Apart, New, Trail
from aisecops.gateway.ports import ContentScanner, PieceStore
from aisecops.gateway.resting import Rests
from aisecops.model.entities import PLANTED
from aisecops.model.errors import WireError
from aisecops.model.finding import Finding
from aisecops.model.ids import RunId
from aisecops.model.of_short import of_short
from aisecops.model.piece import Piece, piece_of
from aisecops.model.provenance import Span
from aisecops.wire.json_parts import KEY, Part
from aisecops.wire.parts import CREDENTIAL_HEADERS, SEAM

TRAILS_KEPT = 500
"""Pairs of a tree and a receiver of which what was said is at hand; of others it is read from the store again."""
MAX_TEXTS = 64
"""New texts of one request that are held against others: so many in all, half of them its first, half its last."""
MAX_PAIRED = 16
"""Of these, those that are held against each earlier one alone, and not against what stood just before them only."""
MAX_KEPT_CHARS = 16_384
"""Characters of one request that are kept."""
_TOGETHER_CHARS = 2_048
_BREAK = " \n" + 8 * " "
"""Between texts that are looked at as one; nothing goes on behind a blank, a line break and so many more blanks."""
_BODY, _HEADER = "body:", "header:"
_PLACES = ("body:", "form:", "query:", "path:", "upload:", "host:", _HEADER)
_BESIDE = (*(place for place in _PLACES if place != _HEADER), KEY)
_DOMAIN_LABELS = 2
_WORDS_OF_PROTOCOLS = frozenset({"user", "assistant", "system", "developer", "tool", "model", "text", "function"})
_NAMED_BY_PROTOCOLS = ("/role", "/type")
"""Where such a word is the protocol's and no part of a value: short ones would count anew with each message."""

type _Seam = tuple[str, Line]


class _Said(NamedTuple):
    """What one request says that is new, with seams inside of it, and the pairs of neighbours that were looked at."""

    root_run_id: RunId
    receiver: str
    texts: Sequence[New]
    seams: Sequence[_Seam]
    pairs: Sequence[int]


class Trails:
    """Scans what leaves. One object for a process; from many tasks at once."""

    def __init__(self, store: PieceStore, scanner: ContentScanner) -> None:
        self._store = store
        self._scanner = scanner
        self._across = Across(store)
        self._trails: OrderedDict[tuple[RunId, str], Trail] = OrderedDict()

    async def scanned(
        self,
        root_run_id: RunId,
        to: tuple[str, int],
        parts: Sequence[Part],
        entities: frozenset[str],
        rests: Rests | None = None,
        *,
        alone: tuple[Finding, ...] | None = None,
    ) -> tuple[Finding, ...]:
        """Findings in `parts`, and at `seam:PLACE` what they say together with what was said to `to` before.

        With `rests` that may be what is at hand of it, where nothing is found at all: then the step rests on it, and
        says its parts with its charge. `alone` are those in each of them alone, if known. Raises `Fault` when it is
        not known what is there, `WireError` for what is encoded beyond every bound.
        """
        if not entities:
            return ()
        if not entities & SEAM_KINDS:
            return await self._scanner.scan(parts, entities) if alone is None else alone
        trail = self._at_hand(root_run_id, receiver := _receiver(*to))
        planted = not entities.isdisjoint(PLANTED)
        unknown = await in_steps(_new(trail, parts))
        seams, pairs = await in_steps(_side_by_side(trail, parts, planted=planted))
        mine: list[int] = []
        half: list[int] = []
        if unknown:
            new = ends_of(unknown, MAX_TEXTS)
            if rests is not None and is_at_hand(trail):
                now = _Said(root_run_id, receiver, unknown, seams, pairs)
                alone = rests.alone = await self._read(trail, now, parts, entities)
                if not alone and await self._rests_on(trail, now, entities, rests):
                    return ()
            async with trail.alone:
                mine = await said(self._store, (root_run_id, receiver), trail, _pieces(new), room=MAX_KEPT_CHARS)
                seams += await in_steps(_together(trail, new, planted=planted))
            half, apart = await self._across.held_against(root_run_id, receiver, unknown, planted=planted)
            seams += apart
        alone = await self._scanner.scan(parts, entities) if alone is None else alone
        if rests is not None:
            rests.alone = alone
        crossing = await self._crossing(seams, entities & SEAM_KINDS)
        if not crossing:
            await in_steps(trail.remember(unknown, pairs))
            if len(seams) + len(unknown) > AT_A_TIME:
                await in_steps(_freed(seams, unknown))
            return alone
        # tried again, it is to be found again: what was refused is no part of what was said
        async with trail.alone:
            for position in mine:
                await self._store.take_back(root_run_id, receiver, position)
        await self._across.take_back(root_run_id, half)
        return (*alone, *crossing)

    async def _read(
        self, trail: Trail, now: _Said, parts: Sequence[Part], entities: frozenset[str]
    ) -> tuple[Finding, ...]:
        """Findings in `parts` alone. What cannot be read is said first: rules that only observe let it pass."""
        try:
            return await self._scanner.scan(parts, entities)
        except WireError:
            async with trail.alone:
                new = _pieces(ends_of(now.texts, MAX_TEXTS))
                await said(self._store, (now.root_run_id, now.receiver), trail, new, room=MAX_KEPT_CHARS)
            raise

    async def _rests_on(self, trail: Trail, now: _Said, entities: frozenset[str], rests: Rests) -> bool:
        """Is nothing found in what is said `now` behind what is at hand? Then the step rests on that."""
        planted = not entities.isdisjoint(PLANTED)
        new = ends_of(now.texts, MAX_TEXTS)
        then = functools.partial(_remembered, trail, now.texts, now.pairs)
        place = now.root_run_id, now.receiver
        rests.add(Unsaid(self._store, place, trail, _pieces(new), MAX_KEPT_CHARS, then))
        seams = [*now.seams, *await in_steps(_together(Apart(trail), new, planted=planted))]
        seams += await self._across.at_hand(*place, now.texts, rests, planted=planted)
        if rests and not await self._crossing(seams, entities & SEAM_KINDS):
            return True
        rests.let_go()
        return False

    async def _crossing(self, seams: Sequence[_Seam], entities: frozenset[str]) -> tuple[Finding, ...]:
        """Findings in `seams` that neither of their two texts has alone."""
        if not seams:
            return ()
        likely, exact = await in_steps(_groups(seams))
        crossed = [*await self._seen(likely, entities), *await self._seen(exact, entities.intersection(PLANTED))]
        if not crossed:
            return ()
        halves = [(str(n), half) for n, (_, line) in enumerate(crossed) for half in line.halves]
        told = {(one.where, one.entity) for one in await self._scanner.scan(halves, entities, whole=False)}
        return tuple(dict.fromkeys(one for n, (one, _) in enumerate(crossed) if (str(n), one.entity) not in told))

    async def _seen(self, groups: Sequence[Sequence[_Seam]], entities: frozenset[str]) -> list[tuple[Finding, Line]]:
        """What is found across a seam, where each group of seams is looked at as one text."""
        if not groups:
            return []
        seen = []
        for finding in await self._scanner.scan(await in_steps(_texts_of(groups)), entities, whole=False):
            start, end = finding.span.start, finding.span.end
            for where, line in groups[int(finding.where)]:
                if start >= 0 and end <= len(line.text):
                    here = replace(finding, where=f"{SEAM}{where}", span=Span(start=start, end=end))
                    if line.says(here):
                        seen.append((here, line))
                start, end = start - len(line.text) - len(_BREAK), end - len(line.text) - len(_BREAK)
        return seen

    def _at_hand(self, root_run_id: RunId, to: str) -> Trail:
        trail = self._trails.get((root_run_id, to)) or self._trails.setdefault((root_run_id, to), Trail())
        self._trails.move_to_end((root_run_id, to))
        while len(self._trails) > TRAILS_KEPT:
            self._trails.popitem(last=False)
        return trail


def _new(trail: Trail, parts: Sequence[Part]) -> Steps[list[New]]:
    """The texts that were not held against others yet: by what each is known, where it stands, as it is kept."""
    found: list[New] = []
    for few in itertools.batched(parts, AT_A_TIME):
        numbers = [*map(hash, few)]
        known = trail.passed.among(numbers)
        passed: list[int] = []
        for here, (where, text) in zip(numbers, few, strict=True):
            if here in known:
                continue
            place = without_positions(where)
            anywhere = hash((place, text))
            if not _is_said(where, text) or anywhere in trail.clean:
                passed.append(here)
            else:
                found.append((here, anywhere, where, piece_of(place, text)))
        if passed:
            trail.passed.add(passed)
        if len(few) == AT_A_TIME:
            yield
    return found


def _is_said(where: str, text: str) -> bool:
    """Is it no word of a protocol, and no credential in its place?"""
    if text in _WORDS_OF_PROTOCOLS and where.endswith(_NAMED_BY_PROTOCOLS):
        return False
    return where.startswith(_PLACES) and where.removeprefix(_HEADER) not in CREDENTIAL_HEADERS


def _pieces(new: Sequence[New]) -> list[Piece]:
    return [one[-1] for one in new]


async def _remembered(trail: Trail, looked_at: Sequence[New], pairs: Sequence[int]) -> None:
    await in_steps(trail.remember(looked_at, pairs))


def _together(trail: Trail | Apart, new: Sequence[New], *, planted: bool) -> Steps[list[_Seam]]:
    """Seams of `new`, one after the other; each is said then."""
    seams: list[_Seam] = []
    last: dict[str, tuple[str, Place]] = {}
    paired = {one[1] for one in ends_of(new, MAX_PAIRED)}
    for _, anywhere, where, piece in new:
        place = trail.place(piece.place)
        lines = [*place.with_next(piece, planted=planted)]
        if anywhere in paired:
            lines += place.with_each(piece, planted=planted)
        if lines:
            seams += [(where, line) for line in distinct(lines)]
        if not place.knows(piece):
            place.add(piece)
        last[piece.place] = where, place
        yield
    for where, place in last.values():
        if place.numbers:
            seams += [(where, line) for line in distinct(place.in_numbers(where))]
    return seams


def _side_by_side(trail: Trail, parts: Sequence[Part], *, planted: bool) -> Steps[tuple[list[_Seam], list[int]]]:
    """What neighbouring texts of one request say together, and by what each two of them are known.

    Headers are a row of their own, for other things stand between a path and a body.
    """
    seams: list[_Seam] = []
    known: list[int] = []
    for fields in (yield from _rows(parts)):
        pairs: list[int] = []
        new: list[bool] = []
        for few in itertools.batched(itertools.pairwise([("", ""), *fields]), AT_A_TIME):
            numbers = [*map(hash, few)]
            clean = trail.clean_beside.among(numbers)
            pairs += numbers
            new += [number not in clean for number in numbers]
            if len(few) == AT_A_TIME:
                yield
        if True not in new:
            continue
        known += pairs
        for at, lines in beside(fields, new, planted=planted):
            if lines:
                seams += [(fields[at][0], line) for line in distinct(lines)]
            yield
    return seams, known


def _freed(*made: list[Any]) -> Steps[None]:
    """Let go of what was made for one request in turns; all at once, that holds up the event loop too."""
    for some in made:
        while some:
            del some[-AT_A_TIME:]
            yield


def _groups(seams: Sequence[_Seam]) -> Steps[tuple[list[list[_Seam]], list[list[_Seam]]]]:
    """The likely ones of `seams`, each alone, and the others in groups: many short ones are looked at as one text."""
    likely: list[list[_Seam]] = []
    exact: list[list[_Seam]] = []
    room = 0
    for few in itertools.batched(seams, AT_A_TIME):
        for seam in few:
            if not seam[1].exact:
                likely.append([seam])
                continue
            room -= len(seam[1].text)
            if room < 0:
                exact.append([])
                room = _TOGETHER_CHARS
            exact[-1].append(seam)
        yield
    return likely, exact


def _texts_of(groups: Sequence[Sequence[_Seam]]) -> Steps[list[Part]]:
    """The text that each group is looked at as, by its number."""
    texts: list[Part] = []
    for few in itertools.batched(enumerate(groups), AT_A_TIME):
        texts += [(str(number), _BREAK.join([line.text for _, line in group])) for number, group in few]
        yield
    return texts


def _rows(parts: Sequence[Part]) -> Steps[tuple[list[Part], list[Part]]]:
    body: list[Part] = []
    headers: list[Part] = []
    for few in itertools.batched(parts, AT_A_TIME):
        body += [part for part in few if _row_of(part[0]) == _BODY]
        headers += [part for part in few if _row_of(part[0]) == _HEADER]
        if len(few) == AT_A_TIME:
            yield
    return body, headers


@of_short(most=8192)
def _row_of(where: str) -> str:
    """The row that a text at `where` stands in; none for credentials, and for what is put together of others."""
    if where.startswith(_HEADER):
        return "" if where.removeprefix(_HEADER) in CREDENTIAL_HEADERS else _HEADER
    return _BODY if where.startswith(_BESIDE) else ""


@lru_cache(maxsize=1024)
def _receiver(host: str, port: int) -> str:
    """To whom something goes: all names below one domain are one."""
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        host = ".".join(host.split(".")[-_DOMAIN_LABELS:])
    return f"{host}:{port}"
