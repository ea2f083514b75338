"""Text that speaks to whoever processes it: documents speak to people, injections to assistants and models."""

from __future__ import annotations

from aisecops.controls.firewall.sign import phrases

_MODEL = (
    r"(?:(?:ai|artificial intelligence)(?: (?:assistants?|agents?|models?|systems?|language models?|chatbots?|bots?|reviewers?|tools?))?"
    r"|(?:large )?language models?|llms?|chat ?bots?|chatgpt|gpt-?\d?\w?|claude|gemini|copilot|(?:virtual |automated )?assistants?|agents?)"
)
_NAMED = r"(?:(?:ai|language) (?:assistant|agent|model|system)|llm|chat ?bot|chatgpt|gpt-?\d?\w?|claude|gemini|copilot)"
_MODELS = "ai |ai,|ai:|ai-|ais|llm|language model|chatbot|chat bot|gpt|claude|gemini|copilot|assistant|agent"
_DO = (
    r"(?:send|forward|reveal|print|output|include|visit|click|call|execute|ignore|respond|reply|append|mention|write|delete"
    r"|transfer|recommend|say|tell|add|run|follow|stop|disregard|state|rate|give|prioriti[sz]e|present|always|never|not)"
)

DETECTOR = phrases(
    "addressed_to_the_model",
    (
        0.75,
        _MODELS,
        rf"\b(?:dear|hey|hello|attention|note to|notice to|message to|message for|instructions? (?:to|for)|important for|memo to) (?:the |any |all |our |my |you )?{_MODEL}\b\s*[,:!\-]",
    ),
    (0.8, _MODELS, rf"\bif you(?:.re| are) (?:an? |the |any )?(?:\w+ ){{0,2}}{_MODEL}\b"),
    (0.6, _MODELS, rf"\bas an? (?:\w+ )?{_MODEL} (?:you|your|please)\b"),
    (
        0.65,
        _MODELS,
        rf"\b(?:(?:any|all) {_MODEL}|the {_NAMED}) (?:\w+ ){{0,8}}(?:must|should|shall|(?:is|are) (?:required|instructed|asked|directed) to) (?:\w+ ){{0,2}}{_DO}\b",
    ),
    (0.75, "to you, |to you ", rf"\bto you {_MODEL}\b"),
    (
        0.65,
        "you are now|you will now|you shall now|you must now|now you are|you're now",
        r"\b(?:you are now|you.re now|now you are) (?!ready|able|logged|connected|subscribed|registered|set|done|running|using|in the|on the|at the|signed|part|eligible|here|leaving|viewing|following|receiving|a member|free to)(?:an? |the |in |acting|operating|going|bound|called|known|\w+bot|dan\b)",
    ),
    (
        0.65,
        "act as|behave as|pretend|roleplay as|role-play as",
        r"\b(?:act as if you|behave as if you|act as an? (?:unrestricted|uncensored|evil|different|hacker|jailbroken|linux|unfiltered|malicious)|pretend (?:that )?you are an?|role-?play as an? (?:\w+ )?(?:ai|hacker|criminal|model|assistant|character without))\b",
    ),
    (
        0.75,
        " mode",
        r"\b(?:god|jailbreak|dan|unrestricted|sudo|root|unfiltered|evil) mode (?:\w+ ){0,2}(?:enabled|on|activated|now|engaged|active)\b",
    ),
    (
        0.7,
        "you must|you will|you shall|you are required|you are instructed|you are ordered|you are obliged|you have to|you need to|you are to ",
        r"\byou (?:must|will|shall|have to|need to|are (?:to|required to|instructed to|ordered to|obliged to)) (?:strictly |always |immediately |now |only |also |first |fully )?(?:adhere|obey|comply|follow|execute|perform|carry out) (?:to |with |by )?(?:the |this |these |my |all )?(?:following|below|new) (?:\w+ )?(?:instructions?|commands?|request|orders?|task|rules?|actions?)\b",
    ),
    (
        0.55,
        "the following|these instructions|this instruction",
        r"\b(?:strictly )?(?:adhere to|obey|carry out|comply with|strictly follow) (?:the following|these|this) (?:\w+ )?(?:instructions?|commands?|request|orders?)\b",
    ),
    (
        0.65,
        "prompt|instructions|secret|rules",
        r"\b(?:what(?: is|.s| are| was| were)|repeat|reveal|print|show|output|display|tell|give|leak|disclose|share|dump|recite|list|provide|expose|summari[sz]e|translate|write|return|describe) (?:me |us |out |back |all |of |the |exact |to |verbatim |about |just |word ){0,4}your (?:\w+ ){0,2}(?:system (?:prompt|message|instructions?)|prompt|initial instructions?|hidden instructions?|secret \w+|instructions|initiali[sz]ation|guidelines|internal rules|system rules|configuration|secrets)\b",
    ),
    (
        0.55,
        "your system prompt|your initial prompt|your initial instruction|your hidden|your original prompt|your original instruction|your instructions|your prompt|your system message|your base prompt|your starting prompt|your system instruction",
        r"\byour (?:system|initial|hidden|original|base|starting|first|secret) (?:prompt|instructions?|message|directives?)\b",
    ),
    (
        0.55,
        "the system prompt|the initial prompt|the above prompt|the prompt above|instructions above|instructions you were given|the hidden prompt|the words above|text above",
        r"\b(?:repeat|reveal|print|show|output|display|leak|disclose|recite|spell|copy|give me|tell me) (?:\w+ ){0,5}(?:the (?:system|initial|hidden|above) prompt|the prompt above|the (?:instructions|words|text) above|instructions you were given)\b",
    ),
    (
        0.55,
        "system prompt|prompt|instructions",
        r"\b(?:extract|exfiltrate|obtain|reconstruct|regurgitate|bypass|jailbreak|circumvent|evade) (?:\w+ ){0,3}(?:system prompt|your (?:\w+ )?(?:prompt|instructions|restrictions|safety|filters?|guidelines|rules|training)|the (?:content|safety) filters?)\b",
    ),
    (
        0.6,
        "restriction|censor|moral|ethic|filter|limitation|guideline",
        r"\b(?:without|no|free (?:of|from)|not bound by|ignor\w+) (?:any |all |your |ethical |moral |content |safety ){0,3}(?:restrictions?|censorship|ethics|morals|filters?|limitations?|guidelines)(?: or \w+)? (?:\w+ ){0,3}(?:you|your|respond|answer|mode|ai|apply|whatsoever)\b",
    ),
    (
        0.5,
        "your task is|your job is|your goal is|your mission is|you've been assigned|you have been assigned",
        r"\b(?:your (?:task|job|goal|mission) is (?:now )?to|you(?:.ve| have) been assigned (?:a|an?) (?:\w+ )?task)\b",
    ),
    (
        0.55,
        "prompt|command|directive|instruction",
        r"\b(?:reveal|show|tell|disclose|expose|share|what (?:is|was|were)|describe|explain|whisper|print) (?:\w+ ){0,5}(?:hidden|concealed|initial|foundational|underlying|secret|original|core|base|guiding) (?:\w+ )?(?:prompt|commands?|directives?|instructions?|input) (?:\w+ ){0,5}(?:you|your)\b",
    ),
    # the prompt, asked for in other languages
    (
        0.6,
        "prompt",
        r"\b(?:dein\w*|ihr\w*|deiner|tu|ton|votre|vos|su|tuo|tua|seu|sua|jouw|uw|twoje?|twoich|\w*\u0442\u0432\u043e\w*|\u0432\u0430\u0448\w*) (?:\w+[ -]){0,2}(?:system-?)?prompts?\b",
    ),
    (
        0.6,
        "prompt|\u63d0\u793a",
        "(?:\u4f60|\u60a8|\u3042\u306a\u305f).{0,8}(?:\u7cfb\u7edf|\u521d\u59cb|\u539f\u59cb|\u30b7\u30b9\u30c6\u30e0).{0,3}(?:\u63d0\u793a|prompt|\u30d7\u30ed\u30f3\u30d7\u30c8)",
    ),
)
