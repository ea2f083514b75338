"""What of a text its speaker has said: not what came in from elsewhere, to the word, nor what a model had said before.

A traced stretch ends within a window of where the quote does, so an address that stands at its end may stick out of it.
Which words belong to the quote is told by the pairs of neighbours that the retrieved texts have.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from aisecops.controls.provenance.winnow import QUOTE, WINDOW
from aisecops.controls.provenance.words import Vocabulary, each_in, hashes, pairs_of, placed
from aisecops.model.provenance import Span

type Flags = npt.NDArray[np.bool_]


def own_words(text: str, others: Sequence[Span], *, retrieved: Vocabulary, models: Vocabulary, key: bytes) -> list[str]:
    """The pieces of `text` that are its speaker's own.

    `others` are the stretches that are known to come from elsewhere, out of texts in the words of `retrieved` or of
    some that nobody has here. `models` are the words of what models have said: `QUOTE` letters of theirs in a row are
    theirs.
    """
    if not others and not len(models):
        return [text]
    words = placed(text)
    if not words:
        return []
    hashed = hashes([word for word, _, _ in words], key)
    pairs = pairs_of(hashed)
    sizes = np.array([sum(map(str.isalnum, word)) for word, _, _ in words])
    taken = inside(words, others)
    taken |= sticking_out(taken, each_in(pairs, retrieved.pairs), each_in(hashed, retrieved.words), sizes)
    taken |= _in_rows(each_in(pairs, models.pairs), each_in(hashed, models.words), sizes)
    return [text[words[first][1] : words[last][2]] for first, last in _runs(~taken)]


def inside(words: Sequence[tuple[str, int, int]], spans: Sequence[Span]) -> Flags:
    """Which words lie in any of `spans`, with half of them at least: a letter more is in both by chance."""
    inside = np.zeros(len(words), dtype=np.bool_)
    if spans:
        begins, ends = (np.array([word[at] for word in words]) for at in (1, 2))
        for span in spans:
            inside |= 2 * (np.minimum(ends, span.end) - np.maximum(begins, span.start)) >= ends - begins
    return inside


def sticking_out(
    taken: Flags,
    goes_on: Flags,
    alone: Flags,
    sizes: npt.NDArray[np.int64] | Sequence[int],
    *,
    unknown: int = 2 * WINDOW,
) -> Flags:
    """The words beside the taken ones that belong to the same quote: as the retrieved texts have them side by side.

    Where those texts are nobody's here, whatever is within `unknown` letters of the quote: of two windows one is what a
    quote may stick out by, and one what of a word is in it.
    """
    more = np.zeros(len(taken), dtype=np.bool_)
    for first, last in _runs(taken):
        told = bool((alone[first : last + 1] if first == last else goes_on[first:last]).any())
        for beside in (range(last + 1, len(taken)), range(first - 1, -1, -1)):
            letters = 0
            for at in beside:
                inner = at - beside.step
                if letters >= (QUOTE if told else unknown) or (told and not goes_on[min(at, inner)]):
                    break
                more[at] = True
                letters += int(sizes[at])
    return more


def _in_rows(goes_on: Flags, alone: Flags, sizes: npt.NDArray[np.int64]) -> Flags:
    """The words that stand in rows of `QUOTE` letters or more, each beside the other as it did where it was said."""
    rows = alone & (sizes >= QUOTE)
    for first, last in _runs(goes_on):  # of pairs: the row has one word more
        if sizes[first : last + 2].sum() >= QUOTE:
            rows[first : last + 2] = True
    return rows


def _runs(flags: Flags) -> Iterator[tuple[int, int]]:
    """From where to where (both of it) `flags` are set."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], flags, [False])).astype(np.int8)))
    for first, end in edges.reshape(-1, 2):
        yield int(first), int(end) - 1
