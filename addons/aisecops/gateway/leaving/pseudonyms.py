"""Stand-ins for one installation: put into what leaves, and known again in what comes back.

A value has one stand-in in a whole tree of runs, also when a history with the real value in it is sent again. What was
found is replaced, and so is every value that is known already, wherever it stands: a detector that overlooks it the
second time changes nothing. In an answer only that comes back which this run gave to this very host.
"""

from __future__ import annotations

import asyncio
import functools
import hashlib
import itertools
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from aisecops.controls.dlp.judge import REPLACED, pseudonymised
from aisecops.controls.dlp.lexicon import Lexicon
from aisecops.controls.dlp.redact import IN_BODY, IN_HEADER, IN_PATH, IN_QUERY, Covered, covered
from aisecops.controls.dlp.stand_ins import ALSO_WORDS, names_in, stand_in
from aisecops.controls.dlp.written import WrittenBody
from aisecops.controls.dlp.written_form import WrittenForm
from aisecops.gateway.leaving.writing import as_written, header_as_written, path_as_written, query_as_written
from aisecops.gateway.ports import PseudonymStore
from aisecops.model.errors import Fault, StoreError
from aisecops.model.exchange import Headers, HttpRequest
from aisecops.model.finding import FindingAction, JudgedFinding
from aisecops.model.ids import RunId
from aisecops.model.provenance import Span
from aisecops.model.rules import EgressRules
from aisecops.model.stand_in import Given, StandIn

TREES_KEPT = 200
"""Trees of runs whose stand-ins are at hand; of others they are read from the store again."""
MAX_IN_TREE = 20_000
"""Stand-ins of one tree; a request that needs more is refused."""
ASIDE_FROM = 16 * 1024
"""Bytes of a body from which it is looked through in a thread."""
_TRIES = 20


@dataclass(slots=True)
class _Tree:
    """The stand-ins of one tree: by value, whose text is taken, and what was given to whom."""

    place: int = 0
    by_value: dict[str, StandIn] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)
    given: dict[tuple[RunId, str], dict[str, StandIn]] = field(default_factory=dict)
    coming_back: dict[tuple[RunId, str], Lexicon] = field(default_factory=dict)
    going_out: dict[frozenset[str], Lexicon] = field(default_factory=dict)

    def add(self, one: Given) -> None:
        """Know what was given, once."""
        self.by_value[one.stand_in.value] = one.stand_in
        self.taken.add(one.stand_in.text.lower())
        self.given.setdefault((one.run_id, one.to), {})[one.stand_in.value] = one.stand_in
        self.coming_back.pop((one.run_id, one.to), None)
        self.going_out.clear()

    def values(self, kinds: frozenset[str]) -> Lexicon:
        """Every known value of `kinds`; its meaning is its kind."""
        if kinds not in self.going_out:
            known = (one for one in self.by_value.values() if one.entity in kinds and one.value not in ALSO_WORDS)
            self.going_out[kinds] = Lexicon({one.value: one.entity for one in known}, any_case=False)
        return self.going_out[kinds]

    def texts(self, run_id: RunId, to: str) -> Lexicon:
        """What comes back to `run_id` from `to`."""
        name = run_id, to
        if name not in self.coming_back:
            given = self.given.get(name, {}).values()
            self.coming_back[name] = Lexicon({one.text: one.value for one in given}, any_case=True)
        return self.coming_back[name]


