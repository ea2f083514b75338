from __future__ import annotations

from aisecops.adapters.nlp.opened_before import OpenedBefore
from aisecops.wire.files.opened import Opened
from aisecops.wire.files.shelf import File


def opened(size: int) -> Opened:
    return Opened(parts=(("", "x" * size),))


def test_a_file_is_known_by_its_bytes_its_place_and_what_it_is():
    def name(data: bytes = b"a", where: str = "body:", reason: str = "body", key: bytes = b"k") -> bytes:
        return OpenedBefore.name(File(where=where, data=data, reason=reason), key)

    names = {name(), name(data=b"b"), name(where="upload:f"), name(reason="upload"), name(key=b"j")}
    assert len(names) == 5
    assert name() == name()


def test_the_longest_unused_goes_when_there_is_too_much_and_what_is_much_alone_is_not_kept():
    kept = OpenedBefore(max_chars=10)
    for name in (b"1", b"2", b"3", b"4", b"5"):
        kept.put(name, opened(2))
    assert kept.get(b"1") == opened(2)
    kept.put(b"6", opened(2))
    kept.put(b"7", opened(3))
    assert [kept.get(name) is not None for name in (b"1", b"2", b"6", b"7")] == [True, False, True, False]
    assert len(kept) == 5
