"""Content known again across requests, runs and processes: learned when it comes in, recognised when it goes on.

Joins fingerprints and words (`controls/provenance`) with where they are kept. What is dear happens in a thread of its
own; a text that was looked at before is not looked at again. Says what descends from what; what follows from
that is `controls/firewall`.
"""

from __future__ import annotations

import asyncio
import functools
import hashlib
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

from msgspec.structs import replace

from aisecops.controls.firewall.arguments import JsonValue, source_of
from aisecops.controls.firewall.assess import assess
from aisecops.controls.provenance.edges import widened
from aisecops.controls.provenance.fingerprint import fingerprint, packed, unpacked
from aisecops.controls.provenance.index import Index
from aisecops.controls.provenance.letters import letters
from aisecops.controls.provenance.own_words import own_words
from aisecops.controls.provenance.trace import trace
from aisecops.controls.provenance.winnow import QUOTE, Hashes, Key
from aisecops.controls.provenance.words import EMPTY, Vocabulary, vocabulary
from aisecops.gateway.aside import in_steps
from aisecops.gateway.origins.additions import Additions
from aisecops.gateway.origins.kept_words import CONTENTS_KEPT, KeptWords
from aisecops.gateway.origins.said import Proposal, Sayings, Tree, said_as
from aisecops.gateway.origins.traced import TEXTS_KEPT, Found, TracedBefore
from aisecops.gateway.origins.undressed import undressed
from aisecops.gateway.origins.vouched import NOTHING_VOUCHED, Vouched
from aisecops.gateway.ports import ContentStore
from aisecops.gateway.recent import OfTexts, Recent
from aisecops.model.envelope import ArgumentSource, Suspicion
from aisecops.model.ids import RunId
from aisecops.model.known import Known, KnownContent, KnownOutput, Part, ProposedWords, SaidWords
from aisecops.model.provenance import Origin, Span, TrustTier, joined

TREES_KEPT = 500
"""Trees of runs whose words are at hand; of others they are read from the store again."""
SHORT = 1_000
"""Characters that are looked at in the event loop: less work than handing them to a thread."""
TO_LEARN = 3_000
"""The same for what is learned or known again, and not looked at for injections: less than a millisecond."""
AGAIN_MS = 60_000
"""For so long the same content that comes to a run again is not learned again."""
FEW = 4
"""So many additions of others are taken in the event loop."""


type Told = tuple[str, Sequence[Span]]


