"""Values whose name says that they are secret: `password=`, `"api_key":`, `<token>`, `--secret`, in code and out of it.

The name alone is never enough: the value must look like one (`randomness.py`), and what documentation writes in its
place is none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from aisecops.controls.dlp.detector import Sighting
from aisecops.controls.dlp.randomness import is_chosen, is_drawn
from aisecops.model.provenance import Span

_PASSWORD = (
    r"passw(?:or)?d|passwrd|passphrase|passcode|(?<![a-z])pass(?![a-z])|"
    r"(?<![a-z])pwd|(?<![a-z])pw(?![a-z])|identified[ ]by|passwort|contrase[nñ]a|motdepasse|kennwort"
)
_KEY = (
    r"secret|token|credential|(?<![a-z])creds?(?![a-z])|(?<![a-z])auth(?![a-z])|bearer|api[_. -]?key|"
    r"(?:access|account|admin|app|application|auth|client|consumer|crypt|crypto|decrypt(?:ion)?|deploy|encrypt(?:ion)?|"
    r"hmac|ingest|integration|jwt|license|master|private|rest|sdk|secure|security|server|service|session|shared|sign|"
    r"signing|storage|subscription|webhook|write)[_. -]?key|"
    r"(?<![a-z])[a-z]{2,20}_(?:pat|sk)(?![a-z])|connection[_. -]?string|(?<![a-z])sas(?![a-z])"
)
_HINT = re.compile(
    "pass|pwd|pw|secret|token|cred|auth|bearer|key|contrase|kennwort|motdepasse|identified|_pat|_sk|sas|connection",
    re.IGNORECASE,
)
"""Stands in every name; cheap to look for."""

_NAME = re.compile(f"{_PASSWORD}|{_KEY}", re.IGNORECASE)
_BEFORE_HINT, _BEHIND_HINT = 24, 9
_SAYS_OTHERWISE = re.compile(
    r"(?:type|url|uri|name|field|label|count|length|len|size|path|file|filename|hint|policy|expiry|expires?|expir\w{0,24}|ttl|limit|"
    r"limits|regex|pattern|index|endpoint|version|error|message|text|title|class|style|input|form|button|ids?|uuid|arn|"
    r"budget|usage|algorithm|algo|cost|format|prefix|suffix|scope|scopes|mode|status|provider|manager|ref|public)$",
    re.IGNORECASE,
)
_NAMED = re.compile(
    rf"""
    (?P<name> (?: (?P<password> {_PASSWORD} ) | {_KEY} ) (?P<tail> [A-Za-z0-9_.-]{{0,24}} ) )
    (?: ["'`\])]{{0,3}} [ \t]{{0,4}} (?: := | =>? | == | : (?!:) ) [ \t]{{0,4}}
        (?: [A-Za-z]{{0,6}} [(@]{{1,2}} (?=["'`]) )?
      | ["'] \s{{0,4}} , \s{{0,4}} (?=["'])
      | ["'] \s{{1,4}} (?: value | content ) \s{{0,2}} = \s{{0,2}} (?=["'])
      | \( \s{{0,2}} (?=["'`])
      | >
      | [ \t] (?:is|was|are|by|of) [ \t:]{{1,3}}
      | [ \t]{{1,4}}
    )
    (?: [fbru]{{0,2}} (?P<quote>["'`]) (?P<quoted> [^"'`\r\n]{{6,1024}} ) (?P=quote)
      | (?P<bare> [^\s"'`,;<>&\\=]{{6,1024}} ={{0,2}} ) )
    """,
    re.IGNORECASE | re.VERBOSE,
)
_TURNS_PAGES = re.compile(
    r"(?:next|page|pagination|continuation|cursor|start|sync|resume|lock|marker)[_-]?$", re.IGNORECASE
)
_OPTION = re.compile(r"(?:^|[\s\"'])--?[A-Za-z0-9-]*$")
_BARE_WORD = re.compile(r"\b(?:login|machine|user)\s+\S{1,64}\s+$")
_NO_CODE = re.compile(r"[!#^*~?+]")
"""None of these stands in `config.value`, a host or a file, as a dot does."""
_BY_WORD = re.compile(r"[ \t](?:is|was|are|by|of)[ \t:]{1,3}$", re.IGNORECASE)
_LOOK_BACK = 90
_ENDS = ".:!?)]}"


@dataclass(frozen=True, slots=True)
class NamedSecretDetector:
    """Looks at every value that follows a name which says that it is secret."""

    id: str = "named_secret"
    entity: str = "CREDENTIAL"

    def find(self, text: str) -> Iterator[Sighting]:
        at = 0
        for hint in _HINT.finditer(text):
            first, last = max(at, hint.start() - _BEFORE_HINT), hint.end() + _BEHIND_HINT
            name = _NAME.search(text, first, last) if hint.end() > at else None
            match = _NAMED.match(text, name.start()) if name is not None else None
            if match is None:
                # no name begins before this hint; behind one that names nothing another may begin
                at = max(at, hint.start() if name is None else name.start() + 1)
                continue
            start, end = match.span("bare" if match["quoted"] is None else "quoted")
            if match["quoted"] is None:
                end = start + len(match["bare"].rstrip(_ENDS))
            # the value of a wrong guess may hold the next name
            at = match.end("name")
            if _names_a_secret(text, match, text[start:end]):
                yield Sighting(span=Span(start=start, end=end), confidence=0.8)
                at = match.end()


def _names_a_secret(text: str, match: re.Match[str], value: str) -> bool:
    if _SAYS_OTHERWISE.search(match["name"]) is not None:
        return False
    quoted = match["quoted"] is not None
    between = text[match.end("name") : match.start("quote" if quoted else "bare")]
    if not between.strip(" \t") and not _is_said_of(text, match):
        return False
    if match["tail"] and between.strip()[:1] in {"(", '"', "'"} and between.strip()[-1:] in {"(", ","}:
        return False  # an argument of `password.encode(…)`, not a password
    if match["password"] is None:
        before = text[max(0, match.start("name") - 16) : match.start("name")]
        return is_drawn(value) and _TURNS_PAGES.search(before) is None
    if _BY_WORD.search(between) and not any(map(str.isdigit, value)):
        return False
    return is_chosen(value) and (quoted or "." not in value or is_drawn(value) or _NO_CODE.search(value) is not None)


def _is_said_of(text: str, match: re.Match[str]) -> bool:
    """True for `password "VALUE"`, `--password VALUE`, and `login NAME password VALUE`: nothing but a blank between."""
    if match["quote"] in {'"', "'"}:
        return True
    before = text[max(0, match.start("name") - _LOOK_BACK) : match.start("name")]
    return _OPTION.search(before) is not None or _BARE_WORD.search(before) is not None


DETECTORS = (NamedSecretDetector(),)
