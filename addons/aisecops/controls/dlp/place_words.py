"""What a value's place says of it: `{"ssn": "219099998"}` is read as `ssn: 219099998`.

A value alone may be nothing; behind the name of its field it is what the name says. Headers and paths are left out:
a header named after a secret holds the one that its destination asks for.
"""

from __future__ import annotations

import re

from aisecops.model.of_short import of_short

_READ = ("body:", "form:", "query:", "upload:")
_TELLS = re.compile(
    r"pass|pwd|secret|token|key|cred|auth|ssn|social|iban|account|card|visa|phone|mobile|cell|fax|tel|e?mail|tax|"
    r"licen[cs]e|nhs|nino|insurance|medicare|medical|health|npi|national|identity|id_?n|aadhaar|pan|passport|pesel|"
    r"routing|bank|cpf|cuit|rut|curp|bsn|nif|nir|ahv|egn|cnp|oib|amka|sin|personnummer|steuer|kimlik|vat|dea|member",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"[0-9]+|\{[0-9]+\}")
_LONGEST = 40


@of_short(most=8192)
def named(where: str) -> str:
    """The name of the field at `where` as it is set before its value, or nothing when it says nothing of it."""
    if not where.startswith(_READ):
        return ""
    names = [name for name in re.split("[/:]", where)[1:] if name and not _NUMBER.fullmatch(name)]
    last = names[-1] if names else ""
    return f"{last}: " if last and len(last) <= _LONGEST and _TELLS.search(last) else ""
