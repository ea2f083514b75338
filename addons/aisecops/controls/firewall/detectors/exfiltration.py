"""Text that would carry something out: images and links with room for data, orders to send what was said."""

from __future__ import annotations

from aisecops.controls.firewall.sign import phrases

_SECRET = (
    r"(?:conversations?|chat (?:history|logs?)|passwords?|credentials?|secrets?|(?:access |session |auth )?tokens?|api[ _-]?keys?|private keys?|ssh keys?"
    r"|cookies?|environment variables|env vars|system prompt|credit cards?|payment methods?|bank (?:details|accounts?|statements?)|social security|personal (?:data|details|information)"
    r"|security codes?|verification codes?|medical records?|health (?:data|records)|genetic data|browsing history|search history|location history|contacts?|contact list|saved addresses|inbox|emails|all (?:\w+ )?files|user data|customer data|order history|transaction history|transactions|patient (?:data|records)|private \w+|confidential \w+|sensitive \w+)"
)
_PLACE = r"(?:https?[^\s)]+|[\w.+-]+@[\w-]+\.[\w.]+|(?:an? |the |our )?(?:attacker|external|remote|third)\b|this (?:address|url|link|webhook|endpoint|server|number|email)|the following (?:address|url|link|webhook|e-?mail|number|server))"
_PERSON = r"(?:my|a) (?:friend|colleague|partner|cousin|brother|sister)"
_SEND = r"(?:send|forward|e-?mail|post|upload|transmit|submit|exfiltrate|leak|copy|deliver|share|pass|append|report)"

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
        "send|forward|mail|post|upload|transmit|submit|exfiltrat|leak|copy|deliver|share|pass|append|report",
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
)
