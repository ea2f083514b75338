"""Prompts of real shape in every dialect, written as no library writes them: what goes on unchanged must be seen to.

Each asks for a page to be read, has called the tool that fetched it, and holds its text, `%PAGE%`, as that tool's
answer. They are JSON with odd blanks, escapes, numbers and names of members that nobody knows.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import orjson

from aisecops.controls.firewall.envelope import NOTICE

RULES = """version: 1
agents:
  clerk:
    authenticate: {secret: "env:CLERK_SECRET"}
    grants: [{tool: mail.send, scope: "mail.**"}]
tools:
  mail.send:
    match: [{host: mail.example, method: POST, path: /send}, {model_tool: send_email}]
    base_risk: 0
    scope: "mail.contacts.{body.to}"
    arguments: {to: {at: to, role: steering, untrusted: deny}}
models:
  openai:    {match: {host: api.openai.com, path: "/v1/**"}, dialect: openai, prices: {gpt-4o: {input: 2.50, output: 10.00}}}
  azure:     {match: {host: api.openai.com, path: "/openai/**"}, dialect: azure}
  anthropic: {match: {host: api.openai.com, path: /v1/messages}, dialect: anthropic}
  vertex:    {match: {host: api.openai.com, path: "/v1/projects/**"}, dialect: anthropic}
  gemini:    {match: {host: api.openai.com, path: "/v1beta/**"}, dialect: gemini}
  bedrock:   {match: {host: api.openai.com, path: "/model/**"}, dialect: bedrock}
  ollama:    {match: {host: api.openai.com, path: "/api/**"}, dialect: ollama}
sources:
  - {match: {host: en.wiki.example}, tier: external}
  - {match: {host: pictures.example}, tier: external}  # what the prompts have a provider ask
egress: {unread: allow}
firewall: {flag_at: 1, block_at: 1}
"""
"""The rules of an installation that knows every dialect, each at paths of its own on one host."""

_ENVELOPE = re.compile(
    r'<context v=\\"1\\" id=\\"[^\\]*\\" tier=\\"external\\" source=\\"(?P<source>[^\\]*)\\" sha256=\\"[0-9a-f]{64}\\" '
    r'mark=\\"(?P<mark>[a-z2-7]{16})\\">\\n(?P<inside>.*?)\\n</context mark=\\"(?P=mark)\\">',
    re.DOTALL,
)
_IN_OBJECT = re.compile(r'\{"output":"(' + _ENVELOPE.pattern + r')"\}', re.DOTALL)


class Speech(NamedTuple):
    """One way to ask one provider: a rule's `dialect`, where to, and the prompt."""

    dialect: str
    path: str
    stream_path: str
    prompt: str

    def body(self, *, page: str, user: str = "read it", stream: bool = False) -> bytes:
        """The prompt, with `page` as the answer of the tool that fetched it."""
        words = {"%PAGE%": orjson.dumps(page).decode()[1:-1], "%USER%": user, "%STREAM%": "true" if stream else "false"}
        text = self.prompt
        for mark, word in words.items():
            text = text.replace(mark, word)
        return text.encode()

    def at(self, *, stream: bool) -> str:
        """The path with its query."""
        return self.stream_path if stream else self.path


def unwrapped(body: bytes) -> tuple[bytes, list[str]]:
    """`body` without envelopes and notice, in all else as it is; and the sources that the envelopes named."""
    text = body.decode()
    sources = [found["source"] for found in _ENVELOPE.finditer(text)]
    text = _IN_OBJECT.sub(lambda found: orjson.loads(f'"{found["inside"]}"'), text)
    text = _ENVELOPE.sub(lambda found: found["inside"], text)
    return text.replace(f"\\n\\n{NOTICE}", "").encode(), sources


_CHAT = r"""{ "model":"gpt-4o",
  "stream" : %STREAM%, "temperature":1.0e0, "messages" : [
	{"role":"system", "content":"be brief"},
 {"content":"\/ %USER%, caf\u00e9 ünïcode" ,"role":"user", "name":"ada"},
 {"role":"user","content":[{"type":"text","text":"and this"},{"type":"image_url","image_url":{"url":"https://pictures.example/a.png","detail":"low"}}]},
 {"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function","function":{"name":"fetch","arguments":"{\"url\": \"x\"}"}}]},
 {"role":"tool", "tool_call_id":"c1","content": "%PAGE%"}  ],
 "tools":[{"type":"function","function":{"name":"send_email","parameters":{"type":"object","properties":{"to":{"type":"string"}}}}}],
 "metadata":{"k":"br\u0069ef"}, "not_known_yet":[1,2.50,{"z":null,"a":true}]}
"""

_RESPONSES = r"""{"instructions":"be brief","model":"gpt-4o", "stream":%STREAM%,"input":[ {"role":"user","content":[{"type":"input_text","text":"%USER%"}]},
 {"type":"function_call","call_id":"c1","name":"fetch","arguments":"{}"},
 {"type":"function_call_output","call_id":"c1","output":"%PAGE%"} ],
 "tools":[{"type":"function","name":"send_email","parameters":{"type":"object"}}], "store":false,"include":[ ]}"""

