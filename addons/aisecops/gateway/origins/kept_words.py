"""What is kept of texts, so that they are known again: fingerprints, and words as keyed hashes.

Knows the form in which it is kept. Where that is, and who may ask for it, is `known.py`'s.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Sequence

from aisecops.controls.provenance.fingerprint import MAX_CHARACTERS, fingerprint, packed
from aisecops.controls.provenance.letters import plain
from aisecops.controls.provenance.winnow import Key
from aisecops.controls.provenance.words import Vocabulary, hosts, named_inside, together, vocabulary
from aisecops.gateway.origins.said import Tree, said_as
from aisecops.gateway.origins.vouched import NOTHING_VOUCHED, Vouched
from aisecops.gateway.recent import Recent
from aisecops.model.ids import RunId
from aisecops.model.known import Known, KnownContent, Part, SaidWords
from aisecops.model.provenance import Origin, TrustTier
from aisecops.wire.answer_pieces import unescaped

CONTENTS_KEPT = 500
"""Contents whose fingerprints and words are remembered, for what is fetched again and again,"""
SMALL = 50_000
"""of so many characters at most."""


class KeptWords:
    """Makes what is kept of texts. One at a time; `digest` is the keyed digest of a text."""

    def __init__(self, secret: bytes, key: Key, digest: Callable[[str], bytes]) -> None:
        self._secret = secret
        self._key = key
        self._digest = digest
        self._prints = Recent[tuple[bytes, ...], bytes](CONTENTS_KEPT)
        self._spoken = Recent[str, tuple[bytes, bytes]](CONTENTS_KEPT)

    def has(self, texts: Sequence[str]) -> bool:
        """True when the fingerprints of just these texts are at hand."""
        return tuple(map(self._digest, texts)) in self._prints

    def of_content(
        self, tree: Tree, origin: Origin, texts: Sequence[str], vouched: Vouched = NOTHING_VOUCHED
    ) -> list[Known]:
        """What is kept of one content that came in as `origin`, in `tree`."""
        if not texts:
            return []
        name = tuple(map(self._digest, texts))
        prints = self._prints.of(name, lambda: packed(fingerprint(texts, self._key)), keep=_is_small(*texts))
        known: list[Known] = [KnownContent(origin=origin, prints=prints)]
        # the tool speaks for operator or user only where the rules say so
        own = origin.tier in {TrustTier.OPERATOR, TrustTier.USER}
        said = [(text, own, origin.origin_id, origin.source) for text in texts[:1]]
        known += self.of_words(tree, origin.root_run_id, said, origin.tier, Part.WHOLE)
        if vouched.fields:
            chosen = vouched.chosen(lambda leaf: any(said.holds(leaf, self._secret) for said in tree.own))
            parts = [*vouched.parts, *([(Part.CHOSEN, chosen)] if chosen else [])]
            known += [self._of_part(origin, part, said) for part, said in parts]
        return known

    def _of_part(self, origin: Origin, part: Part, texts: Sequence[str]) -> SaidWords:
        """The words of one part of an answer, told apart from the same words of another one."""
        name = f"{part}:{self._hex(chr(0).join(texts))}"
        words, pairs = self._spoken.of(
            name, lambda: self._packed_of(texts, whoever=part is Part.REST), keep=_is_small(*texts)
        )
        return SaidWords(
            root_run_id=origin.root_run_id, name=f"{part}:{origin.origin_id}", trusted=part is not Part.REST,
            words=words, pairs=pairs, origin_id=origin.origin_id, origin=origin.source, tier=origin.tier, part=part,
        )  # fmt: skip

    def words(self, text: str, *, whoever: bool = False) -> Vocabulary:
        """The words of `text`; the host of a link is one too, for it is called by other links.

        `whoever` said it: then what it may name counts too, behind the escapes of JSON and inside longer words.
        """
        told = [text, " ".join(hosts(text))]
        if whoever and "\\" in text:
            halves = unescaped(text).encode("utf-16-le", "surrogatepass")  # of what JSON writes as two
            told.append(halves.decode("utf-16-le", "replace"))
        if whoever:
            told += (" ".join(named_inside(one)) for one in (told[0], *told[2:]))
        return vocabulary(told, self._secret)

    def _packed_of(self, texts: Sequence[str], *, whoever: bool) -> tuple[bytes, bytes]:
        words = together(*(self.words(text, whoever=whoever) for text in texts))
        return packed(words.words), packed(words.pairs)

    def normal_digest(self, text: str) -> str:
        """The keyed digest of the normal form of `text`, in hexadecimal."""
        return self._hex((plain(text) if len(text) <= MAX_CHARACTERS else "") or text)

    def of_words(
        self,
        tree: Tree,
        root_run_id: RunId,
        said: Iterable[tuple[str, bool, str, str]],
        tier: TrustTier = TrustTier.EXTERNAL,
        part: Part = Part.HEARD,
    ) -> list[Known]:
        """What is kept of texts that were said (text, by whom it trusts, origin id, source), but for those it has."""
        known: list[Known] = []
        for text, trusted, origin_id, origin in said:
            name = self._hex(text)
            if said_as(name, trusted=trusted) in tree.names:
                continue
            made = functools.partial(self._packed_of, [text], whoever=not trusted)
            words, pairs = self._spoken.of(said_as(name, trusted=trusted), made, keep=_is_small(text))
            known.append(
                SaidWords(
                    root_run_id=root_run_id, name=name, trusted=trusted, words=words, pairs=pairs,
                    origin_id=origin_id, origin=origin, tier=tier, part=part,
                )
            )  # fmt: skip
        return known

    def _hex(self, text: str) -> str:
        return self._digest(text).hex()


def _is_small(*texts: str) -> bool:
    return sum(map(len, texts)) <= SMALL
