from __future__ import annotations

import pytest

from aisecops.controls.dlp.written import WrittenBody
from aisecops.controls.dlp.written_form import WrittenForm
from aisecops.gateway.leaving.writing import as_written


def kind(value: str) -> tuple[tuple[str, str], ...]:
    return (("Content-Type", value),)


@pytest.mark.parametrize(
    ("body", "headers", "written"),
    [
        (b'{"a": 1}', (), WrittenBody),
        (b"text", kind("text/plain"), WrittenBody),
        (b"a=b", kind("application/x-www-form-urlencoded"), WrittenForm),
        (b'{"a": 1}', kind("application/x-www-form-urlencoded"), WrittenBody),
        (b"--b--\r\n", kind("multipart/form-data; boundary=b"), WrittenForm),
        (b"not one", kind("multipart/form-data; boundary=b"), type(None)),
        (b"\xff", (), type(None)),
        (b"text", kind("text/plain; charset=latin-1"), type(None)),
        (b"text", (*kind("text/plain"), *kind("text/plain")), type(None)),
    ],
)
def test_a_body_is_written_as_what_it_is_or_cannot_be_changed(body, headers, written):
    assert type(as_written(body, headers)) is written