_MESSAGES = r"""{"max_tokens":100,"model":"claude-sonnet-4-5","stream":%STREAM%,
 "system":[{"type":"text","text":"be brief","cache_control":{"type":"ephemeral"}}],
 "messages":[{"role":"user","content":"%USER% \u2014 ünïcode"},
  {"role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":"x=="},{"type":"tool_use","id":"t1","name":"fetch","input":{"url": "x"}}]},
  {"role":"user","content":[ {"type":"tool_result","tool_use_id":"t1","content":[{"type":"text","text":"%PAGE%"}]},
   {"type":"image","source":{"type":"base64","media_type":"image/png","data":"AAAA"}} ]}],
 "tools":[{"name":"send_email","input_schema":{"type":"object"}}],"metadata":{"user_id":null}}"""

_NAMED = '"model":"claude-sonnet-4-5",'
_PREDICT = _MESSAGES.replace(_NAMED, '"anthropic_version":"vertex-2023-10-16",')
_INVOKE = _MESSAGES.replace(f'{_NAMED}"stream":%STREAM%,', '"anthropic_version":"bedrock-2023-05-31",')

_GENERATE = r"""{"system_instruction":{"parts":{"text":"be brief"}} , "contents":[
 {"role":"user","parts":[{"text":"%USER% ünïcode"},{"inline_data":{"mime_type":"image/png","data":"AAAA"}}]},
 {"role":"model","parts":[{"functionCall":{"name":"fetch","args":{"url": "x"}},"thoughtSignature":"AAAA"}]},
 {"role":"user","parts":[{"functionResponse":{"name":"fetch","response":{ "page" : "%PAGE%", "status":200 }}}]} ],
 "tools":[{"functionDeclarations":[{"name":"send_email","parameters":{"type":"OBJECT"}}]}],
 "generationConfig":{"temperature":0.50}, "safetySettings":[]}"""

_CONVERSE = r"""{"system":[{"text":"be brief"}],"messages":[{"role":"user","content":[{"text":"%USER% ünïcode"},
  {"image":{"format":"png","source":{"bytes":"AAAA"}}}]},
 {"role":"assistant","content":[{"toolUse":{"toolUseId":"t1","name":"fetch","input":{"url": "x"}}}]},
 {"role":"user","content":[{"toolResult":{"toolUseId":"t1","content":[{"text":"%PAGE%"}],"status":"success"}}]}],
 "inferenceConfig":{"maxTokens":100,"topP":1.0},"toolConfig":{"tools":[{"toolSpec":{"name":"send_email","inputSchema":{"json":{"type":"object"}}}}]},
 "additionalModelRequestFields":{"top_k":5}}"""

_CONVERSE_OBJECT = _CONVERSE.replace('[{"text":"%PAGE%"}]', '[{"json": { "page":"%PAGE%", "n" : [1, 2] } }]')

_OLLAMA = r"""{"model":"llama3.2","stream":%STREAM%,"messages":[{"role":"system","content":"be brief"},
 {"role":"user","content":"%USER% ünïcode","images":["AAAA"]},
 {"role":"assistant","content":"","tool_calls":[{"function":{"name":"fetch","arguments":{"url": "x"}}}]},
 {"role":"tool","tool_name":"fetch","content":"%PAGE%"}],
 "tools":[{"type":"function","function":{"name":"send_email","parameters":{"type":"object"}}}],"options":{"temperature":0.0},"keep_alive":"5m"}"""

_GEMINI, _BEDROCK = "/v1beta/models/gemini-2.5-flash", "/model/anthropic.claude-3-5-sonnet-20240620-v1%3A0"
_VERTEX = "/v1/projects/p/locations/us-east5/publishers/anthropic/models/claude-sonnet-4-5@20250929"
_AZURE = "/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21"

SPEECHES = {
    "chat": Speech("openai", "/v1/chat/completions", "/v1/chat/completions", _CHAT),
    "responses": Speech("openai", "/v1/responses", "/v1/responses", _RESPONSES),
    "azure": Speech("azure", _AZURE, _AZURE, _CHAT),
    "messages": Speech("anthropic", "/v1/messages", "/v1/messages?beta=true", _MESSAGES),
    "vertex": Speech("anthropic", f"{_VERTEX}:rawPredict", f"{_VERTEX}:streamRawPredict", _PREDICT),
    "invoke": Speech("bedrock", f"{_BEDROCK}/invoke", f"{_BEDROCK}/invoke-with-response-stream", _INVOKE),
    "gemini": Speech("gemini", f"{_GEMINI}:generateContent", f"{_GEMINI}:streamGenerateContent?alt=sse", _GENERATE),
    "gemini list": Speech("gemini", f"{_GEMINI}:generateContent", f"{_GEMINI}:streamGenerateContent", _GENERATE),
    "bedrock": Speech("bedrock", f"{_BEDROCK}/converse", f"{_BEDROCK}/converse-stream", _CONVERSE),
    "bedrock object": Speech("bedrock", f"{_BEDROCK}/converse", f"{_BEDROCK}/converse-stream", _CONVERSE_OBJECT),
    "ollama": Speech("ollama", "/api/chat", "/api/chat", _OLLAMA),
}
