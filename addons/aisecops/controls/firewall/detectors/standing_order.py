"""Text that wants something in every answer: a code at the end, a line in all reports, whatever the user asks."""

from __future__ import annotations

from aisecops.controls.firewall.sign import phrases

_ANSWERS = r"(?:repl(?:y|ies)|responses?|answers?|summar(?:y|ies)|reports?|outputs?|messages?|completions?)"
_EVERY = r"(?:every|each|all|any|your(?: next| final)?|the next) (?:of )?(?:your )?(?:\w+ ){0,2}"
_IN_EVERY = rf"(?:in|into|to|at|with|of|on) (?:the )?(?:(?:very )?(?:end|start|beginning|top|bottom|first line|last line) of )?{_EVERY}{_ANSWERS}"

DETECTOR = phrases(
    "standing_order",
    (
        0.6,
        "be added|be appended|be included|be placed|be inserted|be put|be repeated|be shown|be printed|appear ",
        rf"\b(?:must|should|shall|needs? to|has to|have to|is to) (?:also |always )?(?:be (?:added|appended|included|placed|inserted|put|repeated|shown|printed)|appear) (?:\w+ ){{0,4}}{_IN_EVERY}\b",
    ),
    (
        0.55,
        "include|append|insert|print|repeat|state|output|mention",
        rf"\b(?:include|append|insert|print|repeat|state|output|mention) (?:\w+ |['\"\u201c][^'\"\n]{{0,60}}['\"\u201d] ?){{0,8}}in (?:all|every|each) (?:of )?(?:your )?(?:\w+ )?{_ANSWERS}\b",
    ),
    (
        0.55,
        "next user message|user next|next time the user|user's next",
        r"\b(?:on the next user message|when(?:ever)? the user next|(?:the )?next time the user|in (?:response|reply) to the user.s next)\b",
    ),
    (
        0.55,
        "of your reply|of your report|of your response|of your message",
        r"\b(?:to|at|in|on) the (?:very )?(?:end|start|beginning|top|first line|last line) of your (?:\w+ )?(?:reply|report|response|message)\b",
    ),
    (
        0.65,
        "jeder antwort|jede antwort|jeder zusammenfassung|deiner antwort|ihrer antwort",
        r"\b(?:am (?:ende|anfang|schluss)|an (?:das ende|den anfang)|in|zu) (?:jeder|jede|deiner|ihrer) (?:\w+ )?(?:antwort|zusammenfassung|ausgabe)\b",
    ),
    (
        0.65,
        "réponse|résumé",
        r"(?:à la fin|au début|en tête|dans) (?:de )?(?:chaque|toute|toutes (?:les|tes|vos)|ta|votre) (?:\w+ )?(?:réponses?|résumés?)\b",
    ),
    (
        0.65,
        "respuesta|resumen",
        r"\b(?:al (?:final|principio|comienzo) de|en) (?:cada|cualquier|toda|todas (?:las|tus|sus)|tu) (?:\w+ )?(?:respuestas?|resumen)\b",
    ),
    (
        0.65,
        "risposta|riassunto|risposte",
        r"\b(?:alla fine|all.inizio|in fondo|in) (?:di |a |della )?(?:ogni|qualsiasi|ciascuna|tutte le|tua) (?:\w+ )?(?:rispost[ae]|riassunto)\b",
    ),
    (
        0.65,
        "resposta|resumo",
        r"\b(?:no (?:fim|final|início) de|em|ao final de) (?:cada|toda|qualquer|todas as|sua) (?:\w+ )?(?:respostas?|resumo)\b",
    ),
    (0.65, "antwoord", r"\b(?:aan het (?:eind|einde|begin) van|in) (?:elk|ieder|je|uw) antwoord\b"),
    (0.65, "odpowied", r"\b(?:na (?:końcu|początku)|w) (?:każdej|swojej|twojej) odpowiedzi\b"),
    (0.65, "ответ", r"\b(?:в (?:конце|начале)|в) (?:каждого|каждом|любого|своего|твоего|всех) (?:\w+ )?ответ\w*"),
    (0.65, "yanit|cevap|cevab", r"\b(?:her|tüm|bütün) (?:yanit|cevap|cevab)\w* (?:\w+ )?(?:sonun|başin|ekle)\w*"),
    (
        0.6,
        "回答|回复|答复|输出|总结",
        r"(?:每次|每个|每一个|每条|所有|你的|你接下来的|今后的)(?:的)?(?:回答|回复|答复|输出|总结)(?:的)?(?:末尾|结尾|最后|开头|里|中|都|必须|须)",
    ),
    (
        0.6,
        "回答|返答|応答|返信",
        r"(?:すべての|全ての|各|毎回の|あなたの)(?:回答|返答|応答|返信)の?(?:最後|末尾|冒頭|先頭|に)",
    ),
    (0.6, "답변|응답", r"(?:모든|매|각) ?(?:답변|응답)(?:의|마다)? ?(?:끝|마지막|처음|앞)"),
    (0.6, "كل رد|كل إجابة|كل جواب", r"(?:نهاية|آخر|بداية) كل (?:رد|إجابة|جواب)"),
    (0.6, "उत्तर|जवाब", r"(?:हर|प्रत्येक|सभी) (?:उत्तर|जवाब)(?:ों)? के (?:अंत|शुरू|आरंभ)"),
)
