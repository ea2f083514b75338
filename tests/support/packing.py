"""Files that hold a text, made here: archives, documents, pictures, mails."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from email.message import EmailMessage
from xml.sax.saxutils import escape

import pypdf
import zstandard
from pypdf.generic import DictionaryObject, NameObject, StreamObject

type Packing = Callable[[str], bytes]


def zipped(members: dict[str, bytes | str], *, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name, (2024, 1, 1, 0, 0, 0)), data, method)
    return packed.getvalue()


def tarred(members: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, data in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return packed.getvalue()


def word(text: str) -> bytes:
    """A document whose one paragraph is cut into runs, as editors do."""
    half = len(text) // 2
    runs = "".join(
        f"<w:r><w:rPr><w:b/></w:rPr><w:t>{escape(part)}</w:t></w:r><w:proofErr/>" for part in (text[:half], text[half:])
    )
    body = f'<?xml version="1.0"?><w:document xmlns:w="urn:w"><w:body><w:p>{runs}</w:p></w:body></w:document>'
    return zipped({"[Content_Types].xml": "<Types/>", "word/document.xml": body})


def sheet(text: str) -> bytes:
    strings = f'<sst xmlns="urn:s"><si><t>name</t></si><si><t>{escape(text)}</t></si></sst>'
    return zipped(
        {"xl/sharedStrings.xml": strings, "xl/worksheets/sheet1.xml": "<worksheet><c><v>1</v></c></worksheet>"}
    )


def slides(text: str) -> bytes:
    shape = f"<p:sp><a:p><a:r><a:t>{escape(text)}</a:t></a:r></a:p></p:sp>"
    return zipped(
        {
            "ppt/presentation.xml": "<p/>",
            "ppt/slides/slide1.xml": f'<p:sld xmlns:p="urn:p" xmlns:a="urn:a">{shape}</p:sld>',
        }
    )


def open_document(text: str) -> bytes:
    body = f'<office:text xmlns:office="urn:o" xmlns:text="urn:t"><text:p>{escape(text)}</text:p></office:text>'
    return zipped({"mimetype": "application/vnd.oasis.opendocument.text", "content.xml": body})


def pdf(text: str, *, picture: bool = False, locked: str = "") -> bytes:
    writer = pypdf.PdfWriter()
    page = writer.add_blank_page(400, 400)
    drawn = StreamObject()
    drawn.set_data(f"BT /F1 12 Tf 10 10 Td ({text}) Tj ET".encode())
    page[NameObject("/Contents")] = writer._add_object(drawn.flate_encode())
    names = {"/Type": "/Font", "/Subtype": "/Type1", "/BaseFont": "/Helvetica"}
    font = DictionaryObject({NameObject(name): NameObject(value) for name, value in names.items()})
    fonts = DictionaryObject({NameObject("/F1"): writer._add_object(font)})
    page[NameObject("/Resources")] = DictionaryObject({NameObject("/Font"): fonts})
    if picture:
        image = StreamObject()
        image.set_data(b"\0" * 100)
        image[NameObject("/Subtype")] = NameObject("/Image")
        writer._add_object(image)
    if locked:
        writer.encrypt(locked, algorithm="RC4-128")
    packed = io.BytesIO()
    writer.write(packed)
    return packed.getvalue()


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(text: str = "", *, behind: bytes = b"") -> bytes:
    note = _chunk(b"zTXt", b"Comment\0\0" + zlib.compress(text.encode())) if text else b""
    head = _chunk(b"IHDR", b"\0\0\0\1\0\0\0\1\x08\0\0\0\0")
    return b"\x89PNG\r\n\x1a\n" + head + note + _chunk(b"IDAT", zlib.compress(b"\0\0")) + _chunk(b"IEND", b"") + behind


def jpeg(text: str) -> bytes:
    note = text.encode()
    return b"\xff\xd8\xff\xfe" + struct.pack(">H", len(note) + 2) + note + b"\xff\xd9"


def mail(text: str) -> bytes:
    message = EmailMessage()
    message["Subject"] = "the numbers"
    message.set_content("see the attachment")
    message.add_attachment(
        zipped({"numbers.csv": f"name,number\nx,{text}\n"}), maintype="application", subtype="zip", filename="a.zip"
    )
    message.set_boundary("edge")  # a random one is a number, and now and then a card's
    return message.as_bytes()


PACKED: dict[str, Packing] = {
    "zip": lambda text: zipped({"a.txt": text}),
    "zip of zip": lambda text: zipped({"b.zip": zipped({"a.txt": text})}),
    "stored zip": lambda text: zipped({"a.txt": text}, method=zipfile.ZIP_STORED),
    "zip by bzip2": lambda text: zipped({"a.txt": text}, method=zipfile.ZIP_BZIP2),
    "name in a zip": lambda text: zipped({f"{text}.txt": "nothing"}),
    "tar": lambda text: tarred({"a.txt": text.encode()}),
    "tar.gz": lambda text: gzip.compress(tarred({"a.txt": text.encode()}), mtime=0),
    "gzip": lambda text: gzip.compress(text.encode(), mtime=0),
    "bzip2": lambda text: bz2.compress(text.encode()),
    "xz": lambda text: lzma.compress(text.encode()),
    "zstd": lambda text: zstandard.compress(text.encode()),
    "document": word,
    "sheet": sheet,
    "slides": slides,
    "open document": open_document,
    "pdf": pdf,
    "pdf in a zip": lambda text: zipped({"a.pdf": pdf(text)}),
    "mail": mail,
    "utf-16": lambda text: text.encode("utf-16"),
}
"""What holds a text that can be read."""

SHOWN: dict[str, Packing] = {"png": png, "jpeg": jpeg, "behind a png": lambda text: png(behind=text.encode())}
"""Pictures with a text beside."""

SEALED: dict[str, bytes] = {
    "7z": b"7z\xbc\xaf\x27\x1c" + bytes(range(64)),
    "rar": b"Rar!\x1a\x07\x01\x00" + bytes(range(64)),
    "old office": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(range(64)),
    "unknown": bytes(range(256)),
    "locked pdf": pdf("x", locked="secret"),
    "broken zip": zipped({"a": "b"})[:-10],
    "broken pdf": b"%PDF-1.7\n" + bytes(range(200)),
}
"""What nobody can read."""


def locked_zip() -> bytes:
    """A zip whose one member says that it is encrypted."""
    data = bytearray(zipped({"a.txt": "locked away"}))
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


def zip_that_hides(text: str) -> bytes:
    """A member that only a reader from header to header finds."""
    hidden = zipped({"hidden.txt": text})
    return hidden[: hidden.index(b"PK\x01\x02")] + zipped({"a.txt": "nothing"})
