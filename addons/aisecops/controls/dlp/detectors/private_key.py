"""Private keys in armour: PEM, OpenSSH, PGP. A header without its end still counts, to the end of the text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from aisecops.controls.dlp.detector import Sighting
from aisecops.model.provenance import Span

_BEGIN = re.compile(r"-----BEGIN (?:[A-Z0-9]{1,16} ){0,3}PRIVATE KEY(?: BLOCK)?-----")
_END = re.compile(r"-----END (?:[A-Z0-9]{1,16} ){0,3}PRIVATE KEY(?: BLOCK)?-----")


@dataclass(frozen=True, slots=True)
class PrivateKeyDetector:
    """Finds the whole block, so that masking it leaves no part of the key."""

    id: str = "private_key"
    entity: str = "PRIVATE_KEY"

    def find(self, text: str) -> Iterator[Sighting]:
        covered = 0
        for begin in _BEGIN.finditer(text):
            if begin.start() < covered:
                continue
            end = _END.search(text, begin.end())
            covered = end.end() if end else len(text)
            yield Sighting(span=Span(start=begin.start(), end=covered), confidence=1.0)


DETECTORS = (PrivateKeyDetector(),)
