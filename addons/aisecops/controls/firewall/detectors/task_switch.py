"""Text that breaks off and sets another task: after the answer, before anything else, instead of the summary."""

from __future__ import annotations

from aisecops.controls.firewall.sign import phrases

_ANSWER = r"(?:answers?|responses?|output|summary|summaries|completion|translation)"

DETECTOR = phrases(
    "task_switch",
    (
        0.75,
        "before you can|before solving|before answering|before completing|after that you can|before you solve|before continuing|once you have done",
        r"\b(?:before you (?:can )?(?:solve|answer|complete|finish|do|continue)|before (?:solving|answering|completing|continuing)) (?:\w+ ){0,8}(?:please|do|first|you (?:must|should|need|have))\b|\bafter that you can (?:solve|continue|complete|answer|return)",
    ),
    (
        0.6,
        "when you|while you|after you|once you|before you|when summar|when answer|when respond|when translat|after answer|after summar|after complet|before respond|when process|when generat",
        r"\b(?:when|while|after|once|before) (?:you )?(?:answer|respond|reply|summari[sz]|process|translat|generat)\w*(?: \w+){0,6} (?:you (?:must|should|will|need to|have to)|please|make sure|be sure|always|also|include|mention|say|add|append)\b",
    ),
    (
        0.45,
        "please|you must|you should|make sure|be sure|you need",
        r"\b(?:in addition|additionally|furthermore|finally|also|then) (?:to the (?:above|summary|answer) )?(?:you (?:must|need to)|make sure to|be sure to) (?:send|e-?mail|forward|upload|post|transfer|execute|delete|call|visit|open|click|append|grant|buy|order|pay|book|subscribe|invite)\b",
    ),
    (
        0.5,
        "your answer|your response|your reply|your output|your summary|your final answer|your completion|your translation|your next",
        rf"\b(?:begin|start|end|finish|conclude|preface|prefix|precede|append|add|include|insert|incorporate|embed|put|place|write|mention|print|repeat|use|finish) (?:\w+ |['\"\u201c][^'\"\n]{{0,60}}['\"\u201d] ?){{0,10}}(?:to|in|into|at|of|with|on|by|after|before|within)?(?: the)?(?: very)?(?: (?:end|beginning|start|top|bottom|body))?(?: of)? ?your (?:\w+ )?{_ANSWER}\b",
    ),
    (
        0.5,
        "your answer|your response|your reply|your output|your summary|your final answer",
        rf"\b(?:in|at the (?:end|beginning|start) of|with|to) your (?:\w+ )?{_ANSWER} (?:\w+ ){{0,3}}(?:include|add|append|say|write|print|mention|insert|state|tell|repeat|the (?:following|string|word|phrase|exact|link|sentence|text|image))\b",
    ),
    (
        0.55,
        "summari|translat|answer|analy",
        r"\b(?:do not|don.t|never|instead of) (?:summari[sz]\w*|translat\w*|answer\w*|analy[sz]\w*) (?:the|this|any|it|that|user)\b (?:\w+ ){0,8}(?:instead|but|just|simply|rather)\b",
    ),
    (
        0.55,
        "important|priority|precedence|urgent",
        r"\b(?:this|the following|it|these) (?:\w+ )?(?:is|are|takes?|has|have) (?:more|far more|much more|the highest|top|highest|higher|absolute) (?:important|priority|precedence|urgent) (?:than|over|task|instructions?)\b",
    ),
    (0.5, "important!|attention!|urgent!|critical!|important!!", r"\b(?:important|urgent|critical|attention)!{2,}"),
    (
        0.5,
        "respond|reply|answer|output|only say|just say|simply say|print",
        r"\b(?:only|just|simply) (?:respond|reply|answer|output|say|print|return) (?:with )?(?:the (?:word|phrase|string|following)|[\"'`\u201c])",
    ),
    (
        0.55,
        "respond|reply|answer|speak|only in|write",
        r"\b(?:you (?:must|should|will) )?(?:respond|reply|answer|speak)(?: only)? (?:in|as|using|like) (?:only )?(?:emojis?|base ?64|a pirate|pirate|rot13|leet\w*|shakespear\w*|morse|binary|hex|uppercase|all caps)\b",
    ),
    (
        0.55,
        "the word|the phrase|the string|the sentence|the letter|exactly",
        r"\b(?:say|print|output|write|repeat|respond with|reply with|answer with) (?:only |just |exactly )?(?:the )?(?:word|phrase|string|sentence|letter)s? (?:[\"'`\u201c][^\n\"]{1,60}[\"'`\u201d]|\w+) (?:\w+ ){0,2}(?:times|over|again|forever|repeatedly|and nothing|only|instead)\b",
    ),
    (
        0.55,
        "discriminatory|offensive|hateful|racist|sexist|violent|rude|insulting|toxic",
        r"\bwrite (?:one|a|an|some) (?:\w+ ){0,2}(?:discriminatory|offensive|hateful|racist|sexist|violent|rude|insulting|toxic) \w+",
    ),
    (
        0.6,
        "recommend|for the position|as the best",
        r"\b(?:recommend (?:them|him|her|this candidate|hiring)|(?:them|him|her|this candidate) (?:for the position|as the best)) (?:\w+ ){0,8}(?:regardless|always|must|instruct\w*|no matter)\b",
    ),
    (
        0.55,
        "stop|task|instead|actually",
        r"\b(?:actually|wait|instead|stop)(?: \w+){0,2} (?:i need you to|your task|do this instead|you (?:must|should|need to) (?:now|first|instead))\b",
    ),
)
