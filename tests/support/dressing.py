"""Every dress in which something may try to leave: text in, text out, from a seed where chance has a say."""

from __future__ import annotations

import base64
import binascii
import codecs
import gzip
import html
import json
import zlib
from collections.abc import Callable
from urllib.parse import quote, quote_plus

from support.samples import Random

type Dressing = Callable[[str], str]

_WIDE = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}
_CYRILLIC = (1072, 1077, 1086, 1088, 1089, 1093, 1040, 1042, 1045, 1050, 1052, 1053, 1054, 1056, 1057, 1058, 1061)
_FOREIGN = str.maketrans("aeopcxABEKMHOPCTX", "".join(map(chr, _CYRILLIC)))


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def every_character(form: Callable[[int], str]) -> Dressing:
    return lambda text: "".join(form(byte) for byte in text.encode())


def _hidden(text: str) -> str:
    chance = Random(len(text))
    return "".join(one + chance.choice(("", "\u200b", "\u00ad", "\u2060", "\u200d")) for one in text) + "\u200b"


ENCODED: dict[str, Dressing] = {
    "base64": lambda text: _b64(text.encode()),
    "base64 for links": lambda text: base64.urlsafe_b64encode(text.encode()).decode().rstrip("="),
    "base64 of a letter": lambda text: base64.encodebytes((text + " ").encode() * 8).decode(),
    "base64 in a path": lambda text: "files/x/" + _b64(text.encode()),
    "base64 of utf-16": lambda text: _b64(text.encode("utf-16")),
    "base64 of gzip": lambda text: _b64(gzip.compress(text.encode(), mtime=0)),
    "base64 of zlib": lambda text: _b64(zlib.compress(text.encode())),
    "base64 of deflate": lambda text: _b64(zlib.compress(f"{text} | {text[::-1]} | ".encode() * 2, wbits=-15)),
    "base64 backwards": lambda text: _b64(text.encode())[::-1],
    "base64 thirteen on": lambda text: codecs.encode(_b64(text.encode()), "rot13"),
    "base32": lambda text: base64.b32encode(text.encode()).decode(),
    "base32 small": lambda text: base64.b32encode(text.encode()).decode().lower().rstrip("="),
    "hex": lambda text: text.encode().hex(),
    "hex large": lambda text: text.encode().hex().upper(),
    "hex with colons": lambda text: text.encode().hex(":"),
    "hex with spaces": lambda text: text.encode().hex(" "),
    "hex as in code": lambda text: ", ".join(f"0x{byte:02x}" for byte in text.encode()),
    "hex of gzip": lambda text: gzip.compress(text.encode(), mtime=0).hex(),
}
"""What turns any text into one of letters and few marks."""

WRITTEN: dict[str, Dressing] = {
    "percent": every_character(lambda byte: f"%{byte:02X}"),
    "percent twice": every_character(lambda byte: f"%25{byte:02x}"),
    "link": lambda text: quote(text, safe=""),
    "form": quote_plus,
    "entities": lambda text: "".join(f"&#{ord(one)};" for one in text),
    "entities in hex": lambda text: "".join(f"&#x{ord(one):x};" for one in text),
    "entities of entities": lambda text: html.escape("".join(f"&#{ord(one)};" for one in text)),
    "quoted printable": every_character(lambda byte: f"={byte:02X}"),
    "json": json.dumps,
    "json in json": lambda text: json.dumps(json.dumps({"note": text})),
    "unicode escapes": lambda text: "".join(f"\\u{ord(one):04x}" for one in text if ord(one) < 0x10000),
    "escaped escapes": lambda text: "".join(f"\\\\u{ord(one):04x}" for one in text if ord(one) < 0x10000),
    "hex escapes": every_character(lambda byte: f"\\x{byte:02x}"),
    "utf-7": every_character(lambda byte: f"+{_b64(bytes([0, byte])).rstrip('=')}-"),
}
"""What writes each character another way."""

SHOWN: dict[str, Dressing] = {
    "hidden characters": _hidden,
    "full width": lambda text: text.translate(_WIDE),
    "tags": every_character(lambda byte: chr(0xE0000 + byte)),
    "zeros between": "\0".join,
    "look-alikes": lambda text: text.translate(_FOREIGN),
}
"""What shows the same characters, or none."""

