"""Where a quote really begins and ends: fingerprints tell it but for some letters.

The words beside a known stretch are of the same quote when the retrieved texts have them side by side as the quote has.
Looks only near the edges, so that a long page costs no more than a short one.
"""

from __future__ import annotations

from msgspec.structs import replace

from aisecops.controls.provenance.own_words import inside, sticking_out
from aisecops.controls.provenance.winnow import WINDOW
from aisecops.controls.provenance.words import Vocabulary, each_in, hashes, pairs_of, placed
from aisecops.model.provenance import Span, Traced

_REACH = 160
"""Characters on either side of an edge that are looked at: a quote's letters beside it and as many of its own."""


def widened(text: str, traced: tuple[Traced, ...], *, retrieved: Vocabulary, key: bytes) -> tuple[Traced, ...]:
    """`traced`, each stretch to the words and marks where the quote in `text` begins and ends.

    Where nobody has the retrieved words, to the end of the word that it ends in, or of a line that is all but over.
    """
    spans = {
        one.span: _to_its_edges(text, one.span, retrieved, key) for one in {one.span: one for one in traced}.values()
    }
    return tuple(replace(one, span=spans[one.span]) for one in traced)


def _to_its_edges(text: str, span: Span, retrieved: Vocabulary, key: bytes) -> Span:
    begun = _words_of_the_quote(
        text, span, span.start, min(span.end, span.start + _REACH), retrieved=retrieved, key=key
    )
    ended = begun
    if span.end > span.start + _REACH:
        ended = _words_of_the_quote(text, span, span.end - _REACH, span.end, retrieved=retrieved, key=key)
    start, end = begun.start, ended.end
    while start > 0 and _is_mark(text[start - 1]):
        start -= 1
    while end < len(text) and _is_mark(text[end]):
        end += 1
    # the sign of a heading or of an item of a list, and where nobody knows the words what a quote may stick out by
    may_be_left = 0 if len(retrieved) else WINDOW - 1
    line = max(text.rfind("\n", 0, start) + 1, start - _REACH)
    if _letters(text[line:start]) <= may_be_left:
        start = line
    behind = text.find("\n", end, end + _REACH)
    behind = min(len(text), end + _REACH) if behind < 0 else behind
    if 0 < _letters(text[end:behind]) <= may_be_left:
        end = behind
    return Span(start=start, end=end)


def _words_of_the_quote(text: str, span: Span, first: int, last: int, *, retrieved: Vocabulary, key: bytes) -> Span:
    """`span`, with the words around what stands from `first` to `last` of it that belong to it."""
    first, last = max(0, first - _REACH), min(len(text), last + _REACH)
    words = placed(text[first:last])
    words = words[first > 0 : len(words) - (last < len(text))]  # those that are cut here
    here = Span(start=max(0, span.start - first), end=max(0, min(last, span.end) - first))
    taken = inside(words, [here])
    if not taken.any():
        return span
    hashed = hashes([word for word, _, _ in words], key)
    taken |= sticking_out(
        taken,
        each_in(pairs_of(hashed), retrieved.pairs),
        each_in(hashed, retrieved.words),
        [sum(map(str.isalnum, word)) for word, _, _ in words],
        unknown=0,
    )
    quoted = [word for word, is_taken in zip(words, taken, strict=True) if is_taken]
    return Span(start=min(span.start, first + quoted[0][1]), end=max(span.end, first + quoted[-1][2]))


def _letters(text: str) -> int:
    return sum(map(str.isalnum, text))


def _is_mark(character: str) -> bool:
    return not character.isalnum() and not character.isspace()
