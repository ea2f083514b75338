"""Text that tells its reader to forget what it was told: the oldest phrase, in the languages it is met in."""

from __future__ import annotations

from aisecops.controls.firewall.sign import phrases

_OLD = (
    r"(?:previous(?:ly)?|prior|earlier|above|preceding|foregoing|former|existing|initial|original|system|any other"
    r"|given|past|last|current|old|safety|security|content|ethical|internal|built-in)"
)
_TOLD = (
    r"(?:instructions?|i\w{0,2}nstruct\w*|instruct\w*|prompts?|directions?|directives?|commands?|guidelines?|guidance|rules?|(?<!\bin\s)orders?"
    r"|context|programming|training|tasks?|polic(?:y|ies)|restrictions?|constraints?|safeguards?|filters?|protocols?)"
)
_DROP = (
    r"(?:ignor(?:e|ing)|disregard(?:ing)?|forget(?:ting)?|override|overriding|bypass(?:ing)?|overlook|neglect|discard"
    r"|skip|do not follow|don.?t follow|stop following|no longer follow|pay no attention to|abandon|cancel|delete)"
)
_DROPS = "ignor|disregard|forget|overrid|bypass|overlook|neglect|discard|skip|follow|attention|abandon|cancel|delete"
_ALL = r"(?:(?:all|any|every|each|of|the|your|my|these|those|that|everything|in|from|about|and) )"
_LETTERS = (
    r"(?!(?:\w+ ){0,4}(?:e-?mails?|mail|nachricht|schreiben|bestellung|courriels?|messages?|commande|facture|correos?|mensajes?|pedido"
    r"|factura|messaggio|lettera|ordine|fattura|mensage[nm]s?|fatura|bericht|bestelling|wiadomo\w+|письм\w*|сообщени\w*|заказ\w*)\b)"
)
"""Who writes so takes an earlier letter or order back."""
_ANOTHER = r"(?:its|their)"  # such a text tells of another, it speaks to nobody