class KnownAgain:
    """What came in, known again. One object for a process; from many tasks at once."""

    def __init__(self, store: ContentStore, secret: bytes) -> None:
        self._store = store
        self._additions = Additions(store, self._take_aside)
        self._key = Key.of(secret)
        self._secret = secret
        self._index = Index()
        self._outputs = Index()  # what runs put out themselves (`chains.py`)
        self._trees: OrderedDict[RunId, Tree] = OrderedDict()
        self._assessed = Recent[bytes, tuple[Suspicion, ...]](TEXTS_KEPT)
        self._owned = Recent[tuple[RunId, bytes], bool](TEXTS_KEPT)
        self._came = Recent[tuple[tuple[bytes, ...], Origin], Origin](CONTENTS_KEPT)
        self._digest = OfTexts(self._digest_of)
        self._traced = TracedBefore(self._trace, self._digest)
        self._drawn = TracedBefore(lambda _, *text: trace(text[0], self._outputs, self._key, text[1]), self._digest)
        self._kept = KeptWords(secret, self._key, self._digest)
        # INVARIANT: index and words are touched by the one thread, or by the event loop while the thread is idle
        self._under_way = 0
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="provenance")
        self._thread.submit(letters, "")  # its table is made now, not when the first answer waits for it

    async def learn_once(self, origin: Origin, texts: Sequence[str], vouched: Vouched) -> Origin:
        """As `learn`; but what just came to the same run in the same way is not learned again, however often it comes.

        Gives the origin that it is known by.
        """
        if vouched.fields or not texts:  # which of them are chosen, is another question each time
            await self.learn(origin, texts, vouched)
            return origin
        came = tuple(map(self._digest, texts)), replace(origin, origin_id="", at_ms=0)
        before = self._came.get(came)
        if before and origin.at_ms - before.at_ms < AGAIN_MS and before.origin_id in self._index:
            return before
        await self.learn(origin, texts)
        self._came.put(came, origin)
        return origin

    async def learn(self, origin: Origin, texts: Sequence[str], vouched: Vouched = NOTHING_VOUCHED) -> None:
        """`texts` came in as `origin`; of some values in them the rules say that they are `vouched` for.

        Known to every process when this returns. Raises `StoreError`.
        """
        await self._begun(origin.root_run_id)
        made = functools.partial(self._kept.of_content, self._trees[origin.root_run_id], origin, texts, vouched)
        await self._add(made, () if self._kept.has(texts) else texts)

    async def learn_each(self, contents: Sequence[tuple[Origin, str]]) -> None:
        """The same for many texts at once, each an origin's own; all of one tree of runs. Raises `StoreError`."""
        if not contents:
            return
        await self._begun(contents[0][0].root_run_id)
        texts = [text for _, text in contents]

        def work() -> list[Known]:
            tree = self._trees[contents[0][0].root_run_id]
            made = (self._kept.of_content(tree, origin, [text, *undressed([text])]) for origin, text in contents)
            return [one for known in made for one in known]

        await self._add(work, texts)

    async def recognise(self, root_run_id: RunId, texts: Sequence[str]) -> list[Found]:
        """For each text which stretches of it came in, and from where. Raises `StoreError`."""
        await self._additions.read()
        return await self._each(self._traced, root_run_id, texts)

    @property
    def any_put_out(self) -> bool:
        """True when anything that a run has put out is at hand."""
        return len(self._outputs) > 0

    async def put_out(self, origin: Origin, texts: Sequence[str]) -> None:
        """A run, which `origin` names, has put out `texts`: its own words in them are known again, not what it quotes.

        Known to every process when this returns. Raises `StoreError`.
        """
        await self._additions.read()
        guessed = await self._additions.guessing(sum(map(len, texts)))
        asked = guessed.prints if guessed else []

        def work() -> list[Known]:
            asked.append(prints := fingerprint(texts, self._key))
            own = self._index.unknown(prints)
            return [KnownOutput(origin=origin, prints=packed(own))] if len(own) else []

        await self._add(work, texts)

    async def put_out_in(self, root_run_id: RunId, texts: Sequence[str]) -> list[Found]:
        """For each text which stretches of it some run has put out. Raises `StoreError`."""
        await self._additions.read()
        if not len(self._outputs):
            if guessed := await self._additions.guessing(0):
                guessed.of_outputs = True
            return []
        return await self._each(self._drawn, root_run_id, texts)

    async def _each(self, traced: TracedBefore, root_run_id: RunId, texts: Sequence[str]) -> list[Found]:
        """What is known again in each of `texts`; looked for in those that nobody has `traced` before."""
        found = await in_steps(traced.at_hand(root_run_id, texts))
        new = [text for text in dict.fromkeys(texts) if text not in found]
        if new:
            guessed = await self._additions.guessing(sum(map(len, new)))
            look = traced.look if guessed is None else functools.partial(traced.guess, looked=guessed)
            made = await self.aside(lambda: [look(root_run_id, one) for one in new], new, short=TO_LEARN)
            found |= zip(new, made, strict=True)
        return [found[text] for text in texts]

    async def assessed(self, texts: Sequence[str]) -> list[tuple[Suspicion, ...]]:
        """For each text what looks like an injection in it."""
        new = [text for text in texts if self._digest(text) not in self._assessed]
        return await self.aside(lambda: [self._assess(text) for text in texts], new)

    async def heard(
        self, root_run_id: RunId, *, trusted: Sequence[Told], untrusted: Iterable[tuple[str, str, str]]
    ) -> None:
        """What operator and user said in this tree, and what was retrieved (text, origin id, source).

        `trusted` are whole texts, each with the stretches of it that are not theirs. What a model of the tree had said
        before in as many words is not either. Known to every process when this returns. Raises `StoreError`.
        """
        await self._begun(root_run_id)
        tree = self._trees[root_run_id]
        # heard once: what somebody said before a model did is their own
        digests, owned = self._digest.of_each([one[0] for one in trusted]), self._owned.names
        told = [one for one in trusted if (root_run_id, digests[one[0]]) not in owned]
        said = [
            (text, False, origin_id, origin)
            for text, origin_id, origin in untrusted
            if said_as(self.digest(text), trusted=False) not in tree.names
        ]

        def made() -> list[Known]:
            own = [(text, True, "", "") for text in self._own_in(root_run_id, told)]
            return self._kept.of_words(tree, root_run_id, [*own, *said])

        names = dict.fromkeys(((root_run_id, digests[text]) for text, _ in told), True)
        texts = [*(text for text, _ in told), *(one[0] for one in said)]
        await self._add(made, texts, lambda: self._owned.update(names))

    async def model_said(self, root_run_id: RunId, texts: Sequence[str], kept_as: Sequence[str] = ()) -> None:
        """A model of this tree has said `texts`; who repeats them is not the one who said it. Raises `StoreError`.

        Of a tree that has read nothing untrusted only the names are kept by which its provider keeps the answer: there
        the model has its words from whom it may.
        """
        await self._begun(root_run_id)
        tree = self._trees[root_run_id]
        told = [text for text in texts if len(text) >= QUOTE] if tree.untrusted else []
        said = [(text, False, "", "") for text in (*told, *([" ".join(kept_as)] if kept_as else []))]
        if said:
            await self._add(lambda: self._kept.of_words(tree, root_run_id, said, part=Part.MODEL), told)

    async def unheard(self, root_run_id: RunId, names: Sequence[str]) -> tuple[str, ...]:
        """Those of `names` by which a provider keeps what no model of this tree has said. Raises `StoreError`."""
        if not names:
            return ()
        await self._at_hand(root_run_id)
        models = self._trees[root_run_id].models
        return tuple(name for name in names if not any(said.holds(name, self._secret) for said in models))

    async def sayings(self, root_run_id: RunId) -> tuple[Sayings, Sayings]:
        """What was said in this tree by whom it trusts, and what was retrieved. Raises `StoreError`."""
        await self._at_hand(root_run_id)
        return await self.aside(lambda: self._sayings(root_run_id))

    async def said(self, root_run_id: RunId, value: JsonValue) -> bool:
        """True when operator or user said all of `value` in words of their own. Raises `StoreError`."""
        await self._at_hand(root_run_id)
        own = await self.aside(self._trees[root_run_id].own_words)
        return source_of(value, trusted=own, untrusted=own) is ArgumentSource.TRUSTED

    async def named_in(self, root_run_id: RunId, values: Sequence[str], *, of: str = "") -> tuple[str, str]:
        """The origin (id and source) of the first retrieved text of this tree that names one of `values`.

        Only texts whose source begins with `of` are looked into.
        """
        await self._at_hand(root_run_id)

        return await self.aside(lambda: self._trees[root_run_id].named_in(values, of=of))

    async def echo(self, root_run_id: RunId, values: Sequence[str]) -> tuple[str, str] | None:
        """Who names one of `values` besides the field that alone vouches for it (`said.py`). Raises `StoreError`."""
        await self._at_hand(root_run_id)
        return await self.aside(lambda: self._trees[root_run_id].echo(values))

    async def read_from(self, root_run_id: RunId) -> dict[str, TrustTier]:
        """Where this tree has retrieved text from, and what that was worth at worst. Raises `StoreError`."""
        await self._at_hand(root_run_id)
        found: dict[str, TrustTier] = {}
        for _, one in self._trees[root_run_id].untrusted:
            found[one.origin] = joined(one.tier, found.get(one.origin, TrustTier.OPERATOR))
        return found

    def digest(self, text: str) -> str:
        """The keyed digest of `text` as it stands."""
        return self._digest(text).hex()

    async def printed(self, texts: Sequence[str]) -> list[tuple[str, Vocabulary]]:
        """For each text the keyed digest of its normal form, and its words: what it is known again by alone."""
        kept = self._kept
        return await self.aside(lambda: [(kept.normal_digest(text), kept.words(text)) for text in texts], texts)

    async def part_of(self, text: str, whole: Vocabulary) -> bool:
        """True when `text` is a piece of the text whose words are `whole`, word by word."""
        return await self.aside(lambda: whole.holds(text, self._secret), [text])

    async def may_propose(self, root_run_id: RunId) -> None:
        """A model of this tree may propose calls from now on. Raises `StoreError`."""
        await self._begun(root_run_id)
        if self._trees[root_run_id].proposed is None:
            await self._add(lambda: [ProposedWords(root_run_id=root_run_id, key="")])

    async def propose(
        self, root_run_id: RunId, decision_id: str, calls: Sequence[tuple[str, str, str]], *, withdrawn: bool = False
    ) -> None:
        """A model proposed `calls` (name, id, arguments). Known to every process when this returns.

        Raises `StoreError`.
        """
        await self._begun(root_run_id)
        texts = [arguments for _, _, arguments in calls]

        def work() -> list[Known]:
            known: list[Known] = []
            for number, (name, call_id, arguments) in enumerate(calls):
                words = vocabulary([arguments], self._secret)
                key = f"{decision_id}:{call_id}:{'w' if withdrawn else ''}{number}"
                said = ProposedWords(
                    root_run_id=root_run_id, key=key, name=name, call_id=call_id, decision_id=decision_id,
                    words=packed(words.words), pairs=packed(words.pairs), withdrawn=withdrawn,
                )  # fmt: skip
                known.append(said)
            return known

        await self._add(work, texts)

    async def proposals(self, root_run_id: RunId) -> list[Proposal] | None:
        """The calls that models of this tree proposed, oldest first; None when none could have. Raises `StoreError`."""
        await self._at_hand(root_run_id)
        proposed = self._trees[root_run_id].proposed
        if proposed is None:
            return None
        return [
            Proposal(
                name=one.name, call_id=one.call_id, decision_id=one.decision_id, key=self._secret,
                said=Vocabulary(words=unpacked(one.words), pairs=unpacked(one.pairs)), withdrawn=one.withdrawn,
            )
            for one in proposed.values()
        ]  # fmt: skip

    def close(self) -> None:
        """Finish what is under way and let go."""
        self._thread.shutdown(wait=True)

    async def aside[T](
        self, work: Callable[[], T], texts: Sequence[str] = (), *, size: int = 0, short: int = SHORT
    ) -> T:
        """Do `work`, which looks at `texts`: here when they are short and nobody else is at it, else in the thread.

        `size` are characters that it looks at beside them.
        """
        if not self._under_way and sum(map(len, texts)) + size <= short:
            return work()
        self._under_way += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        finally:
            self._under_way -= 1

    async def _add(
        self, make: Callable[[], list[Known]], texts: Sequence[str] = (), then: Callable[[], None] = lambda: None
    ) -> None:
        """Know what `make` makes of `texts` from now on, or from the charge of the step under way; `then` is done."""
        if self._additions.with_charge:
            return self._additions.add(await self.aside(make, texts, short=TO_LEARN), then)

        def work() -> list[Known]:
            self._take(known := make())  # from the store it comes once more, and changes nothing
            return known

        known = await self.aside(work, texts, short=TO_LEARN)
        then()
        return await self._additions.keep(known)

    async def _take_aside(self, known: Sequence[Known]) -> None:
        await self.aside(functools.partial(self._take, known), size=SHORT + 1 if len(known) > FEW else 0)

    async def _at_hand(self, root_run_id: RunId) -> None:
        """Catch up, and have the words of one tree in memory."""
        await self._additions.read()
        await self._begun(root_run_id)

    async def _begun(self, root_run_id: RunId) -> None:
        """Have the words of one tree in memory, as far as they are known here: enough to add to them."""
        if root_run_id not in self._trees:
            said = await self._store.of_tree(root_run_id)
            await self.aside(lambda: self._open(root_run_id, said))

    # by one at a time

    def _take(self, known: Sequence[Known]) -> None:
        for one in known:
            if isinstance(one, KnownContent):
                self._index.add(one.origin, unpacked(one.prints))
            elif isinstance(one, KnownOutput):
                self._outputs.add(one.origin, unpacked(one.prints))
            elif one.root_run_id in self._trees:
                self._trees[one.root_run_id].add(one)

    def _open(self, root_run_id: RunId, said: Sequence[SaidWords | ProposedWords]) -> None:
        tree = self._trees.setdefault(root_run_id, Tree(self._secret))
        for words in said:
            tree.add(words)
        while len(self._trees) > TREES_KEPT:
            self._trees.popitem(last=False)

    def _own_in(self, root_run_id: RunId, told: Sequence[Told]) -> list[str]:
        """The pieces of `told` that are its speakers' own."""
        tree = self._trees[root_run_id]
        models, (_, untrusted) = tree.by_models(), tree.sayings()
        own: list[str] = []
        for text, others in told:
            if said_as(self.digest(text), trusted=True) not in tree.names:
                own += own_words(text, others, retrieved=untrusted.said, models=models, key=self._secret)
        return [text for text in own if text.strip()]

    def _trace(self, root_run_id: RunId, text: str, asked: list[Hashes] | None) -> Found:
        found, tree = trace(text, self._index, self._key, asked), self._trees.get(root_run_id)
        if not found:
            return found
        retrieved = EMPTY if tree is None else tree.sayings()[1].said
        return widened(text, found, retrieved=retrieved, key=self._secret)

    def _assess(self, text: str) -> tuple[Suspicion, ...]:
        return self._assessed.of(self._digest(text), lambda: assess(text))

    def _sayings(self, root_run_id: RunId) -> tuple[Sayings, Sayings]:
        self._trees.move_to_end(root_run_id)
        return self._trees[root_run_id].sayings()

    def _digest_of(self, text: str) -> bytes:
        return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), key=self._secret[:64], digest_size=16).digest()