class Pseudonyms:
    """Gives stand-ins and takes them back. One object for a process; from many tasks at once."""

    def __init__(self, store: PseudonymStore, secret: bytes) -> None:
        """`secret` (at most 64 bytes) is what makes a stand-in impossible to guess."""
        self._store = store
        self._secret = secret
        self._trees: OrderedDict[RunId, _Tree] = OrderedDict()

    async def replaced(
        self,
        egress: EgressRules,
        judged: Iterable[JudgedFinding],
        body: bytes,
        *,
        headers: Headers = (),
        run: tuple[RunId, RunId],
        to: str,
        words: frozenset[str],
    ) -> bytes:
        """`body` with masks and stand-ins in the place of what `judged` covers, and of every known value.

        `headers` are those it was sent with, `run` is the run and its root, `to` host and port, `words` what rules
        call that. Every stand-in is kept when this returns. Raises `Fault`, and `StoreError`: then nothing may leave.
        """
        hits = [one for one in judged if one.action in REPLACED and one.finding.where.startswith(IN_BODY)]
        return await self._instead(egress, hits, body, lambda: as_written(body, headers), run=run, to=to, words=words)

    async def replaced_target(
        self,
        egress: EgressRules,
        judged: Iterable[JudgedFinding],
        request: HttpRequest,
        *,
        run: tuple[RunId, RunId],
        to: str,
        words: frozenset[str],
        in_path: bool,
    ) -> str:
        """The same of path and query of `request`, as they leave; what is signed keeps what is in it.

        `in_path`: the path tells a tool whom something is about.
        """
        path, mark, query = request.path.partition("?")
        replaced = [one for one in judged if one.action in REPLACED]
        of_query = [one for one in replaced if one.finding.where.startswith(IN_QUERY)]
        of_path = [one for one in replaced if one.finding.where.startswith(IN_PATH)]
        left = await self._instead(
            egress, of_query, query.encode(), lambda: query_as_written(request), run=run, to=to, words=words
        )
        if in_path or of_path:
            known = await self._instead(
                egress, of_path, path.encode(), lambda: path_as_written(request), run=run, to=to, words=words
            )
            path = known.decode()
        return f"{path}{mark}{left.decode()}"

    async def replaced_headers(
        self,
        egress: EgressRules,
        judged: Iterable[JudgedFinding],
        request: HttpRequest,
        *,
        names: Iterable[str],
        run: tuple[RunId, RunId],
        to: str,
        words: frozenset[str],
    ) -> tuple[tuple[str, str], ...]:
        """The same of the headers `names`, in small letters: those that leave otherwise than they came."""
        replaced = [one for one in judged if one.action in REPLACED]
        changed: list[tuple[str, str]] = []
        for name in names:
            value = next((value for sent, value in request.headers if sent.lower() == name), "")
            hits = [one for one in replaced if one.finding.where == f"{IN_HEADER[0]}{name}"]
            write = functools.partial(header_as_written, request, name)
            data = value.encode("utf-8", "surrogateescape")
            left = await self._instead(egress, hits, data, write, run=run, to=to, words=words)
            if left != data:
                changed.append((name, left.decode()))
        return tuple(changed)

    async def _instead(
        self,
        egress: EgressRules,
        hits: Sequence[JudgedFinding],
        body: bytes,
        write: Callable[[], WrittenBody | WrittenForm | None],
        *,
        run: tuple[RunId, RunId],
        to: str,
        words: frozenset[str],
    ) -> bytes:
        """`body`, which `write` reads as it is written, with all that is to be replaced in it replaced."""
        run_id, root_run_id = run
        kinds = pseudonymised(egress, words)
        if not body or not (kinds or hits):
            return body
        tree = await self._at_hand(root_run_id) if kinds or _any_stands_in(hits) else _Tree()
        values = tree.values(kinds)
        if not (hits or len(values)):
            return body
        written = await _aside(body, lambda _: write())
        if written is None and hits:
            raise Fault("what holds something that must be replaced cannot be read")
        if written is None:
            return body  # not a text that a known value could be looked up in
        wanted = await _aside(body, lambda _: _wanted(written, hits, values))
        given = await self._given(tree, run_id, root_run_id, to, wanted, written.text)
        return await _aside(body, lambda _: written.with_edits([(one.span, one.instead(given)) for one in wanted]))

    async def coming_back(self, egress: EgressRules, *, run: tuple[RunId, RunId], to: str) -> Lexicon | None:
        """What this run has given to `to` until now, to be restored in what comes back; None when it is nothing."""
        if not any(rule.action is FindingAction.PSEUDONYMISE for rule in egress.detectors):
            return None
        run_id, root_run_id = run
        texts = (await self._at_hand(root_run_id)).texts(run_id, to)
        return texts if len(texts) else None

    async def _given(  # noqa: PLR0917 - the same
        self, tree: _Tree, run_id: RunId, root_run_id: RunId, to: str, wanted: Sequence[_Wanted], text: str
    ) -> dict[str, str]:
        """By value, the stand-in of each; kept, and known to have been given to `to`."""
        values: dict[str, str] = {}
        for one in wanted:
            if one.value:
                values |= dict.fromkeys(names_in(one.entity, one.value), one.entity) | {one.value: one.entity}
        low = ""
        for attempt in range(_TRIES):
            given = tree.given.get((run_id, to), {})
            missing = [(entity, value) for value, entity in values.items() if value not in given]
            if not missing:
                return {value: given[value].text for value in values}
            if len(tree.by_value) + len(missing) > MAX_IN_TREE:
                raise Fault(f"one task has over {MAX_IN_TREE} values that need a stand-in; split it")
            low = low or text.lower()
            new: dict[str, StandIn] = {}
            for entity, value in missing:
                known = tree.by_value.get(value)
                new[value] = known or self._stand_in(tree, root_run_id, entity, value, low, attempt, new)
            await self._store.keep(root_run_id, [Given(run_id=run_id, to=to, stand_in=one) for one in new.values()])
            await self._read(root_run_id, tree)
        raise StoreError("stand-ins are given out by others faster than they can be read")

    def _stand_in(  # noqa: PLR0917 - what it must be, and must not
        self,
        tree: _Tree,
        root_run_id: RunId,
        entity: str,
        value: str,
        low: str,
        attempt: int,
        new: dict[str, StandIn],
    ) -> StandIn:
        key = hashlib.blake2b(root_run_id.encode(), key=self._secret, digest_size=64).digest()
        texts: Iterable[str] = (stand_in(entity, value, key=key, attempt=n) for n in itertools.count(attempt))
        if names_in(entity, value):
            names = [tree.by_value.get(name) or new.get(name) or name for name in value.split()]
            several = [stand_in(entity, one, key=key) if isinstance(one, str) else one.text for one in names]
            texts = itertools.chain([" ".join(several)], texts)
        taken = tree.taken | {one.text.lower() for one in new.values()}
        # what stands in the request already would come back as something it never was
        free = (text for text in texts if text.lower() not in taken and text.lower() not in low)
        return StandIn(entity=entity, value=value, text=next(free))

    async def _at_hand(self, root_run_id: RunId) -> _Tree:
        tree = self._trees.setdefault(root_run_id, _Tree())
        self._trees.move_to_end(root_run_id)
        while len(self._trees) > TREES_KEPT:
            self._trees.popitem(last=False)
        await self._read(root_run_id, tree)
        return tree

    async def _read(self, root_run_id: RunId, tree: _Tree) -> None:
        """Know what this process and others have given out since."""
        place, given = await self._store.newer(root_run_id, tree.place)
        for one in given:
            tree.add(one)
        tree.place = max(place, tree.place)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A stretch that must not leave as it is: `value` empty for a mask, whose marker is `entity`."""

    span: Span
    entity: str
    value: str = ""

    def instead(self, given: dict[str, str]) -> str:
        return given[self.value] if self.value else f"<{self.entity}>"


def _wanted(written: WrittenBody | WrittenForm, hits: Sequence[JudgedFinding], values: Lexicon) -> list[_Wanted]:
    """What is covered by findings, and every known value beside it."""
    found = [_of_finding(written, one) for one in covered(written, hits)]
    at = 0
    beside: list[_Wanted] = []
    for one in sorted(_known(written, values), key=lambda one: one.span.start):
        while at < len(found) and found[at].span.end <= one.span.start:
            at += 1
        if at == len(found) or one.span.end <= found[at].span.start:
            beside.append(one)
    return [*found, *beside]


def _of_finding(written: WrittenBody | WrittenForm, one: Covered) -> _Wanted:
    value = "" if one.action is FindingAction.MASK else written.reads(one.span)
    if value and not value.isascii() and not _is_text(value):
        value = ""  # half a character is nothing that could be given back
    return _Wanted(span=one.span, entity=one.entity, value=value)


def _known(written: WrittenBody | WrittenForm, values: Lexicon) -> Iterator[_Wanted]:
    if not len(values):
        return
    for passage in written.passages():
        for span, entity in values.found(passage.text):
            yield _Wanted(span=passage.place(span), entity=entity, value=passage.text[span.start : span.end])


def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _any_stands_in(hits: Iterable[JudgedFinding]) -> bool:
    return any(one.action is FindingAction.PSEUDONYMISE for one in hits)


async def _aside[T](body: bytes, work: Callable[[bytes], T]) -> T:
    return work(body) if len(body) < ASIDE_FROM else await asyncio.to_thread(work, body)