DETECTOR = phrases(
    "instruction_override",
    (
        0.9,
        _DROPS,
        rf"\b{_DROP} (?!(?:all (?:of )?)?{_ANOTHER}\b){_ALL}{{0,4}}(?:\w+ ){{0,1}}{_OLD} (?:\w+ ){{0,2}}{_TOLD}\b",
    ),
    (
        0.45,
        _DROPS,
        rf"\b{_DROP} (?:all (?:of )?)?{_ANOTHER} (?:\w+ ){{0,1}}{_OLD} (?:\w+ ){{0,2}}{_TOLD}\b",
    ),
    (0.85, _DROPS, rf"\b{_DROP} {_ALL}{{1,3}}{_TOLD} (?:\w+ ){{0,3}}(?:above|before|so far|given|you|prior|earlier)\b"),
    (
        0.85,
        "ignor|disregard|forget|discard",
        (
            r"\b(?:ignore|disregard|forget|discard) (?:about )?(?:everything|anything|all)(?: of)?(?: that| what)?"
            r" (?:above|before|prior|previous\w*|you (?:were|have|know|learned|are)|i (?:said|told)|was said|came before)"
        ),
    ),
    (0.7, _DROPS, rf"\b{_DROP} (?:all |any )?(?:of )?your (?:\w+ ){{0,2}}{_TOLD}\b"),
    (0.55, "ignor|disregard|forget", rf"\b(?:ignore|disregard|forget) (?:all|any|these|those) (?:\w+ )?{_TOLD}\b"),
    (
        0.75,
        "precedence|supersede|overrule|overrid",
        (
            r"\b(?:takes? precedence over|supersedes?|overrules?|overrides?)"
            rf" {_ALL}{{0,3}}(?:\w+ )?(?:{_OLD} )(?:\w+ )?(?:{_TOLD}|messages?)\b"
        ),
    ),
    (0.6, "new ", r"(?:^|[^\w ]\s*)new (?:\w+ )?(?:instructions?|directives?|rules?|task|objective|goal)\b\s*[:*\]]"),
    (
        0.65,
        "your new |your real|your actual|your true|your updated|your only",
        r"\byour (?:new|real|actual|true|updated|only) (?:\w+ )?(?:task|instructions?|goal|objective|purpose|mission|role|job)\b",
    ),
    (
        0.55,
        "from now on|henceforth|from this point|starting now",
        r"\b(?:from now on|henceforth|from this point (?:on|forward)|starting now) (?:\w+ ){0,2}(?:you|your|ignore|act|always|only|respond|answer|assistant)\b",
    ),
    (
        0.6,
        "stop|instead",
        r"\b(?:stop|cease|abort|halt|quit) (?:what you are doing|(?:your|the) (?:current|original|previous) (?:task|work|job))",
    ),
    (0.55, "no longer", r"\byou are no longer (?:bound|required|restricted|limited|subject|an?)\b"),
    # German, French, Spanish, Italian, Portuguese, Dutch, Polish, Russian, Turkish, Swedish, Romanian, Czech
    (
        0.9,
        "ignorier|verg|missacht|\u00fcbergeh|beachte",
        (
            r"\b(?:ignorier\w*|vergiss|vergessen|missachte\w*|\u00fcbergeh\w*|beachten? sie)"
            rf" {_LETTERS}(?:\w+ ){{0,5}}(?:anweisung|instruktion|befehl|vorgabe|anordnung|aufforderung|richtlinie|regeln|gesagt|zuvor|vorherig|bisherig|obig)\w*"
        ),
    ),
    (
        0.9,
        "ignor|oubli|compte|abstraction|n\u00e9glig",
        (
            r"\b(?:ignore[zr]?|oublie[zr]?|n\u00e9glige[zr]?|ne (?:tiens|tenez) (?:pas|plus) compte|fais abstraction|faites abstraction)"
            rf" {_LETTERS}(?:\w+ ){{0,6}}(?:instruction|consigne|directive|pr\u00e9c\u00e9dent|ordre|r\u00e8gle)\w*"
        ),
    ),
    (
        0.9,
        "ignor|olvid|desatien|omiso|descart",
        (
            r"\b(?:ignor[ae]\w*|olvid[ae]\w*|desatiend\w*|haz caso omiso|haga caso omiso|descart[ae]\w*)"
            rf" {_LETTERS}(?:\w+ ){{0,6}}(?:instrucci|indicaci|\u00f3rden|\u00f3rdenes|anterior|directri|reglas)\w*"
        ),
    ),
    (
        0.9,
        "ignor|dimentic|trascur|disattend",
        (
            r"\b(?:ignor[ai]\w*|dimentic\w+|trascur\w+|disattend\w+)"
            rf" {_LETTERS}(?:\w+ ){{0,6}}(?:istruzion|indicazion|precedent|ordin|direttiv|regol|norme)\w*"
        ),
    ),
    (
        0.9,
        "ignor|esque|desconsider",
        (
            r"\b(?:ignor[ae]\w*|esque\u00e7a\w*|desconsider\w+)"
            rf" {_LETTERS}(?:\w+ ){{0,6}}(?:instru\u00e7|orienta\u00e7|anterior|ordens|ordem|regras|diretriz)\w*"
        ),
    ),
    (
        0.9,
        "negeer|vergeet",
        r"\b(?:negeer|vergeet) (?:\w+ ){0,5}(?:instructie|opdracht|aanwijzing|voorgaande|eerdere|regels)\w*",
    ),
    (
        0.9,
        "ignoruj|zapomnij|pomi\u0144",
        r"\b(?:zignoruj\w*|ignoruj\w*|zapomnij\w*|pomi\u0144\w*) (?:\w+ ){0,5}(?:instrukcj|polece|poprzedni|wcze\u015bniejsz|zasad)\w*",
    ),
    (
        0.9,
        "\u0438\u0433\u043d\u043e\u0440\u0438\u0440|\u0437\u0430\u0431\u0443\u0434",
        (
            "(?:\u0438\u0433\u043d\u043e\u0440\u0438\u0440\\w*+(?<!\u0441\u044f)|\u0437\u0430\u0431\u0443\u0434\\w*)"
            " (?:\\w+ ){0,5}(?:\u0438\u043d\u0441\u0442\u0440\u0443\u043a\u0446|\u043f\u0440\u0435\u0434\u044b\u0434\u0443\u0449|\u0443\u043a\u0430\u0437\u0430\u043d|\u043f\u0440\u0430\u0432\u0438\u043b|\u043a\u043e\u043c\u0430\u043d\u0434)\\w*"
        ),
    ),
    (
        0.9,
        "\u00f6nceki|yukaridaki|t\u00fcm",
        "(?:\u00f6nceki|yukaridaki|t\u00fcm) (?:\\w+ ){0,3}(?:talimat|y\u00f6nerge|komut|kural)\\w* (?:\\w+ ){0,2}(?:yok say|g\u00f6rmezden|unut|dikkate alma)\\w*",
    ),
    (
        0.85,
        "ignorera|gl\u00f6m|ignorer|glem",
        "\\b(?:ignorera|gl\u00f6m|ignorer|glem) (?:\\w+ ){0,5}(?:instruktion|instruks|anvisning|tidigare|tidligere|regler)\\w*",
    ),
    (
        0.85,
        "ignor|uita\u021bi|uit\u0103",
        "\\b(?:ignora\u021bi|ignor\u0103|uita\u021bi|uit\u0103) (?:\\w+ ){0,5}(?:instruc\u021biun|anterioar|preceden|regul)\\w*",
    ),
    (
        0.85,
        "ignoruj|zapome\u0148",
        "\\b(?:ignoruj\\w*|zapome\u0148\\w*) (?:\\w+ ){0,5}(?:pokyn|instrukc|p\u0159edchoz|pravid)\\w*",
    ),
    # Chinese, Japanese, Korean, Arabic, Hindi, Vietnamese, Indonesian
    (
        0.9,
        "\u5ffd\u7565|\u65e0\u89c6|\u5ffd\u8996|\u7121\u8996|\u5fd8\u8bb0|\u5fd8\u8a18|\u5ffd\u89c6",
        "(?:\u5ffd\u7565|\u65e0\u89c6|\u5ffd\u8996|\u5ffd\u89c6|\u7121\u8996|\u5fd8\u8bb0|\u5fd8\u8a18).{0,14}(?:\u6307\u4ee4|\u6307\u793a|\u6307\u5f15|\u8bf4\u660e|\u5185\u5bb9|\u63d0\u793a|\u547d\u4ee4|\u89c4\u5219)",
    ),
    (
        0.9,
        "\u7121\u8996|\u5fd8\u308c",
        "(?:\u6307\u793a|\u547d\u4ee4|\u6307\u4ee4|\u6307\u56f3).{0,10}(?:\u7121\u8996|\u5fd8\u308c)",
    ),
    (
        0.9,
        "\ubb34\uc2dc|\uc78a",
        "(?:\uc9c0\uc2dc|\uba85\ub839|\uc9c0\uce68|\uaddc\uce59).{0,12}(?:\ubb34\uc2dc|\uc78a)",
    ),
    (
        0.9,
        "\u062a\u062c\u0627\u0647\u0644|\u0627\u0646\u0633",
        "(?:\u062a\u062c\u0627\u0647\u0644|\u0627\u0646\u0633).{0,30}(?:\u062a\u0639\u0644\u064a\u0645\u0627\u062a|\u0623\u0648\u0627\u0645\u0631|\u0627\u0644\u0633\u0627\u0628\u0642)",
    ),
    (
        0.9,
        "\u0928\u093f\u0930\u094d\u0926\u0947\u0936|\u0906\u0926\u0947\u0936",
        "(?:\u0928\u093f\u0930\u094d\u0926\u0947\u0936|\u0906\u0926\u0947\u0936).{0,20}(?:\u0905\u0928\u0926\u0947\u0916\u093e|\u092d\u0942\u0932|\u0928\u091c\u093c\u0930\u0905\u0902\u0926\u093e\u091c)",
    ),
    (
        0.85,
        "b\u1ecf qua|qu\u00ean",
        "(?:b\u1ecf qua|qu\u00ean) (?:\\w+ ){0,5}(?:h\u01b0\u1edbng d\u1eabn|ch\u1ec9 d\u1eabn|l\u1ec7nh|quy t\u1eafc)",
    ),
    (
        0.85,
        "abaikan|lupakan",
        "\\b(?:abaikan|lupakan) (?:\\w+ ){0,4}(?:instruksi|perintah|arahan|aturan|sebelumnya)\\w*",
    ),
)
