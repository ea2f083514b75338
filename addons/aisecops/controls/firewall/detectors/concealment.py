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
    # the same in other languages
    (
        0.65,
        "nutzer|benutzer|anwender",
        r"\b(?:ohne (?:den|die|dem) (?:be)?(?:nutzer|anwender)\w* zu (?:fragen|informieren|benachrichtigen)|(?:sag|sage|erzähl|verrate|teile)\w* (?:es )?(?:dem|den) (?:be)?(?:nutzer|anwender)\w* (?:\w+ ){0,3}(?:nicht|nichts))\b",
    ),
    (
        0.65,
        "utilisateur",
        r"\b(?:sans (?:le )?(?:demander|prévenir|informer|avertir|dire) (?:à )?l.utilisateur|ne (?:le )?(?:dis|dites|mentionne\w*|signale\w*|révèle\w*|parle\w*) (?:\w+ ){0,3}à l.utilisateur)\b",
    ),
    (
        0.65,
        "usuario",
        r"\b(?:sin (?:preguntar|avisar|informar|decir)\w* (?:\w+ )?al usuario|no (?:le |se lo )?(?:digas|diga|menciones|informes|reveles|avises) (?:\w+ ){0,3}al usuario)\b",
    ),
    (
        0.65,
        "utente",
        r"\b(?:senza (?:chieder|avvisar|informar|dir)\w* (?:\w+ )?(?:al)?l.utente|non (?:dir|menzionar|informar|rivelar|avvisar)\w* (?:\w+ ){0,3}(?:al)?l.utente)\b",
    ),
    (
        0.65,
        "usuário|utilizador",
        r"\b(?:sem (?:perguntar|avisar|informar|dizer) (?:ao|o) (?:usuário|utilizador)|não (?:diga|mencione|informe|revele|avise) (?:\w+ ){0,3}(?:ao|o) (?:usuário|utilizador))\b",
    ),
    (
        0.65,
        "пользовател",
        r"(?:не (?:сообщай|говори|рассказывай|уведомляй|упоминай)\w* (?:\w+ ){0,4}пользовател\w*|без (?:ведома|подтверждения|разрешения|уведомления) пользовател\w*|не (?:спрашивая|уведомляя|предупреждая) пользовател\w*)",
    ),
    (
        0.65,
        "kullanici",
        r"\bkullanici(?:ya|dan)? (?:\w+ ){0,2}(?:sormadan|söylemeden|bildirmeden|haber vermeden|onayi olmadan|söyleme|bildirme|bahsetme)\b",
    ),
    (
        0.65,
        "用户|管理员|任何人|使用者",
        r"(?:不要|无需|不必|不用|切勿|请勿|别|不得)(?:再)?(?:告知|告诉|通知|提醒|询问|征求|让|向|惊动|经过)(?:.{0,4})(?:用户|管理员|任何人|使用者)",
    ),
    (
        0.55,
        "确认|审批|批准|授权",
        r"(?:无需|不必|不用|跳过|绕过|免去|省略)(?:任何|人工|用户|再次|二次)?(?:的)?(?:确认|审批|批准|授权|审核|安全检查)",
    ),
    (
        0.65,
        "ユーザー|利用者",
        r"(?:ユーザー|利用者)(?:に|へ)(?:は)?(?:知らせ|言わ|伝え|確認せ|確認し|通知せ|通知し|話さ)(?:ず|ない)",
    ),
    (0.65, "사용자", r"사용자에게 ?(?:\S{1,30}\s){0,2}(?:알리|말하|묻|보고하)지 ?(?:마|말|않)"),
    (0.65, "المستخدم", r"(?:لا تخبر|دون إخبار|دون علم|دون سؤال|لا تذكر|بدون إذن) (?:\S{1,30}\s){0,2}المستخدم"),
    (0.65, "उपयोगकर्ता", r"उपयोगकर्ता (?:को|से) (?:\S{1,30}\s){0,3}(?:मत बता|न बता|बताए बिना|पूछे बिना|मत कह)"),
)
