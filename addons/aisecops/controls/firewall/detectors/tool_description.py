"""A tool described so that its description gives orders: read this file first, pass it along, never say so."""

from __future__ import annotations

from aisecops.controls.firewall.sign import phrases

_TOOL = r"(?:(?:this|any|the|another|other|every|all) (?:\w+ ){0,2}(?:tool|function)s?)"

DETECTOR = phrases(
    "tool_description",
    (
        0.7,
        " tool|function",
        rf"\b(?:before|when|whenever|prior to|each time you|every time you) (?:you )?(?:us|call|invok|run)(?:e|ing) {_TOOL} (?:you (?:must|need|have|should)|always|first|read|also|make sure|call) (?:\w+ )?(?:read|send|call|pass|include|first|access|fetch|list|open|forward|use|run)\b",
    ),
    (
        0.7,
        "otherwise the tool|tool will not work|tool won't work|tool does not work",
        r"\b(?:otherwise|or) (?:the|this) tool (?:will not|won.t|does not|cannot|will fail)\b",
    ),
    (
        0.6,
        "sidenote|side note|as a parameter|as parameter|as argument",
        r"\b(?:pass|send|include|put|provide) (?:\w+ ){0,3}(?:content|contents|conversation|chat|history|file|key|secret)s?(?: \w+){0,4} (?:as|in|into) (?:the )?[`'\"]?(?:sidenote|side ?note|notes?|context|feedback|metadata|debug|summary)[`'\"]?(?: (?:parameter|argument|field))?\b",
    ),
    (
        0.55,
        "instead of|must be used|always use this|prefer this",
        r"\b(?:always (?:use|call|prefer) this (?:tool|function) (?:instead|first|before|over|regardless|rather)|this tool must (?:always )?be (?:used|called) (?:first|before|instead))\b",
    ),
    (
        0.55,
        "other tool|another tool",
        r"\b(?:side effect|when (?:the )?(?:other|another) tool) (?:\w+ ){0,6}(?:must|change|modify|replace|redirect) (?:\w+ ){0,4}(?:recipient|address|number|to)\b",
    ),
)
