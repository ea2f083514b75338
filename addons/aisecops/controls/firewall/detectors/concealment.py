"""Text that asks for silence: nobody who means well tells an assistant to keep something from its user."""

from __future__ import annotations

from aisecops.controls.firewall.sign import phrases

_WHO = r"(?:the )?(?:user|human|customer|operator|person|owner|victim)s?"

DETECTOR = phrases(
    "concealment",
    (
        0.75,
        "user|human|customer|operator|person|owner|victim",
        rf"\b(?:do not|don.t|never|without|must not|should not|avoid) (?:ever )?(?:tell|inform|mention|reveal|notify|alert|disclos|warn)(?:e|ing|ling)? (?:this |that |it |anything |any of this |about |these instructions? ){{0,2}}(?:to )?{_WHO}\b",
    ),
    (
        0.75,
        "instruction|prompt|message|this note|hidden|were asked|were told|that you",
        r"\b(?:do not|don.t|never) (?:mention|reveal|acknowledge|repeat|refer to|disclose|talk about|explain) (?:that you (?:were|have|are|received|did)|(?:these|this|the|any|having received) (?:\w+ )?(?:instructions?|prompt|message|step|hidden|injection))\b",
    ),
    (
        0.6,
        "nobody|no one|no-one|anyone|anybody",
        r"\b(?:(?:tell|inform|notify) (?:nobody|no-?one)|(?:do not|don.t|never) (?:tell|inform|let) (?:anyone|anybody))\b",
    ),
    (
        0.65,
        "secretly|silently|covertly|discreetly|stealthily|in the background|knowledge|noticing",
        r"\b(?:secretly|silently|covertly|discreetly|stealthily) (?:send|forward|upload|post|transfer|execute|share|add|include|exfiltrate|e-?mail|collect|record|read|pass|append|copy)\b|\bwithout the (?:user|owner|customer).{0,2} (?:knowledge|knowing|noticing|consent|awareness|permission)",
    ),
    # it is as often forbidden to
    (0.45, "without asking", r"\bwithout asking the user\b"),
    (
        0.6,
        "confirmation|approval|permission",
        r"\b(?:without (?:asking for |requesting |any |the |user |further |waiting for )*(?:confirmation|approval|permission)|(?:do not|don.t) (?:ask|wait) for (?:any |user |further )*(?:confirmation|approval|permission))\b (?:\w+ ){0,6}(?:execute|proceed|send|transfer|delete|immediately|user)\b",
    ),
    (
        0.55,
        "keep this|keep it",
        r"\bkeep (?:this|it) (?:a )?(?:secret|hidden|confidential|between us) (?:from the user|from (?:him|her|them)|and)\b",
    ),
    (
        0.4,
        "as if|like",
        r"\b(?:act|go on|carry on|continue) (?:as if|like) (?:nothing (?:has |had )?happened|everything (?:is|was) normal)\b",
    ),
)
