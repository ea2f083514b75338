"""Worker processes that look for what must not leave: the port `ContentScanner`.

Knows deadlines, queues, what was seen before and how workers are replaced. What is looked for, and how, is
`controls/dlp/`. The event loop never waits for a scan, and a scan that did not finish is a fault, never a pass.
"""

from __future__ import annotations

import asyncio
import functools
import itertools
import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from typing import Any

import msgspec

from aisecops.adapters.nlp.frames import Begin
from aisecops.adapters.nlp.link import WorkerLink
from aisecops.adapters.nlp.names_model import MEND
from aisecops.adapters.nlp.opened_before import OpenedBefore
from aisecops.adapters.nlp.verdicts import Findings, VerdictCache, digest
from aisecops.controls.dlp.exact import exact_detectors
from aisecops.controls.dlp.place_words import named
from aisecops.controls.dlp.scan import placed
from aisecops.controls.dlp.triggers import may_hold
from aisecops.gateway.aside import AT_A_TIME, Steps, in_steps
from aisecops.gateway.recent import TEXT_CHARS, OfTexts
from aisecops.model.entities import NAMED, expanded
from aisecops.model.errors import ConfigError, Fault, PolicyError, WireError
from aisecops.model.finding import Finding
from aisecops.model.watchlist import Watchlist
from aisecops.wire.files.opened import Opened, together
from aisecops.wire.files.shelf import File

_log = logging.getLogger(__name__)

SHORTEST = 5
"""Characters below which a text can hold no kind that we know, in any dress."""

LONGEST_LOOK = 32 * 1024
"""Characters above which a text goes to a worker unlooked at: the look would hold up the event loop."""

_CUT = "a cut text"
_START_WITHIN_S = 120.0
_BATCH_BYTES = 32 * 1024
_RETRY_S = (0.0, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)


class _Watching:
    """A watchlist and what follows from it: its detectors, and a key under which verdicts of its time are kept."""

    def __init__(self, watchlist: Watchlist, key: bytes) -> None:
        self.watchlist = watchlist
        self.own = frozenset(rule.entity for rule in watchlist.recognisers)
        self.detectors = exact_detectors(watchlist.planted, key=key)
        version = digest(msgspec.msgpack.encode(watchlist), key)
        self.digest = OfTexts(lambda text: digest(text.encode("utf-8", "surrogatepass"), version))
        self.looks: dict[tuple[frozenset[str], bool], _Look] = {}


