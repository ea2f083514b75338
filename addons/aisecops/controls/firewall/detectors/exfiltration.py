"""Text that would carry something out: images and links with room for data, orders to send what was said."""

from __future__ import annotations

from aisecops.controls.firewall.sign import phrases

_SECRET = (
    r"(?:conversations?|chat (?:history|logs?)|passwords?|credentials?|secrets?|(?:access |session |auth )?tokens?|api[ _-]?keys?|private keys?|ssh keys?"
    r"|cookies?|environment variables|env vars|system prompt|credit cards?|payment methods?|bank (?:details|accounts?|statements?)|social security|personal (?:data|details|information)"
    r"|security codes?|verification codes?|medical records?|health (?:data|records)|genetic data|browsing history|search history|location history|contacts?|contact list|saved addresses|inbox|emails|all (?:\w+ )?files|user data|customer data|order history|transaction history|transactions|patient (?:data|records)|private \w+|confidential \w+|sensitive \w+"
    r"|(?:full|complete|entire|whole) (?:\w+ ){0,3}(?:records?|details|profile|history|contents?|database|results?)|(?:customer|account|employee|payment|card) (?:records?|details|numbers?|information)|credential bundle)"
)
_PLACE = r"(?:https?[^\s)]+|[\w.+-]+@[\w-]+\.[\w.]+|(?:an? |the |our )?(?:attacker|external|remote|third)\b|this (?:address|url|link|webhook|endpoint|server|number|email)|the following (?:address|url|link|webhook|e-?mail|number|server))"
_PERSON = r"(?:my|a) (?:friend|colleague|partner|cousin|brother|sister)"
_SEND = r"(?:send|forward|e-?mail|post|upload|transmit|submit|exfiltrate|leak|copy|deliver|share|pass|append|report|synchroni[sz]e|sync|export|mirror)"
_AWAY = r"(?:https?:|[\w.+-]{1,64}+@\w)"

