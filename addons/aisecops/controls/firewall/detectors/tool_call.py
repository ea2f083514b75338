"""Text that looks like a tool call, or tells which tool to call with what: content has no business doing either."""

from __future__ import annotations

from aisecops.controls.firewall.sign import phrases

DETECTOR = phrases(
    "tool_call",
    (
        0.6,
        "<tool_call|<function_call|<invoke|<tool_use|<function=",
        r"<(?:tool_call|function_calls?|invoke|tool_use|function=)[^>\n]{0,100}>",
    ),
    (
        0.5,
        '"arguments"|"parameters"|"args"|"tool_input"',
        r"[{,]\s*\"(?:tool|tool_name|function|function_call|tool_calls|recipient_name)\"\s*:\s*[\"{\[][^\n]{0,80}\"(?:arguments|parameters|args|tool_input)\"\s*:",
    ),
    (
        0.6,
        "call|invoke|use |run |execute|trigger|using",
        r"\b(?:call|invoke|use|execute|trigger)(?:ing)? (?:the |your )?[`\"']?[a-z][a-z0-9]{1,20}_[a-z0-9_]{2,40}[`\"']? (?:tool|function|api|action)\b (?:\w+ ){0,4}(?:to|with|on) (?:send|delete|transfer|share|forward|read|grant|the (?:following|user|content|argument)|all|my|every)",
    ),
    (
        0.55,
        " tool|function",
        r"\b(?:call|invoke|use|execute|trigger) your (?:\w+ ){0,2}(?:tools?|functions?|plugins?|browser|terminal|e-?mail|shell) (?:\w+ ){0,3}to (?:send|delete|transfer|share|forward|visit|open|read|grant|execute|run|download|buy|order|post)\b",
    ),
    (
        0.55,
        "the following command|the following code|this command|this code|following shell|following sql|following script",
        r"\byou (?:must|should|need to|have to|will|are to) (?:\w+ )?(?:execute|run) (?:the following|this) (?:\w+ )?(?:command|code|script|query|sql|shell)\b",
    ),
    (
        0.6,
        "call |invoke ",
        r"\b(?:call|invoke) [`\"']?[a-z][a-z0-9]{1,20}_[a-z0-9_]{2,40}[`\"']? (?:[\w.]+ ){0,12}(?:before|prior to) (?:\w+ )?(?:respond|reply|repl|answer|continu|summari|proceed)\w*",
    ),
    (
        0.55,
        "call |invoke |use ",
        r"\b(?:now|then|please|must|immediately|first|also|to (?:close|complete|finish|file|archive) \w+(?: \w+){0,4},?) (?:also )?(?:call|invoke|use) (?:the )?[`\"']?(?:delete|remove|send|post|http|transfer|exec\w*|run|write|upload|fetch|forward|wire|pay|export|approve|confirm|grant|share)_[a-z0-9_]{2,40}\b",
    ),
    (
        0.55,
        "call |invoke ",
        r"\b(?:call|invoke) [`\"']?(?:delete|remove|send|post|http|transfer|exec\w*|run|upload|fetch|forward|wire|pay|export|share)_[a-z0-9_]{2,40}[`\"']?(?: (?:on|with|to|url|at|path)){0,2}[^\n.]{0,60}?(?:\s|[=('\"])(?:/\w[\w.-]*/|https?:|[\w.+-]+@\w)",
    ),
    (
        0.5,
        "调用|呼び出",
        r"(?:调用|呼び出)\s?[`\"']?[a-z][a-z0-9]{1,20}_[a-z0-9_]{2,40}|(?:调用|使用)\s?[`\"']?[a-z_]{3,40}[`\"']?\s?(?:工具|函数|接口).{0,20}(?:发送|删除|转账|上传|导出|执行)",
    ),
)
