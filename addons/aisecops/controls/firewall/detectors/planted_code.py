"""Code that a text asks to be taken over and that fetches and runs, destroys, or carries data out."""

from __future__ import annotations

import re
from collections.abc import Iterator

from aisecops.controls.firewall.sign import MAX_SIGNS, Detector, Passage, Sign
from aisecops.model.provenance import Span

_REACH = 700
_ASKS = re.compile(
    r"\b(?:add|insert|include|incorporate|integrate|infuse|embed|append|place|put|inject|merge|introduce|attach|apply|paste|implement|adopt|use|employ|deploy|enrich|augment|enhance|improve|strengthen|optimi[sz]e)\b"
    r"[^.\n]{0,60}\b(?:following|given|below|this|provided|subsequent)\b[^.\n]{0,30}\b(?:code|script|snippet|lines?|function)\b"
)
_HARMS = re.compile(
    r"exec\([^\n]{0,60}(?:read\(|\.text|\.content|decode)|os\.system\(|subprocess\.(?:call|run|popen|check)|rm -rf|shutil\.rmtree|os\.remove|urlopen\(|urlretrieve\("
    r"|requests\.(?:post|get|put)\([^\n]{0,120}(?:cookies=|data=|files=|json=|headers=|token|password)|socket\.socket|smtplib|keyboard|pynput|ftplib|crypto\w*min|bitcoin"
    r"|os\.environ|getpass|webbrowser\.open|winreg|/etc/passwd|\.ssh|base64\.b64decode|pickle\.loads|requests\.(?:get|post)\(|urllib"
)
_WORDS = ("code", "script", "snippet", "function", "lines")


def _find(passage: Passage) -> Iterator[Sign]:
    lowered = passage.lowered
    if not any(word in lowered for word in _WORDS) or _HARMS.search(lowered) is None:
        return
    found = 0
    for match in _ASKS.finditer(lowered):
        harm = _HARMS.search(lowered, match.end(), match.end() + _REACH)
        if harm is not None:
            yield Sign(span=Span(start=match.start(), end=harm.end()), weight=0.6)
            found += 1
        if found == MAX_SIGNS:
            return


DETECTOR = Detector(name="planted_code", find=_find)
