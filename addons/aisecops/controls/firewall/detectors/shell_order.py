"""Text that has a command run which no honest text asks for: it wipes a home, shows a secret, sends a key away."""

from __future__ import annotations

import re
from collections.abc import Iterator

from aisecops.controls.firewall.sign import MAX_SIGNS, Detector, Passage, Sign
from aisecops.model.provenance import Span

_BEFORE = 80
"""Characters before a command in which the word stands that has it run."""
_RUN = re.compile(
    r"\b(?:run(?:ning)?|execut\w+|perform|type|paste|führ\w*|exécut\w+|lance[rz]?|ejecut\w+|esegu\w+|выполн\w+|запуст\w+|wykonaj\w*|çaliştir\w*|voer)\b"
    r"|运行|执行|輸入|输入|実行|실행|चला|نفّذ|نفذ|شغّل"
)
_NAMES = r"[\w./~-]{0,60}"
_HARMFUL = re.compile(
    r"\brm\s+-(?:rf|fr|r\s+-f)\s+(?:--no-preserve-root\s+)?(?:[~/](?![\w.]*(?:tmp|build|node_modules|dist|cache))|\$home|\*)"
    rf"|\b(?:cat|type|base64|less|head)\s+{_NAMES}(?:id_rsa|id_ed25519|\.aws/credentials|\.netrc|/etc/shadow|\.env\b|\.ssh/|\.npmrc|\.pypirc|secrets?\.\w+)"
    r"|\b(?:echo|printf)\s+[\"']?\$\{?\w*(?:key|token|secret|password|passwd|credential)\w*\}?[\"']?(?!\s*[|>])"
    r"|\b(?:printenv|env)\s*\|\s*(?:curl|nc|base64|wget)|\bcurl\b[^\n|]{0,100}(?:-d|--data\w*|-f|-t)\s*[\"']?(?:@[~/.]|\$\()"
    r"|\bdrop\s+(?:table|database)\s+\w|\bmkfs\.\w+\s+/dev|\bdd\s+if=/dev/\w+\s+of=/dev|\bchmod\s+(?:-r\s+)?777\s+/(?:\s|$|etc|root)"
    r"|\bgit\s+push\s+(?:-f|--force)\s+\w+\s+(?:main|master)\b|\bkubectl\s+delete\s+(?:ns|namespace|--all)"
)
_HINTS = ("rm ", "cat ", "type ", "base64", "less ", "head ", "echo", "printf", "env", "curl", "drop", "mkfs", "dd if")
_MORE_HINTS = ("chmod", "git push", "kubectl")


def _find(passage: Passage) -> Iterator[Sign]:
    lowered = passage.lowered
    if not any(hint in lowered for hint in (*_HINTS, *_MORE_HINTS)):
        return
    found = 0
    for match in _HARMFUL.finditer(lowered):
        if _RUN.search(lowered, max(0, match.start() - _BEFORE), match.start()) is None:
            continue
        yield Sign(span=Span(start=match.start(), end=match.end()), weight=0.65)  # in backticks it is still flagged
        found += 1
        if found == MAX_SIGNS:
            return


DETECTOR = Detector(name="shell_order", find=_find)
