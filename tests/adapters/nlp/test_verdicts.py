from __future__ import annotations

from aisecops.adapters.nlp.verdicts import VerdictCache, digest
from aisecops.model.finding import Finding
from aisecops.model.provenance import Span

FINDING = Finding(entity="JWT", where="", span=Span(start=0, end=1), confidence=1.0, fingerprint="00")
KINDS = frozenset({"JWT"})


def test_what_was_found_is_known_again_for_the_same_kinds_only() -> None:
    cache = VerdictCache()
    cache.put((digest(b"a"), KINDS), (FINDING,))
    assert cache.get((digest(b"a"), KINDS)) == (FINDING,)
    assert cache.get((digest(b"a"), frozenset({"JWT", "PRIVATE_KEY"}))) is None
    assert cache.get((digest(b"b"), KINDS)) is None


def test_the_longest_unused_text_is_forgotten_first() -> None:
    cache = VerdictCache(max_texts=2)
    for text in (b"a", b"b"):
        cache.put((digest(text), KINDS), ())
    cache.get((digest(b"a"), KINDS))
    cache.put((digest(b"c"), KINDS), ())
    assert [cache.get((digest(text), KINDS)) for text in (b"a", b"b", b"c")] == [(), None, ()]


def test_findings_are_bounded_too_also_when_a_text_is_put_again() -> None:
    cache = VerdictCache(max_findings=3)
    for _ in range(5):
        cache.put((digest(b"a"), KINDS), (FINDING,) * 2)
    cache.put((digest(b"b"), KINDS), (FINDING,))
    assert len(cache) == 2
    cache.put((digest(b"c"), KINDS), (FINDING,))
    assert cache.get((digest(b"a"), KINDS)) is None
    cache.put((digest(b"d"), KINDS), (FINDING,) * 4)
    assert len(cache) == 0