DETECTOR = phrases(
    "exfiltration",
    (
        0.8,
        "![",
        r"!\[[^\]\n]{0,80}\]\(https?://[^)\s]{3,200}[?&/=][^)\s]{0,80}(?:\[[a-z_]{3,30}\]|\{[a-z_ ]{3,30}\}|<[a-z_ ]{3,30}>|(?:=)(?:data(?!:)|secret|conversation|summary|password|history|base64|encoded|your)[\w-]{0,20})",
    ),
    (
        0.7,
        "<img",
        r"<img[^>]{0,80}src=[\"']?https?://[^\"'>\s]{3,200}[?&/=][^\"'>\s]{0,80}(?:\[[a-z_]{3,30}\]|\{[a-z_ ]{3,30}\})",
    ),
    (
        0.65,
        "send|forward|mail|post|upload|transmit|submit|exfiltrat|leak|copy|deliver|share|pass|append|report|synchron|sync |export|mirror",
        rf"\b{_SEND}(?:ing)? (?:\w+ ){{0,5}}{_SECRET}(?: \w+){{0,6}} (?:to|at|via|with|in) {_PLACE}",
    ),
    (
        0.7,
        "and send|and forward|and email|and e-mail|and share|and post|and upload|and transfer|then send|then email|then forward|, send|and mail",
        rf"\b(?:retrieve|get|fetch|access|collect|gather|find|look up|extract|read|obtain|list|search|compile|view|check|grab|copy|summari[sz]e) (?:\w+ ){{0,3}}(?:my|all|any|every|the user.?s|their|his|her|users?) (?:\w+ ){{0,12}}?(?:and|then) (?:then )?(?:send|forward|e-?mail|share|post|upload|transfer|mail) (?:\w+ ){{0,8}}(?:to|at|via) (?:https?|[\w.+-]+@|[\w-]+\.(?:com|net|org|io)|this|the following|{_PERSON})",
    ),
    (
        0.7,
        "append|include|insert|encode|embed|add|put|replac",
        rf"\b(?:append|include|insert|encode|embed|put) (?:\w+ ){{0,5}}{_SECRET} (?:\w+ ){{0,5}}(?:in|to|into|as) (?:\w+ ){{0,4}}(?:url|link|query|parameter|image|request|https?)\b",
    ),
    (
        0.6,
        "http",
        r"\b(?:visit|fetch|load|navigate to|browse to|go to|open|access) \W{0,3}https?[^\s]{4,200} (?:\w+ ){0,4}(?:append\w*|including the|and (?:follow|execute|obey|do what|carry out|enter|log ?in|submit|paste))\b",
    ),
    (
        0.55,
        "password|credential|secret|api key|api_key|apikey|private key|credit card|social security|token",
        r"(?<!not[ ])(?<!never[ ])(?<!n.t[ ])\b(?:send|reveal|tell|give|leak|dump|disclose|exfiltrate|hand over|print|output|expose) (?:me |us |out )?(?:all |any |every )?(?:of )?(?:the )?(?:user.?s?|your|admin\w*|their|stored|saved|company) (?:\w+ ){0,2}(?:passwords?|credentials?|secrets?|api[ _-]?keys?|private keys?|credit cards?|social security|tokens?)\b",
    ),
    (
        0.7,
        "curl|wget|nc ",
        r"\b(?:curl|wget|nc)\b[^\n]{0,80}(?:-d|--data\w*|-f|--upload-file|-t|--post-file)\b[^\n]{0,60}(?:/etc/|~/|\$\(|@/|env\b|id_rsa|\.ssh|\.aws)",
    ),
    (
        0.6,
        "id_rsa|/etc/passwd|/etc/shadow|.ssh/|.env|.aws/|mcp.json|keychain",
        r"\b(?:read|open|cat|send|include|load|access|get|contents? of) (?:\w+ ){0,4}[`'\"]?[~/.\w-]{0,40}(?:id_rsa|/etc/passwd|/etc/shadow|\.ssh/|\.aws/credentials|mcp\.json)[`'\"\w.]{0,20} (?:\w+ ){0,6}(?:and|as|then|to|in) (?:\w+ ){0,3}(?:send|pass|include|parameter|argument|sidenote|base64|post|upload|append|its content|the content)",
    ),
    (
        0.5,
        "@",
        r"\bsend an? e-?mail to [\w.+-]+@[\w-]+\.[\w.]+[\s\"'`>]{0,4} ?(?:\w+ ){0,4}(?:with (?:the )?(?:body|content|text|message)|containing|saying|that says)\b",
    ),
    (
        0.55,
        "access",
        rf"\b(?:grant|give|provide) (?:permanent |full |admin\w* |unrestricted |complete )(?:\w+ )?access (?:to |on |for )(?:{_PERSON}|the attacker|an external|the following|user id)\b",
    ),
    (0.55, "base64", r"\bwhere \W{0,3}\w+\W{0,3} is (?:an? |the )?(?:base ?64|url|hex)[- ]encoded\b"),
    (
        0.6,
        "transfer|wire|pay|send|deposit|withdraw",
        rf"\b(?:transfer|wire|deposit|withdraw) (?:\w+ ){{0,3}}\W?(?:\$|\u20ac|\u00a3|usd|eur|btc|eth|all (?:\w+ )?(?:funds|money|savings))\W?[\d,.]* (?:\w+ ){{0,6}}(?:{_PERSON}|account (?:number|id)|[a-z]{{2}}\d{{10,}}|recipient|wallet)\b",
    ),
    # to send content away, in other languages
    (
        0.6,
        "send|schick|leite|lade|übermitt",
        rf"\b(?:send\w*|schick\w*|leite\w*|lade\w*|übermitt\w*) (?:[\w.]+ ){{0,8}}?(?:datei\w*|inhalt\w*|daten\w*|passw\w+|schlüssel\w*|nachrichten|e-?mails|verlauf|liste|\w*daten|zugangs\w+) (?:[\w.]+ ){{0,6}}(?:an|nach|zu|auf) {_AWAY}",
    ),
    (
        0.6,
        "envo|transf|télévers|transmet|partag",
        rf"\b(?:envo\w+|transf\w+|télévers\w+|transmet\w*|partag\w+) (?:[\w.]+ ){{0,8}}?(?:fichiers?|contenu|données|mots? de passe|clés?|courriels|messages|historique|identifiants|liste) (?:[\w.]+ ){{0,6}}(?:à|vers|sur) {_AWAY}",
    ),
    (
        0.6,
        "env|sube|transf|manda|compart|invi|inoltr|caric|trasfer|encaminh|carregue",
        rf"\b(?:env\w+|reenv\w+|sube|suba|transf\w+|manda\w*|mande|compart\w+|invi\w+|inoltr\w+|caric\w+|trasfer\w+|encaminh\w+|carregue) (?:[\w.]+ ){{0,8}}?(?:archivos?|contenido|datos|contraseñas?|claves?|correos|mensajes|historial|lista|file|contenuto|dati|password|chiav[ei]|messaggi|arquivos?|conteúdo|dados|senhas?|chaves?|mensagens) (?:[\w.]+ ){{0,6}}(?:a|hacia|al|su|verso|para) {_AWAY}",
    ),
    (
        0.6,
        "отправ|перешл|загруз|перед|выгруз",
        rf"\b(?:отправ\w+|перешл\w+|загруз\w+|перед\w+|выгруз\w+) (?:[\w.]+ ){{0,8}}?(?:файл\w*|содержим\w+|данн\w+|парол\w+|ключ\w*|письм\w*|сообщени\w+|истори\w+|спис\w+) (?:[\w.]+ ){{0,6}}(?:на|по|в) (?:\w+ )?{_AWAY}",
    ),
    (
        0.6,
        "发送|发到|发给|上传|转发|推送|同步|提交|寄|回传",
        rf"(?:数据|文件|内容|密码|密钥|凭证|凭据|变量|源码|源代码|信息|资料|数据库|日志|令牌|记录|名单|私钥|配置|邮件|token|id_rsa|\.env|cookie)(?=.{{0,110}}?(?:http|@)).{{0,24}}(?:发送|发到|发给|上传|转发|推送|同步|提交|寄|回传)(?:到|至|给|往)?.{{0,8}}?{_AWAY}|(?:发送|上传|转发|推送|同步|提交)(?=.{{0,110}}?(?:http|@))(?:到|至|给)?.{{0,24}}(?:数据|文件|内容|密码|密钥|凭证|变量|数据库|记录|私钥).{{0,16}}{_AWAY}",
    ),
    (0.6, "送信|送っ|転送|アップロード", rf"{_AWAY}[^\s。]{{0,80}}\s?(?:に|へ|まで)\s?(?:送信|送っ|転送|アップロード)"),
    (0.6, "보내|전송|업로드", rf"{_AWAY}\S{{0,80}} ?(?:로|으로|에|에게) ?(?:보내|전송|업로드)"),
    (0.6, "gönder|yükle|ilet", rf"{_AWAY}\S{{0,80}} (?:adresine|sunucusuna|hesabina)? ?(?:gönder|yükle|ilet)\w*"),
    (
        0.6,
        "أرسل|ارسل|ارفع|حوّل",
        rf"(?:أرسل|ارسل|وأرسل|ارفع|حوّل)\w* (?:\S{{1,30}}\s){{0,8}}(?:إلى|الى|على) (?:\S{{1,30}}\s){{0,2}}{_AWAY}",
    ),
    (0.6, "भेज|अपलोड", rf"{_AWAY}\S{{0,80}} (?:पर|को) (?:भेज|अपलोड)"),
)
