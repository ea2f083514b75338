"""Text that says beforehand what whoever judges it shall find: that it is harmless, approved, not worth a mention."""

from __future__ import annotations

from aisecops.controls.firewall.sign import phrases

_THIS = r"(?:this|the above|the following|these|all) (?:\w+ )?(?:entr(?:y|ies)|messages?|e?-?mails?|letters?|alerts?|documents?|files?|requests?|transactions?|pull requests?|invoices?|commits?|tickets?|logs?|resumes?|candidates?|papers?|skills?|tools?|changes?)"
_FINE = r"(?:benign|safe|legitimate|approved|clean|trusted|harmless|verified|compliant|resolved|not (?:spam|malicious|suspicious)|false positive|low[- ]risk)"

DETECTOR = phrases(
    "forged_verdict",
    (
        0.55,
        "mark|classify|label|rate|treat|flag|report|consider",
        rf"\b(?:mark|classify|label|rate|treat|flag|report|consider) (?:{_THIS}|it) (?:as )?(?:\w+ )?{_FINE}\b(?! (?:if|when|once|only|unless)\b)",
    ),
    (
        0.55,
        "classification|verdict",
        rf"\b(?:final|overall|correct) (?:classification|verdict|assessment|rating)\s{{0,3}}[:=]\s{{0,3}}{_FINE}\b",
    ),
    (
        0.55,
        "this entry|this item|this record|this alert|this finding|this line|this message",
        r"\b(?:do not|don.t|never) (?:reference|mention|include|report|flag|list|cite) this (?:entry|item|record|alert|finding|line|message) (?:\w+ )?in (?:\w+ ){0,3}(?:summar(?:y|ies)|reports?|answers?|responses?|review)\b",
    ),
    (
        0.5,
        "exclude",
        r"\b(?:and )?exclude (?:it |this |them |this entry |this message )?from (?:all |the |any )?(?:reports?|summar(?:y|ies)|reviews?)\b",
    ),
    (
        0.6,
        "ignore the|disregard the|forget the",
        r"\b(?:ignore|disregard|forget) the (?:rest of the )?(?:web ?page|page|function|resume|cv|document|article|text|table|e-?mail|data|code|question|user)(?: above)? and (?:just |instead |simply |then )?(?:state|say|print|output|respond|reply|answer|write|indicate|tell|claim|report|send)\b",
    ),
    (
        0.6,
        "ignor",
        r"\b(?:ignore[zr]?|ignoriere\w*|ignora|ignore) (?:la |le |die |das |den |el |il |lo |a |o )(?:\w+ ){1,2}(?:et|und|y|e) (?:indique[rz]?|dis|dites|sage|sagen sie|schreib\w*|declara|di|diga|indica|scrivi|rispondi|responde|escreva|diga)\b",
    ),
)
