from __future__ import annotations

import pytest

from aisecops.wire.files.kind import Kind, kind_of
from support.packing import PACKED, SEALED, SHOWN
from support.samples import Random


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (PACKED["zip"]("x"), Kind.ZIP),
        (PACKED["tar"]("x"), Kind.TAR),
        (PACKED["pdf"]("x"), Kind.PDF),
        (PACKED["zstd"]("x"), Kind.PACKED),
        (SHOWN["png"]("x"), Kind.PICTURE),
        (b"RIFF\0\0\0\0WAVE", Kind.SOUND),
        (b"\0\0\0\x18ftypheic", Kind.PICTURE),
        (b"\0\0\0\x18ftypisom", Kind.SOUND),
        (SEALED["rar"], Kind.SEALED),
        (b"plain words", None),
        (b"", None),
    ],
    ids=range(11),
)
def test_files_are_known_by_how_they_begin(data, kind):
    assert kind_of(data) is kind


def test_what_is_random_is_no_file():
    chance = Random(1)
    assert [data for data in (chance.randbytes(48) for _ in range(100_000)) if kind_of(data) is not None] == []
