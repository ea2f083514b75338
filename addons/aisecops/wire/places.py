"""Names of places that are safe to say: a name a sender chose may be the very thing that must not leave.

Knows how a plain name looks. A plain name needs no escaping in a JSON pointer.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from aisecops.model.of_short import of_short

_PLAIN = re.compile(r"(?!.*[A-Z0-9]{12})[A-Za-z_$][A-Za-z_$.-]*+(?:[0-9]{1,4}[A-Za-z_$.-]*+)?")
_MAX_CHARS = 48
_MAX_SEGMENTS = 8


@of_short(most=4096)
def is_plain(name: str) -> bool:
    """True for a name that can stand in a record: short, with too few digits and capitals for a key or a number."""
    return len(name) <= _MAX_CHARS and _PLAIN.fullmatch(name) is not None


def shown_path(segments: Sequence[str]) -> str:
    """A path as it can stand in a record and in a rule's `match`: whatever in it is no plain small word is a star."""
    told = [one if is_plain(one) and one.islower() else "*" for one in segments[:_MAX_SEGMENTS]]
    return "/" + "/".join([*told, "**"] if len(segments) > _MAX_SEGMENTS else told)


_NUMBERED = re.compile(
    r"(?:^|_)(?:ssn|social_?security(?:_?number)?|phones?|mobiles?|telephones?|cell_?phones?|tel|fax|tax_?id|tin|nhs|"
    r"national_?id|aadhaar|cpf|cnpj|pesel|bsn|personnummer|sin|insurance_?(?:no|number)|identity_?(?:no|number))"
    r"(?:_?(?:no|nr|num|number|1|2|home|work))?$",
    re.IGNORECASE,
)
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_POSITION = re.compile(r"[0-9]+")


def tells_a_person_s_number(place: str) -> bool:
    """Does the name at the end of a JSON pointer say that a number there is somebody's: `phone`, `ssn`, `taxId`?"""
    names = [name for name in place.split("/") if not _POSITION.fullmatch(name)]
    return _NUMBERED.search(_CAMEL.sub("_", names[-1]).replace("-", "_")) is not None
