"""All detectors in this process, made once: the import takes seconds."""

from __future__ import annotations

from functools import lru_cache

from aisecops.controls.dlp.detector import Detector
from aisecops.controls.dlp.detectors import PERSONAL_DETECTORS, SECRET_DETECTORS
from aisecops.controls.dlp.exact import exact_detectors, planted
from aisecops.controls.dlp.presidio import personal_detectors
from aisecops.model.entities import ENTITIES, PERSONAL
from aisecops.model.watchlist import Watchlist

STRONG = frozenset(name for name, entity in ENTITIES.items() if entity.strong)
CANARY_VALUE = "blue-heron-7741"
KEY = b"a key"
WATCHLIST = Watchlist(planted=(planted("CANARY", CANARY_VALUE, key=KEY),))


@lru_cache(maxsize=1)
def every_detector() -> tuple[Detector, ...]:
    return (
        *exact_detectors(WATCHLIST.planted, key=KEY),
        *SECRET_DETECTORS,
        *PERSONAL_DETECTORS,
        *personal_detectors(PERSONAL),
    )
