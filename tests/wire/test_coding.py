"""Content codings come off whole, bounded, and with nothing left over."""

from __future__ import annotations

import contextlib
import gzip
import io
import zlib
from collections.abc import Iterator
from typing import Any

import brotli
import pytest
import zstandard
from hypothesis import example, given
from hypothesis import strategies as st

from aisecops.model.errors import WireError
from aisecops.model.refusals import Code
from aisecops.wire import coding
from aisecops.wire.coding import MAX_MEMBERS, PieceDecoder, decode
from aisecops.wire.zstd_frames import MAX_BLOCKS

MIB = 1024 * 1024
TEXT = b'{"note": "what leaves is read first"}' * 40


def encoded(name: str, data: bytes) -> bytes:
    return {
        "identity": lambda: data,
        "gzip": lambda: gzip.compress(data),
        "deflate": lambda: zlib.compress(data),
        "br": lambda: brotli.compress(data, quality=4),
        "zstd": lambda: zstandard.ZstdCompressor(write_checksum=True).compress(data),
    }[name]()


def taken_off(body: bytes, *codings: str, max_bytes: int = MIB, **more: int | bool) -> bytes:
    return decode(body, tuple(("Content-Encoding", name) for name in codings), max_bytes=max_bytes, **more)


def refusal(body: bytes, *codings: str, **more: int) -> Code:
    with pytest.raises(WireError) as refused:
        taken_off(body, *codings, **more)
    return refused.value.code


CODINGS = ["gzip", "deflate", "br", "zstd"]


@pytest.mark.parametrize("name", [*CODINGS, "identity"])
@pytest.mark.parametrize("data", [b"", b"x", TEXT, bytes(range(256)) * 2000], ids=["empty", "one", "text", "long"])
def test_what_was_encoded_comes_back(name: str, data: bytes) -> None:
    assert taken_off(encoded(name, data), name) == data


def test_a_body_without_coding_is_itself() -> None:
    assert decode(TEXT, (), max_bytes=MIB) == TEXT


def test_the_name_of_a_coding_may_have_any_case() -> None:
    assert taken_off(gzip.compress(TEXT), " GZip ") == TEXT


def test_an_answer_without_a_body_may_name_a_coding() -> None:
    assert taken_off(b"", "gzip") == b""


@pytest.mark.parametrize(
    "name",
    ["x-gzip", "x-deflate", "compress", "hex", "base64", "bz2", "zlib", "rot13", "utf-8", "raw_unicode_escape", "",
     "*", "gzip, gzip", "gzip, identity", "gzip,", "gzip;q=1", "gzip\x00", "zstd br", "none"],
)  # fmt: skip
def test_a_coding_we_do_not_know_is_refused(name: str) -> None:
    assert refusal(gzip.compress(TEXT), name) is Code.UNREADABLE


def test_two_headers_are_refused_even_when_they_agree() -> None:
    assert refusal(gzip.compress(TEXT), "gzip", "gzip") is Code.UNREADABLE


def test_every_gzip_member_is_read() -> None:
    assert taken_off(gzip.compress(b"shown ") + gzip.compress(b"hidden"), "gzip") == b"shown hidden"


def test_every_zstd_frame_is_read() -> None:
    assert taken_off(encoded("zstd", b"shown ") + encoded("zstd", b"hidden"), "zstd") == b"shown hidden"


@pytest.mark.parametrize("name", CODINGS)
@pytest.mark.parametrize("extra", [b"\0", b"hidden", b"\x1f\x8b"])
def test_bytes_after_the_end_are_refused(name: str, extra: bytes) -> None:
    assert refusal(encoded(name, TEXT) + extra, name) is Code.UNREADABLE


@pytest.mark.parametrize("name", CODINGS)
def test_a_body_cut_anywhere_is_refused(name: str) -> None:
    whole = encoded(name, TEXT)
    for end in range(1, len(whole)):
        assert refusal(whole[:end], name) is Code.UNREADABLE


@pytest.mark.parametrize("name", CODINGS)
def test_a_plain_body_under_a_coding_is_refused(name: str) -> None:
    assert refusal(TEXT, name) is Code.UNREADABLE


@pytest.mark.parametrize("name", ["gzip", "deflate", "zstd"])
def test_a_wrong_checksum_is_refused(name: str) -> None:
    whole = bytearray(encoded(name, TEXT))
    whole[-5 if name == "gzip" else -1] ^= 1
    assert refusal(bytes(whole), name) is Code.UNREADABLE


def test_the_bare_deflate_format_is_refused() -> None:
    bare = zlib.compressobj(wbits=-15)
    assert refusal(bare.compress(TEXT) + bare.flush(), "deflate") is Code.UNREADABLE


