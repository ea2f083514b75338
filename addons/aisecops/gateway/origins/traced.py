"""What is known again in texts, looked for once: a history that is sent again costs next to nothing.

By tree: what somebody said before it came in elsewhere is their own, but only there. A text that a tree had before
somebody put it out is none of theirs.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

from aisecops.controls.provenance.fingerprint import packed
from aisecops.controls.provenance.winnow import Hashes, once_each, says_too_little
from aisecops.gateway.aside import AT_A_TIME, Steps
from aisecops.gateway.recent import OfTexts
from aisecops.model.envelope import Carried
from aisecops.model.ids import RunId
from aisecops.model.known import AskedAbout
from aisecops.model.provenance import Traced

TEXTS_KEPT = 50_000
"""Texts of all trees of which it is remembered what is known again in them: the newest half of them at least."""

type Found = tuple[Traced, ...]


class Guessed:
    """What was found with what is at hand, and by which fingerprints it was looked for.

    `of_outputs`: no run has put out anything yet, as far as is known, so that nothing was looked for.
    """

    def __init__(self) -> None:
        self.found: dict[tuple[TracedBefore, RunId, bytes], Found] = {}
        self.prints: list[Hashes] = []
        self.of_outputs = False

    def asked(self) -> AskedAbout:
        """What would have changed it."""
        prints = packed(once_each(self.prints)) if self.prints else b""
        return AskedAbout(prints=prints, outputs=self.of_outputs)

    def is_so(self) -> None:
        """It need not be looked for again."""
        for (traced, root_run_id, digest), found in self.found.items():
            traced.so(root_run_id, digest, found)


class TracedBefore:
    """What `trace` found in texts of a tree, by their `digest`. From any thread: each step on a dictionary is one."""

    def __init__(
        self,
        trace: Callable[[RunId, str, list[Hashes] | None], Found],
        digest: OfTexts[bytes],
        *,
        most: int = TEXTS_KEPT,
    ) -> None:
        self._trace = trace
        self._digest = digest
        self._room = most // 2
        self._lately: dict[tuple[RunId, bytes], Found] = {}
        self._before: dict[tuple[RunId, bytes], Found] = {}

    def at_hand(self, root_run_id: RunId, texts: Sequence[str]) -> Steps[dict[str, Found]]:
        """What was found in those of `texts` that were looked at before, or that say too little to be known again."""
        found: dict[str, Found] = {}
        for few in itertools.batched(dict.fromkeys(texts), AT_A_TIME):
            for text, digest in self._digest.of_each(few).items():
                known = self._kept(root_run_id, digest)
                if known is None and says_too_little(text):
                    known = self._keep((root_run_id, digest), ())
                if known is not None:
                    found[text] = known
            if len(few) == AT_A_TIME:
                yield
        return found

    def look(self, root_run_id: RunId, text: str) -> Found:
        """What is found in `text`; looked for, unless it was before."""
        digest = self._digest(text)
        known = self._kept(root_run_id, digest)
        return self._keep((root_run_id, digest), self._trace(root_run_id, text, None)) if known is None else known

    def guess(self, root_run_id: RunId, text: str, looked: Guessed) -> Found:
        """What is found in `text` with what is at hand: nothing is remembered until `looked` is found to be so."""
        name = root_run_id, self._digest(text)
        found = self._kept(*name)
        if found is None:
            found = looked.found.get((self, *name))
            if found is None:
                found = looked.found[self, *name] = self._trace(root_run_id, text, looked.prints)
        return found

    def so(self, root_run_id: RunId, digest: bytes, found: Found) -> None:
        """What was found is so."""
        self._keep((root_run_id, digest), found)

    def _kept(self, root_run_id: RunId, digest: bytes) -> Found | None:
        """What was found before. Each look is one: between two of them another thread may have put all of it away."""
        name = root_run_id, digest
        known = self._lately.get(name)
        if known is not None:
            return known
        known = self._before.get(name)
        return None if known is None else self._keep(name, known)

    def _keep(self, name: tuple[RunId, bytes], found: Found) -> Found:
        self._lately[name] = found
        if len(self._lately) > self._room:
            self._before, self._lately = self._lately, {}
        return found


def labelled(parts: Sequence[tuple[str, str]], traced: Sequence[Found]) -> Steps[dict[tuple[str, str], Carried]]:
    """The content with a label in `parts`, of which it is `traced` what came in; once for each place and origin."""
    found: dict[tuple[str, str], Carried] = {}
    for few in itertools.batched(zip(parts, traced, strict=True), AT_A_TIME):
        for where, origin in [(part[0], one.origin) for part, known in few for one in known]:
            if origin.label:
                found[where, origin.origin_id] = Carried(
                    where=where, label=origin.label, origin_id=origin.origin_id, origin=origin.source
                )
        yield
    return found
