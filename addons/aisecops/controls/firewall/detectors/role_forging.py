"""Text that pretends to be another part of the conversation: a system message, a new turn, the end of its own frame."""

from __future__ import annotations

from aisecops.controls.firewall.sign import phrases

_ROLE = r"(?:system|assistant|developer|admin(?:istrator)?)"

DETECTOR = phrases(
    "role_forging",
    (0.75, "<|", r"<\|[a-z][a-z_ ]{1,24}\|>"),
    (
        0.9,
        "<|",
        r"<\|(?:im_start|im_end|system|user|assistant|endoftext|start_header_id|end_header_id|eot_id|begin_of_text)\|>",
    ),
    (0.7, "[inst]|[/inst]|<<sys>>|[system]|[/system]|<</sys", r"\[/?(?:inst|system)\]|<</?sys>>"),
    (
        0.7,
        "<system|<instruction|<admin|<information|<important|</system|</instruction",
        r"</?(?:system|instructions?|system_?prompt|system-reminder|admin|information|important)(?:_?message|_?note)?>(?=\W*\w+\W+\w+)",
    ),
    (
        0.75,
        "</context|</document|</data|</tool|</untrusted|</email|</user|</search|</result",
        r"</(?:context|documents?|data|tool_?(?:results?|output|response)|untrusted\w*|email|user_?(?:input|query|data)|search_?results?|results?)>\s*(?:you\b|now\b|new\b|ignore|system|please|the user|<(?:system|user|instruction))",
    ),
    (
        0.65,
        "system|assistant|developer|admin",
        rf"(?:^|\n)[\s#*=>\-\[(]{{0,8}}{_ROLE}(?: (?:message|prompt|instructions?|override|note|notice|alert|update|command))?[\s\])#*=]{{0,6}}:\s*\W?(?:you|ignore|please|now|from|the user|do not|always|never|new|disregard|forget|important|execute|the assistant)\b",
    ),
    (
        0.7,
        "end of|here ends|end user|end system|end context|end doc|end email|end data",
        r"[\[\-=#*<(]{1,6}\s*(?:end of |here ends |end )(?:the )?(?:\w+ )?(?:prompt|instructions?|document|context|input|data|email|message|user query)\b\s*[\]\-=#*>)]",
    ),
    (
        0.65,
        "task complete|task is complete|task completed",
        r"\b(?:answer|status|result|output|response)\s*:\s*(?:the )?(?:task (?:is )?completed?|done\b.{0,10}\bnow)",
    ),
    (
        0.6,
        "override",
        r"(?:^|[\n\[*#!<(]\s*)(?:system|security|admin(?:istrator)?|priority) override\s*[\]*]{0,3}\s*[:!]",
    ),
    (
        0.6,
        "begin",
        r"[\[\-=#*<]{1,6}\s*begin(?:ning)?(?: of)? (?:new|system|admin|hidden|secret|important|real|user)?\s{0,2}(?:instructions?|prompt|task|override|commands?)\b",
    ),
    (
        0.75,
        "important message from|message from me|message from your|message from the system|message from the admin|message from the dev",
        r"\b(?:important |urgent )?message from (?:me|your (?:\w+ )?(?:developer|creator|admin\w*|operator|owner|user)|the (?:system|developers?|user|admin\w*|operator))\b",
    ),
    (
        0.55,
        "***|###|!!!|===",
        r"[*#!=]{3}\s*(?:urgent |new |very |most )?(?:important|urgent|priority|critical|system|admin|additional|updated)? ?(?:new |important |system |user )?(?:instructions?|task|prompt|command|directive|request|override)\b[^\n]{0,20}[*#!=:]",
    ),
    (
        0.5,
        "priority task|priority instruction|priority command|urgent task|urgent instruction|special instruction|important instruction|additional instruction|updated instruction|mandatory instruction",
        r"(?:^|[\n.*\[#(]\s*)(?:priority|urgent|special|important|additional|updated|mandatory|hidden) (?:task|instructions?|commands?|directive)\s*[\])*]{0,3}\s*:",
    ),
)