@pytest.mark.parametrize("at", ["before", "between", "after"])
def test_a_skippable_zstd_frame_is_refused(at: str) -> None:
    skippable = bytes.fromhex("502a4d18") + len(b"hidden").to_bytes(4, "little") + b"hidden"
    frame = encoded("zstd", TEXT)
    body = {"before": skippable + frame, "between": frame + skippable + frame, "after": frame + skippable}[at]
    assert refusal(body, "zstd") is Code.UNREADABLE


def test_a_zstd_body_that_needs_a_dictionary_is_refused() -> None:
    dictionary = zstandard.ZstdCompressionDict(TEXT * 20, dict_type=zstandard.DICT_TYPE_RAWCONTENT)
    trained = zstandard.train_dictionary(512, [b'{"id": %d, "note": "read first"}' % n for n in range(500)])
    for with_dictionary in (dictionary, trained):
        body = zstandard.ZstdCompressor(dict_data=with_dictionary).compress(TEXT)
        if body[4] & 0b11:
            assert refusal(body, "zstd") is Code.UNREADABLE


def test_a_zstd_window_over_eight_mebibytes_is_refused() -> None:
    parameters = zstandard.ZstdCompressionParameters(window_log=24, write_content_size=0)
    stream = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    body = stream.compress(TEXT) + stream.flush()
    assert refusal(body, "zstd") is Code.UNREADABLE


def named_gzip(data: bytes) -> bytes:
    out = io.BytesIO()
    with gzip.GzipFile("hidden-words.txt", "wb", fileobj=out) as file:
        file.write(data)
    return out.getvalue()


def test_a_gzip_header_with_a_name_is_refused_on_the_way_out() -> None:
    assert refusal(gzip.compress(TEXT) + named_gzip(TEXT), "gzip") is Code.UNREADABLE


def test_a_gzip_header_with_a_name_may_come_back() -> None:
    assert taken_off(named_gzip(TEXT), "gzip", allow_names=True) == TEXT