class _Look:
    """What scans look for, and in what: texts that are `whole`, or that were cut.

    `kinds` is what verdicts are kept under, beside the digest of the text. `known` are those of the texts that were
    looked at last, by the texts themselves; of one that is not known without looking it is None.
    """

    def __init__(
        self,
        entities: frozenset[str],
        watches: _Watching,
        known: Callable[[str, _Look], Findings | None],
        *,
        whole: bool,
    ) -> None:
        self.entities = entities
        self.watches = watches
        self.whole = whole
        self.kinds = entities if whole else entities | {_CUT}
        self.anywhere = not entities.isdisjoint(watches.own | NAMED)
        self.known = OfTexts[Findings | None](lambda text: known(text, self), most_chars=TEXT_CHARS // 4)


class ScannerPool:
    """At most `workers` scans at once and `queue` more waiting; each is answered or has failed in `deadline_s`.

    One scan may be larger than the queue if nothing else is under way. `key` (at most 64 bytes) makes the
    fingerprints; `watchlist` says, each time it is asked, what else is looked for, and gives the same object until
    that changes; what was seen under another is looked at again. For one event loop. Starts by itself at the first
    scan, which then waits for it; `begin` or `start` do it earlier.
    """

    def __init__(
        self, workers: int, deadline_s: float, queue: int, key: bytes, watchlist: Callable[[], Watchlist] = Watchlist
    ) -> None:
        """Raises `ConfigError` when there is no worker at all."""
        if workers < 1:
            raise ConfigError("at least one scanning worker is needed", "set the number of workers to 1 or more")
        self._key = key
        self._watchlist = watchlist
        self._watches = _Watching(Watchlist(), key)
        self._workers = workers
        self._deadline_s = deadline_s
        self._queue = queue
        self._verdicts = VerdictCache()
        self._opened = OpenedBefore()
        self._idle: asyncio.Queue[WorkerLink] = asyncio.Queue()
        self._links: set[WorkerLink] = set()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._first: list[asyncio.Task[None]] = []
        self._under_way = 0
        self._closed = False

    def begin(self) -> None:
        """Start the workers in the background, once; importing takes them seconds. Raises `ConfigError`."""
        if not self._first and not self._closed:
            self._look_up()
            self._first = [self._task(self._open()) for _ in range(self._workers)]

    async def ready(self) -> None:
        """Return when every worker is ready. Raises `ConfigError` when one cannot start."""
        if self._closed:
            raise Fault("the content scanner is closed")
        self.begin()
        await asyncio.gather(*(asyncio.shield(task) for task in self._first))

    async def start(self) -> None:
        """Start the workers and wait for them. Raises `ConfigError` when one cannot start."""
        await self.ready()

    async def scan(
        self, parts: Sequence[tuple[str, str]], entities: frozenset[str], *, whole: bool = True
    ) -> tuple[Finding, ...]:
        if not entities:
            return ()
        look = self._looks_for(entities, whole=whole)
        known, unknown = await in_steps(_known(parts, look))
        if unknown:
            found = await self._look(tuple(unknown), look)
            known.update(zip(unknown, found, strict=True))
        if not any(known.values()):
            return ()
        return await in_steps(_placed(parts, known))

    def _looks_for(self, entities: frozenset[str], *, whole: bool) -> _Look:
        """What is looked for. Raises `Fault`, `PolicyError`."""
        try:
            watches = self._look_up()
            wanted = expanded(entities, watches.own)
        except (ValueError, ConfigError) as error:
            raise Fault(str(error)) from error
        if wanted & NAMED and not watches.watchlist.names_model:
            raise PolicyError("a rule asks for names or places and no language model is there; " + MEND)
        look = watches.looks.get((wanted, whole))
        if look is None:
            look = watches.looks[wanted, whole] = _Look(wanted, watches, self._without_looking, whole=whole)
        return look

    async def open_files(self, files: Sequence[File]) -> Opened:
        names = [self._opened.name(file, self._key) for file in files]
        found = {name: one for name in names if (one := self._opened.get(name)) is not None}
        new = {name: file for name, file in zip(names, files, strict=True) if name not in found}
        if new:
            # those of one request in one job: what may come out of them is bounded together
            (texts,) = await self._all_done([functools.partial(WorkerLink.open_files, files=tuple(new.values()))])
            found |= zip(new, texts, strict=True)
            for name, one in zip(new, texts, strict=True):
                self._opened.put(name, one)
        return together(found[name] for name in names)

    async def close(self) -> None:
        """End every worker. A scan under way fails."""
        self._closed = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(link.end() for link in self._links))
        self._links.clear()

    def _look_up(self) -> _Watching:
        """What the rules in force ask to be looked for. Raises `ConfigError`."""
        watchlist = self._watchlist()
        if watchlist is not self._watches.watchlist:
            self._watches = _Watching(watchlist, self._key)
        return self._watches

    def _without_looking(self, text: str, look: _Look) -> Findings | None:
        """What is in a text, when that is known here and now: seen before, or nothing in it triggers."""
        entities, watches = look.entities, look.watches
        if len(text) < SHORTEST and not look.anywhere:  # some kinds no trigger tells
            return ()
        key = watches.digest(text), look.kinds
        findings = self._verdicts.get(key)
        if findings is None and len(text) <= LONGEST_LOOK and not may_hold(text, entities, watches.detectors):
            findings = ()
            self._verdicts.put(key, findings)
        return findings

    async def _look(self, texts: Sequence[str], look: _Look) -> list[Findings]:
        """Findings of each text, from the workers. Raises `Fault`, `WireError`."""

        async def scanned(link: WorkerLink, batch: Sequence[tuple[str, bytes]]) -> tuple[Findings, ...]:
            data = [data for _, data in batch]
            found = await link.scan(data, sorted(look.entities), look.watches.watchlist, whole=look.whole)
            await in_steps(self._remember(look, batch, found))
            return found

        batches = await in_steps(_batches(texts))
        found = await self._all_done([functools.partial(scanned, batch=batch) for batch in batches])
        return list(itertools.chain.from_iterable(found))

    def _remember(self, look: _Look, batch: Sequence[tuple[str, bytes]], found: Sequence[Findings]) -> Steps[None]:
        for (text, _), findings in zip(batch, found, strict=True):
            self._verdicts.put((look.watches.digest(text), look.kinds), findings)
            yield

    async def _all_done[T](self, work: Sequence[Callable[[WorkerLink], Awaitable[T]]]) -> list[T]:
        """What the workers make of each piece of `work`, in its order. Raises `Fault`, `WireError`."""
        if self._closed:
            raise Fault("the content scanner is closed")
        if self._under_way + len(work) > self._workers + self._queue and self._under_way > 0:
            raise Fault("the queue of the content scanner is full; send less at once, or add workers")
        if not self._first or not all(task.done() for task in self._first):
            await self._wait_for_start()
        # each job runs to its own end, also when the caller is gone: what it found is remembered, its worker freed
        jobs = [self._task(self._job(piece)) for piece in work]
        self._under_way += len(jobs)
        for job in jobs:
            job.add_done_callback(self._job_is_over)
        try:
            return await asyncio.shield(asyncio.gather(*jobs))
        except asyncio.CancelledError:
            if self._closed:
                raise Fault("the content scanner was closed before it was done") from None
            raise

    async def _wait_for_start(self) -> None:
        try:
            await self.ready()
        except ConfigError as error:
            raise Fault(f"the content scanner cannot start: {error}") from error

    async def _job[T](self, work: Callable[[WorkerLink], Awaitable[T]]) -> T:
        """One piece of work on one worker, within the deadline, waiting for the worker included."""
        link: WorkerLink | None = None
        try:
            async with asyncio.timeout(self._deadline_s):
                link = await self._free()
                found = await work(link)
        except TimeoutError as error:
            if link is None:
                raise Fault(f"no scanning worker was free within {self._deadline_s:g} s") from error
            self._replace(link)
            raise Fault(f"a scan took longer than {self._deadline_s:g} s") from error
        except BaseException as error:
            if link is not None and isinstance(error, WireError):
                self._idle.put_nowait(link)  # it did what it was asked
            elif link is not None:
                self._replace(link)
            raise
        self._idle.put_nowait(link)
        return found

    async def _free(self) -> WorkerLink:
        """The next idle worker; one that died while it was idle is replaced on the way."""
        while not (link := await self._idle.get()).alive:
            self._replace(link)
        return link

    def _job_is_over(self, job: asyncio.Task[Any]) -> None:
        self._under_way -= 1
        if not job.cancelled():
            job.exception()  # the caller may be gone; then nobody else asks

    def _replace(self, link: WorkerLink) -> None:
        """End a worker that did not answer as it should, and bring up another. Without waiting."""
        if not self._closed:
            _log.warning("scanning worker %d did not answer as it should: it is ended, another is started", link.pid)
            self._task(self._reopen(link))

    async def _reopen(self, link: WorkerLink) -> None:
        await link.end()
        self._links.discard(link)
        for pause_s in itertools.chain(_RETRY_S, itertools.repeat(_RETRY_S[-1])):
            await asyncio.sleep(pause_s)
            try:
                await self._open()
            except ConfigError:
                continue
            break

    async def _open(self) -> None:
        link = await WorkerLink.open(
            Begin(key=self._key, deadline_s=self._deadline_s, watchlist=self._watches.watchlist),
            within_s=_START_WITHIN_S,
        )
        self._links.add(link)
        self._idle.put_nowait(link)

    def _task[T](self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """A task that is kept until it is done."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


def _known(parts: Sequence[tuple[str, str]], look: _Look) -> Steps[tuple[dict[str, Findings], dict[str, None]]]:
    """What is in those texts of `parts` of which that is known here and now, and the other texts."""
    known: dict[str, Findings] = {}
    unknown: dict[str, None] = {}
    for few in itertools.batched(parts, AT_A_TIME):
        texts = [named(where) + value for where, value in few]
        known |= {text: found for text, found in look.known.at_hand(texts).items() if found is not None}
        for text in texts:
            if text in known or text in unknown:
                continue
            findings = look.known(text)
            if findings is None:
                unknown[text] = None
            else:
                known[text] = findings
            yield
        if len(few) == AT_A_TIME:
            yield
    return known, unknown


def _placed(parts: Sequence[tuple[str, str]], known: Mapping[str, Findings]) -> Steps[tuple[Finding, ...]]:
    """The findings in `parts` at their places, where what is in each text is `known`."""
    seen: list[Finding] = []
    for few in itertools.batched(parts, AT_A_TIME):
        for where, value in few:
            name = named(where)
            if findings := known[name + value]:
                seen += placed(findings, where, name)
        yield
    return tuple(seen)


def _batches(texts: Sequence[str]) -> Steps[list[list[tuple[str, bytes]]]]:
    """`texts` in order and as bytes, in batches of about `_BATCH_BYTES`, so that many small ones share a round trip."""
    batches: list[list[tuple[str, bytes]]] = []
    size = 0
    for text in texts:
        data = text.encode("utf-8", "surrogatepass")
        if not batches or size + len(data) > _BATCH_BYTES:
            batches.append([])
            size = 0
        batches[-1].append((text, data))
        size += len(data)
        yield
    return batches