APART: dict[str, Dressing] = {
    "spaced": " ".join,
    "dotted": ".".join,
    "one a line": "\n".join,
    "with commas": ", ".join,
}
"""What puts something between all characters; for values without spaces."""


def _in_lines(text: str, size: int, between: str) -> str:
    return between.join(text[at : at + size] for at in range(0, len(text), size))


def _b64_in(size: int, between: str, before: str = "") -> Dressing:
    return lambda text: before + _in_lines(_b64(text.encode()), size, between)


def _declared(text: str) -> str:
    half = len(text) // 2
    one, two = html.escape(text[:half]), html.escape(text[half:])
    return f'<!DOCTYPE a [<!ENTITY x "{one}"><!ENTITY y "{two}">]><a>&x;&y;</a>'


CUT: dict[str, Dressing] = {
    "base64 in lines": _b64_in(20, "\n"),
    "base64 with blanks": _b64_in(12, " "),
    "base64 with points": _b64_in(8, "."),
    "base64 quoted": _b64_in(16, "\n> ", "> "),
    "base64 in strings": _b64_in(12, '" + "', '"'),
    "base32 with blanks": lambda text: _in_lines(base64.b32encode(text.encode()).decode(), 8, " "),
    "hex in groups": lambda text: text.encode().hex(" ", 2),
    "hex with bars": lambda text: text.encode().hex("|"),
    "hex dump": lambda text: (
        "\n"
        + "".join(
            f"{at:08x}: {text.encode()[at : at + 16].hex(' ', -2)}  ................\n"
            for at in range(0, len(text.encode()), 16)
        )
    ),
    "uuencoded": lambda text: f"\nbegin 644 x\n{_uu(text)}`\nend\n",
    "ascii85": lambda text: base64.a85encode(text.encode(), adobe=True).decode(),
    "base64 of utf-32": lambda text: _b64(text.encode("utf-32")),
}
"""What is encoded, and cut."""


def _uu(text: str) -> str:
    data = text.encode()
    return "".join(binascii.b2a_uu(data[at : at + 45]).decode() for at in range(0, len(data), 45))


SPELLED: dict[str, Dressing] = {
    "codes": lambda text: " ".join(str(byte) for byte in text.encode()),
    "codes in octal": lambda text: ", ".join(f"{byte:o}" for byte in text.encode()),
    "bits": lambda text: " ".join(f"{byte:08b}" for byte in text.encode()),
    "code points": lambda text: " ".join(f"U+{ord(one):04X}" for one in text),
    "calls": lambda text: " + ".join(f"chr({byte})" for byte in text.encode()),
    "arguments": lambda text: f"String.fromCharCode({', '.join(str(byte) for byte in text.encode())})",
    "style escapes": every_character(lambda byte: f"\\{byte:06x}"),
    "entities without end": every_character(lambda byte: f"&#{byte}"),
    "entities with zeros": every_character(lambda byte: f"&#{byte:012};"),
    "fillers between": "\u3164".join,
    "declared entities": _declared,
}
"""What names each character by a number, or a part of it by a word."""


def _halves(between: str) -> Dressing:
    return lambda text: f"{text[: len(text) // 2]}{between}{text[len(text) // 2 :]}"


PIECES: dict[str, Dressing] = {
    "two strings": lambda text: f'"{_halves(chr(34) + " + " + chr(34))(text)}"',
    "strings side by side": lambda text: f"'{_halves(chr(39) + ' ' + chr(39))(text)}'",
    "quotes within": _halves("''"),
    "a line that goes on": _halves("\\\n  "),
    "marks within": _halves("<b></b>"),
    "a comment within": _halves("<!-- and -->"),
    "two sections": lambda text: f"<a><![CDATA[{_halves(']]><![CDATA[')(text)}]]></a>",
    "stars within": _halves("**"),
}
"""What is put together by whoever reads it."""

TURNED: dict[str, Dressing] = {
    "backwards": lambda text: text[::-1],
    "thirteen on": lambda text: codecs.encode(text, "rot13"),
}
"""For values that have a mark of their own."""

ALL: dict[str, Dressing] = ENCODED | WRITTEN | SHOWN | APART | CUT | SPELLED | PIECES
