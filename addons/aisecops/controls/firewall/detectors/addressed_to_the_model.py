# ruff: noqa: RUF001 - expressions of many languages
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
        "act as|behave as|roleplay as|role-play as",
        r"\b(?:act as if you|behave as if you|act as an? (?:unrestricted|uncensored|evil|different|hacker|jailbroken|linux|unfiltered|malicious)|role-?play as an? (?:\w+ )?(?:ai|hacker|criminal|model|assistant|character without))\b",
    ),
    (0.45, "pretend", r"\bpretend (?:that )?you are an?\b"),  # people ask for it to play
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
    (
        0.75,
        _MODELS,
        rf"\b(?:note|notice|message|instructions?|attention|reminder|important) (?:to|for) (?:any |all |the |every )?{_MODEL} (?:processing|reading|reviewing|summari[sz]ing|analy[sz]ing|handling|triaging|that|who|which)\b",
    ),
    (
        0.65,
        "assistant|agent|model|bot",
        rf"\b(?:reviewing|processing|summari[sz]ing|reading|responding|triaging|live|automated) (?:ai )?(?:assistant|agent|model|bot)s? (?:\w+ ){{0,6}}(?:must|should|shall|needs? to|has to|will|is to|are to) (?:\w+ ){{0,3}}(?:output|validat\w+|fill|{_DO[3:]}\b",
    ),
    (
        0.6,
        _MODELS,
        r"\bif (?:an?|any) (?:ai|llm|language model|assistant|agent|chat ?bot)(?: \w+)? (?:is |reads|reading|summari[sz]\w+|process\w+|review\w+|analy[sz]\w+)(?:\w+ ){0,8}",
    ),
    (
        0.45,
        "for ai |for coding|for llm|for automated",
        r"\bfor (?:ai|llm|automated|coding)(?: coding)? (?:agents?|assistants?|systems?)\)?\s?:",
    ),
    (
        0.7,
        "hereby",
        r"\b(?:you|ai|assistants?|agents?|models?) (?:\w+ )?are hereby (?:instructed|ordered|required|directed|authori[sz]ed|commanded)\b",
    ),
    (
        0.6,
        "prompt|instructions|tool list|configuration|constraints",
        r"\b(?:print|show|output|display|reveal|disclose|dump|repeat|append|export|leak) (?:me )?(?:the |your |its |out )?(?:own )?(?:full|entire|complete|exact|whole|current|hidden|actual|behavioral|operational) (?:\w+ ){0,2}(?:system prompt|prompt|instructions|tool list|configuration|constraints|operational configuration)\b",
    ),
    (
        0.55,
        "tool |tools |function|instructions",
        r"\b(?:list|print|output|show|name|describe|reveal|disclose) (?:\w+ ){0,2}(?:every|all|all the|the) (?:tools?|functions?)(?: names?)?(?: (?:and|or) \w+)? (?:that )?you (?:can|have|may)\b|\b(?:operating |hidden |original )?instructions (?:that )?you were given\b",
    ),
    # the same in other languages
    (
        0.6,
        "ki-|ki assist|sprachmodell|assistent",
        r"\b(?:an (?:die|den|das|alle|jede[ns]?) |hinweis (?:an|für) |wenn (?:du|sie) (?:ein|eine) )?(?:ki-?(?:assistent\w*|agent\w*|modell\w*|system\w*)|sprachmodell\w*) (?:\w+ ){0,8}(?:muss|müssen|soll|sollen|sollte|bitte|bist|sind|hat)\b",
    ),
    (
        0.6,
        "assistant|intelligence artificielle|modèle de langage|agents ia|agent ia",
        r"(?:si (?:tu es|vous êtes) |note (?:à|aux|pour) |à )?(?:un |une |l.|les |tout |tous les )?(?:assistant\w*|agents?|modèles?) (?:d.)?(?:ia|intelligence artificielle|de langage|virtuel)\b (?:\w+ ){0,8}(?:doit|doivent|dois|devez|veuillez|merci de)\b",
    ),
    (
        0.6,
        "asistente|modelo de lenguaje|agente de ia|assistente|modello linguistico|modelo de linguagem",
        r"\b(?:asistentes?|agentes?|assistent[ei]|agent[ei]|modelos?|modell[oi]) (?:virtual\w* )?(?:de |di |d.)?(?:ia|inteligencia artificial|intelligenza artificiale|inteligência artificial|lenguaje|linguagem|linguistic[oi])\b (?:\w+ ){0,8}(?:debe|deben|debes|deve|devono|devi|devem|favor|prego)\b",
    ),
    (
        0.6,
        "ассистент|агент|языков",
        r"(?:ии-?(?:ассистент|агент|помощник)\w*|(?:ассистент|агент|помощник)\w* ии|языков\w+ модел\w+) (?:\w+ ){0,8}(?:долж\w+|обязан\w*|нужно|следует|пожалуйста)",
    ),
    (
        0.6,
        "yapay zeka",
        r"\byapay zeka (?:asistan|model|ajan|sistem)\w* (?:\w+ ){0,10}\w*(?:meli|mali|malidir|melidir|zorunda|lütfen)\b",
    ),
    (
        0.6,
        "助手|助理|智能体|大模型|语言模型|agent",
        r"(?:ai|人工智能|智能)?\s?(?:助手|助理|智能体|大模型|语言模型|agent)(?:们)?(?:注意|请注意)?[，,：:]?\s?.{0,8}(?:必须|务必|请立即|请先|请将|请把|请忽略|请执行|请运行|请注意|应当|应直接|应立即|需要立即)",
    ),
    (
        0.65,
        "你现在|您现在|你已",
        r"(?:你|您)(?:现在|已)(?:是|拥有|具有|获得|处于|进入).{0,10}(?:管理员|最高权限|root|超级|开发者模式|维护模式|调试模式|无限制)",
    ),
    (
        0.6,
        "アシスタント|言語モデル|エージェント",
        r"(?:ai|言語)?\s?(?:アシスタント|モデル|エージェント)(?:は|へ|の皆|に告ぐ).{0,30}(?:こと(?:。|$)|しなければ|してください|せよ|必要があ)",
    ),
    (
        0.6,
        "어시스턴트|언어 모델|에이전트",
        r"(?:ai ?)?(?:어시스턴트|에이전트|언어 모델)(?:는|은|에게).{0,40}(?:하세요|하십시오|해야|하라)",
    ),
    (
        0.6,
        "المساعد|النموذج|الذكاء",
        r"(?:مساعد|المساعد|نموذج|وكيل)(?: الذكاء الاصطناعي| ذكي| الذكي).{0,40}(?:يجب|عليك|يرجى)",
    ),
    (0.6, "सहायक|मॉडल", r"(?:एआई|ai) ?(?:सहायक|मॉडल|एजेंट).{0,40}(?:चाहिए|करें|होगा|कृपया)"),
)
