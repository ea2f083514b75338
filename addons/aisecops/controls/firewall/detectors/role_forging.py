# ruff: noqa: RUF001 - expressions of many languages
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
    (
        0.7,
        "<admin|<system|<developer|<security",
        r"<(?:admin|system|developer|security|root)[_-]?(?:message|notice|override|instructions?|update|alert)\b[^<>\n]{0,60}>",
    ),
    (
        0.6,
        "override|system mode|system_mode",
        r"(?:\b(?:system|security|admin(?:istrator)?|developer|policy|training data|safety)[ _-]override\b(?: mode)?\W{0,3}[:>\]!]|\bentering (?:\w+ ){0,2}override mode|<system[ _]mode>|\"?system_override\"?\s?[:=]\s?\"?(?:true|1|on|active))",
    ),
    (
        0.65,
        "[system|[admin|[soc|[root|[developer",
        r"\[(?:system|admin|soc admin|root|developer) (?:message|notice|note|alert|override|update|admin)?[^\]\n]{0,40}\]\s{0,2}:?\s{0,2}(?=\w)(?:\w+ ){1,6}",
    ),
    (
        0.6,
        "reasoning|thought|thinking",
        r"(?:^|\n)\s{0,4}(?:reasoning|thoughts?|thinking|internal monologue)(?:\strace)?\s?(?:\(assistant\))?\s?:\s{0,3}i (?:have|should|must|will|need to|am)\b",
    ),
    (
        0.55,
        "therefore|so i ",
        r"\b(?:therefore|so)\b[ ,]{1,3}i (?:will|should|must) (?:now )?(?:output|print|reveal|send|call|execute|append|proceed|comply|forward|delete)\b",
    ),
    (
        0.65,
        "end of|end user|end input|end log|end data",
        r"(?:^|\n)\W{0,4}end (?:of )?(?:user |tool |the )?(?:input|logs?|data|context|results?)\W{0,4}\n\W{0,6}(?:system|final|user|new|\w+:)",
    ),
    # the same in other languages
    (
        0.6,
        "system|sistem|système|sistema|систем",
        r"(?:^|[\n.\[#*>(\"])\s{0,3}(?:system-?(?:hinweis|nachricht|meldung|anweisung|befehl|melding|bericht)|(?:note|message|avis|consigne) (?:du )?système|(?:nota|aviso|mensaje|instrucción) del sistema|(?:nota|avviso|messaggio) (?:di|del) sistema|(?:aviso|nota|mensagem) do sistema|системн(?:ое|ая) (?:сообщение|инструкция|уведомление)|sistem (?:notu|mesaji|uyarisi|talimati)|(?:komunikat|wiadomość) systemow[ya])\s{0,2}[\])*]{0,3}\s?[:：]",
    ),
    (0.55, "系统", r"(?:系统|管理员)(?:消息|指令|通知|公告|命令|覆盖|升级通知)\s?[：:\]】]"),
    (
        0.55,
        "システム|시스템|رسالة النظام|सिस्टम",
        r"(?:システム(?:メッセージ|通知|指示|命令|からの通知)|시스템 ?(?:메시지|알림|지시|명령)|(?:رسالة|تنبيه) النظام|सिस्टम (?:सूचना|संदेश|निर्देश))\s?[：:\]】]",
    ),
)