@pytest.mark.parametrize("name", [*CODINGS, "identity"])
def test_the_bound_is_exact(name: str) -> None:
    assert taken_off(encoded(name, TEXT), name, max_bytes=len(TEXT)) == TEXT
    assert refusal(encoded(name, TEXT), name, max_bytes=len(TEXT) - 1) is Code.TOO_LARGE


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How much each step of a decoder gave, in bytes."""
    given_out: list[int] = []
    decoded = coding._decoded

    def counted(*arguments: Any) -> Iterator[bytes]:
        for piece in decoded(*arguments):
            given_out.append(len(piece))
            yield piece

    monkeypatch.setattr(coding, "_decoded", counted)
    return given_out


@pytest.mark.parametrize("name", CODINGS)
def test_a_bomb_unfolds_no_further_than_its_bound(name: str, steps: list[int]) -> None:
    assert refusal(encoded(name, bytes(64 * MIB)), name, max_bytes=10 * MIB) is Code.TOO_LARGE
    assert sum(steps) <= 10 * MIB + max(steps)
    assert max(steps) <= 128 * 1024


def test_swarms_of_tiny_members_are_not_taken_one_by_one(steps: list[int]) -> None:
    assert refusal(gzip.compress(b"") * 100_000, "gzip") is Code.UNREADABLE
    assert refusal(encoded("zstd", b"") * 100_000, "zstd") is Code.UNREADABLE
    tiny_blocks = bytes.fromhex("28b52ffd0058") + bytes.fromhex("020000") * 1_000_000
    assert refusal(tiny_blocks, "zstd") in {Code.TOO_LARGE, Code.UNREADABLE}
    assert len(steps) <= 4 * MAX_MEMBERS + MAX_BLOCKS


@given(st.binary(max_size=600), st.sampled_from(CODINGS))
@example(b"\x28\xb5\x2f\xfd", "zstd")
@example(b"\x28\xb5\x2f\xfd\x00", "zstd")
def test_any_bytes_give_bytes_or_a_wire_error(body: bytes, name: str) -> None:
    with contextlib.suppress(WireError):
        assert isinstance(taken_off(body, name), bytes)


@given(st.binary(min_size=1, max_size=300), st.sampled_from(CODINGS), st.integers(0, 10_000), st.integers(0, 7))
def test_a_flipped_bit_gives_bytes_or_a_wire_error(data: bytes, name: str, at: int, bit: int) -> None:
    whole = bytearray(encoded(name, data))
    whole[at % len(whole)] ^= 1 << bit
    with contextlib.suppress(WireError):
        taken_off(bytes(whole), name)


@given(st.lists(st.binary(max_size=2000), max_size=5), st.sampled_from(["gzip", "zstd"]))
def test_any_number_of_members_is_their_sum(pieces: list[bytes], name: str) -> None:
    assert taken_off(b"".join(encoded(name, piece) for piece in pieces), name) == b"".join(pieces)


def test_many_small_zstd_blocks_are_fine() -> None:
    stream = zstandard.ZstdCompressor().compressobj()
    pieces = [stream.compress(b"line\n") + stream.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK) for _ in range(500)]
    assert taken_off(b"".join(pieces) + stream.flush(), "zstd") == b"line\n" * 500


@given(st.binary(max_size=4000), st.sampled_from(CODINGS))
def test_whatever_was_encoded_comes_back_exactly(data: bytes, name: str) -> None:
    assert taken_off(encoded(name, data), name) == data


@given(st.binary(max_size=300), st.binary(min_size=1, max_size=40), st.sampled_from(CODINGS))
def test_whatever_is_appended_is_decoded_too_or_refused(data: bytes, garbage: bytes, name: str) -> None:
    try:
        out = taken_off(encoded(name, data) + garbage, name)
    except WireError:
        return
    # only a further member or frame may follow, and then it is in the output, or was empty and whole
    assert name in {"gzip", "zstd"}
    assert out == data + taken_off(garbage, name)


@given(st.integers(0, 200_000), st.sampled_from(CODINGS), st.integers(1, 100_000))
def test_no_more_comes_out_than_was_asked_for(size: int, name: str, most: int) -> None:
    body = encoded(name, bytes(size))
    if size <= most:
        assert len(taken_off(body, name, max_bytes=most)) == size
    else:
        assert refusal(body, name, max_bytes=most) is Code.TOO_LARGE


@given(st.integers(2, 60), st.sampled_from(["gzip", "zstd"]))
def test_the_ratio_is_that_of_the_whole_body(members: int, name: str) -> None:
    body = encoded(name, bytes(100_000)) * members
    allowed = max(MIB, len(body) * 10)
    if members * 100_000 <= allowed:
        assert len(taken_off(body, name, max_bytes=10 * MIB, max_ratio=10)) == members * 100_000
    else:
        assert refusal(body, name, max_bytes=10 * MIB, max_ratio=10) is Code.TOO_LARGE


# -- in pieces


def in_pieces(body: bytes, name: str, step: int) -> bytes:
    decoder = PieceDecoder((("Content-Encoding", name),))
    out = [piece for at in range(0, len(body), step) for piece in decoder.feed(body[at : at + step])]
    decoder.end()
    return b"".join(out)


@given(st.binary(max_size=4000), st.sampled_from([*CODINGS, "identity"]), st.integers(1, 500))
def test_a_body_in_pieces_is_the_body(data: bytes, name: str, step: int) -> None:
    assert in_pieces(encoded(name, data), name, step) == data


@given(st.binary(max_size=300), st.binary(max_size=40), st.sampled_from(CODINGS), st.integers(1, 50))
def test_in_pieces_is_refused_what_is_refused_whole(data: bytes, garbage: bytes, name: str, step: int) -> None:
    body = encoded(name, data) + garbage
    try:
        whole = taken_off(body, name)
    except WireError:
        with pytest.raises(WireError):
            in_pieces(body, name, step)
    else:
        assert in_pieces(body, name, step) == whole


@pytest.mark.parametrize("name", CODINGS)
def test_pieces_that_stop_short_are_no_whole(name: str) -> None:
    whole = encoded(name, TEXT)
    for end in range(1, len(whole)):
        with pytest.raises(WireError):
            in_pieces(whole[:end], name, 13)


@pytest.mark.parametrize("name", CODINGS)
def test_a_bomb_in_pieces_is_refused_before_it_unfolds(name: str) -> None:
    decoder, out = PieceDecoder((("Content-Encoding", name),)), 0
    bomb = encoded(name, bytes(64 * MIB))
    with pytest.raises(WireError) as refused:
        for at in range(0, len(bomb), 100):
            for piece in decoder.feed(bomb[at : at + 100]):
                out += len(piece)
    assert refused.value.code is Code.TOO_LARGE
    assert out <= MIB


def test_a_name_in_a_gzip_header_may_come_back_byte_by_byte() -> None:
    assert in_pieces(named_gzip(TEXT), "gzip", 1) == TEXT


def test_what_comes_without_a_coding_is_not_touched() -> None:
    assert PieceDecoder(()).is_plain
    assert in_pieces(TEXT, "identity", 5) == TEXT
    with pytest.raises(WireError):
        PieceDecoder((("Content-Encoding", "compress"),))
