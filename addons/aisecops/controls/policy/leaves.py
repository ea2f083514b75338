"""The words and numbers that rules are made of, each as one shape.

Knows how one value is written. Which keys hold which value is `sections.py`.
"""

from __future__ import annotations

import ipaddress
import re
from datetime import date
from enum import StrEnum
from typing import Any

from aisecops.controls.policy import units
from aisecops.controls.policy.duty import read_duty
from aisecops.controls.policy.jmes import compiled
from aisecops.controls.policy.mistakes import nearest
from aisecops.controls.policy.patterns import path_parts, read_host
from aisecops.controls.policy.shapes import Leaf, Word
from aisecops.controls.policy.template import is_template, read_template
from aisecops.model.action import Kind, ToolEffect
from aisecops.model.budget import MOST_RECIPIENTS
from aisecops.model.certificate import written_name
from aisecops.model.chain import Join
from aisecops.model.decision import Mode
from aisecops.model.field import read_field
from aisecops.model.finding import FindingAction
from aisecops.model.people import HookForm, PersonRole
from aisecops.model.provenance import TrustTier
from aisecops.model.risk import to_micros
from aisecops.model.rules import NamedBy, TokenMode, Unread, Untrusted
from aisecops.model.scope import segments

_NUMBER: dict[str, Any] = {"type": "number", "minimum": 0}
LONGEST_TEXT = 500
_MAPPED_PREFIX = 96
LABEL_PLACES = ("any", "model", "memory", "internal", "neutral", "external")
DIALECTS = ("openai", "anthropic", "gemini", "bedrock", "ollama", "azure")
MAX_TTL_MS = 15 * 60 * 1000
"""No rule lets a capability token live longer (contract 5)."""


MAX_TIMEOUT_MS = 10_000


def _matching(pattern: str, mend: str) -> Any:
    compiled_pattern = re.compile(pattern)

    def read(text: str) -> str:
        if not compiled_pattern.fullmatch(text):
            raise ValueError(mend)
        return text

    return read


def _agent_name(text: str) -> str:
    if text.startswith("run_"):
        raise ValueError("names that start with `run_` are those of runs; take another")
    return str(_matching(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", "use letters, digits, `.`, `_` and `-`")(text))


def _text(text: str) -> str:
    if not text.strip() or len(text) > LONGEST_TEXT or not text.isprintable():
        raise ValueError(f"write one line of at most {LONGEST_TEXT} characters")
    return text


def _model_tool(text: str) -> str:
    if "*" in text:
        raise ValueError("write each name out as the model calls it; a `*` would only be the name `*`")
    return _text(text)


def _certificate_name(text: str) -> str:
    if written_name(text) is None:
        raise ValueError("write one name as certificates hold it: a host, a URI, an email or an address, no wildcard")
    return text


def _secret(text: str) -> str:
    if not re.fullmatch(r"env:[A-Za-z_][A-Za-z0-9_]*|file:\S+", text):
        raise ValueError("a secret does not stand in the rules; name where it is: `env:NAME` or `file:PATH`")
    return text


_https = _matching(r"https://[A-Za-z0-9.\-\[\]:]+(/\S*)?", "write `https://…`")


def _hook_url(text: str) -> str:
    return _secret(text) if text.startswith(("env:", "file:")) else str(_https(text))


def _network(text: str) -> str:
    try:
        return str(_plain_network(ipaddress.ip_network(text)))
    except ValueError as error:
        raise ValueError(f"write a network such as `10.1.0.0/16`: {error}") from None


def _plain_network(
    network: ipaddress.IPv4Network | ipaddress.IPv6Network,
) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    """A network of IPv4 addresses that are written as IPv6 ones (`::ffff:10.1.0.0/112`) is the IPv4 network."""
    first = network.network_address
    mapped = first.ipv4_mapped if isinstance(first, ipaddress.IPv6Address) else None
    if mapped is None or network.prefixlen < _MAPPED_PREFIX:
        return network
    return ipaddress.IPv4Network((mapped, network.prefixlen - _MAPPED_PREFIX))


def _pattern(text: str) -> str:
    segments(text)
    if not text.isprintable() or " " in text:
        raise ValueError("write segments with dots between; `*` is one segment, `**` (last) all the rest")
    return text


def _template(text: str) -> str:
    read_template(text)
    return text


def _path(text: str) -> str:
    path_parts(text)
    return text


_USUAL_METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "WEBSOCKET")
_LIKE_THEM = frozenset({"ORDERPATCH", "PROPPATCH", "REPORT", "SET", "BATCH", "WATCH", "FETCH", "READ"})
"""Words that are methods of their own somewhere."""

_well_written_method = _matching(r"(?!CONNECT$|TRACE$)[A-Z]{1,20}", "write it in capitals, such as `POST`")


def _method(text: str) -> str:
    """Any word may be one, but one that only looks like one that everybody knows would match nothing for ever."""
    near = nearest(_well_written_method(text), _USUAL_METHODS)
    if near in {"", text} or text in _LIKE_THEM:
        return text
    raise ValueError(f"did you mean `{near}`?")


def _jmespath(text: str) -> str:
    compiled(text)
    return text


def _field(text: str) -> str:
    read_field(text)
    return text


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError("write a day such as `2027-01-31`") from None


def _memory_id(text: str) -> str:
    if is_template(text):
        read_template(text)
    else:
        compiled(text)
    return text


def _prompt(text: str) -> str:
    if text not in {"pinned", "free"} and not re.fullmatch(r"sha256:[0-9a-f]{64}", text):
        raise ValueError("write `pinned`, `free` or `sha256:` and 64 hex digits")
    return text


def _version(text: str) -> int:
    if text != "1":
        raise ValueError("this is version 1 of the rule language; write `version: 1`")
    return 1


def _ttl_s(text: str) -> int:
    ms = units.duration_ms(text)
    if ms > MAX_TTL_MS:
        raise ValueError("no token lives longer than `15m`")
    if ms == 0 or ms % 1000:
        raise ValueError("write whole seconds, from `1s`")
    return ms // 1000


def _timeout_ms(text: str) -> int:
    if not 0 < (ms := units.duration_ms(text)) <= MAX_TIMEOUT_MS:
        raise ValueError("write a time from `1ms` to `10s`: a request waits for it")
    return ms


def _recipient_count(text: str) -> int:
    if (found := units.count(text)) > MOST_RECIPIENTS:
        raise ValueError(f"write a whole number up to {MOST_RECIPIENTS}: each one is remembered")
    return found


def _uses(text: str) -> int:
    if (found := units.count(text)) == 0:
        raise ValueError("write a whole number from 1")
    return found


_NOT_TOLD = re.compile(
    r"(?:authorization|cookie|dpop|host|connection|upgrade|te|trailer|transfer-encoding|expect|signature.*|digest|.*-digest|"
    r".*(?:-key|-token|-secret|-signature|-sign|-hmac)|content-.*|proxy-.*|aisecops-.*|sec-.*|accept.*|if-.*|x-forwarded-.*)"
)


def _told_header(text: str) -> str:
    name = str(_matching(r"[A-Za-z][A-Za-z0-9-]{0,63}", "write a header's name, such as `X-Customer`")(text)).lower()
    if _NOT_TOLD.fullmatch(name):
        raise ValueError(f"leave it out: `{text}` says who asks or how, so nothing is ever replaced in it")
    return name


def _url(text: str) -> str:
    return str(_matching(r"https?://[A-Za-z0-9.\-\[\]:]+(/\S*)?", "write `http://…` or `https://…`")(text))


def _factor(low: str, high: str) -> Leaf:
    json = {"type": "number", "minimum": float(low), "maximum": float(high)}
    return Leaf(f"a number from {low} to {high}", lambda text: units.between(text, low, high), json, plain=True)


def _words(what: str, enum: type[StrEnum]) -> Word:
    return Word(what, {str(member): member for member in enum})


def _switch(text: str) -> bool:
    if text not in {"true", "false"}:
        raise ValueError("write `true` or `false`")
    return text == "true"


VERSION = Leaf("the version of the rule language", _version, {"const": 1}, plain=True)
TEXT = Leaf("a line of text", _text)
MODEL_TOOL = Leaf("a name that a model calls a tool by", _model_tool)
CERTIFICATE_NAME = Leaf("a certificate's name, such as `spiffe://corp.example/agents/bot`", _certificate_name)
TOLD_HEADER = Leaf("a header that says whom a call is about", _told_header)
HOOK_URL = Leaf("a URL with `https`, or the place of one", _hook_url, secret=True)
HOOK_FORM = _words("a form of announcement", HookForm)
SLACK_ID = Leaf("a Slack member id", _matching(r"[UW][A-Z0-9]{2,20}", "copy the member id, such as `U02ABCDEF`"))
SECRET = Leaf("the place of a secret", _secret, {"type": "string", "pattern": "^(env|file):"}, secret=True)
NETWORK = Leaf("a network", _network)
URL = Leaf("a URL", _url)
HTTPS_URL = Leaf("a URL with `https`", _https)

AGENT_NAME = Leaf("an agent's name", _agent_name)
TOOL_NAME = Leaf(
    "a tool's name",
    _matching(
        r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*(\.\*)?",
        "write words with dots between, such as `crm.read`; `tickets.*` is a family",
    ),
)
MCP_TOOL = Leaf(
    "the name of a tool at an MCP server",
    _matching(r"[^*\s]{1,128}|[^*\s]{0,127}\*", "write its name; a `*` may only stand at the end"),
)
NAME = Leaf("a name", _matching(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", "use letters, digits, `.`, `_` and `-`"))
MODEL_NAME = Leaf("a model's name", _text)
LABEL = Leaf("a label", _matching(r"[A-Za-z0-9_-]{1,64}", "use letters, digits, `_` and `-`"))
ENTITY = Leaf("an entity's name", _matching(r"[A-Z][A-Z0-9_]{0,63}", "write it in capitals, such as `CREDIT_CARD`"))
FINGERPRINT = Leaf("a finding's fingerprint", _matching(r"[0-9a-f]{16}", "copy the 16 hex digits from the finding"))
FIELD = Leaf("a field, such as `/messages/*/content`", _field)
DUTY = Leaf("hours of duty, such as `Mo-Fr 08:00-18:00 Europe/Berlin`", read_duty)
DAY = Leaf("a day, such as `2027-01-31`", _day, {"type": "string", "format": "date"})
SYSTEM_PROMPT = Leaf("`pinned`, `free` or a digest", _prompt)

PATTERN = Leaf("a pattern of dotted words", _pattern)
SCOPE_TEMPLATE = Leaf("a scope, such as `crm.customers.{path[2]}`", _template)
JMESPATH = Leaf("a JMESPath", _jmespath)
MEMORY_ID = Leaf("the place of an item's id, such as `id` or `{path[1]}`", _memory_id)
RECIPIENT_PLACE = Leaf("where recipients are, such as `to` or `{path[1]}`", _memory_id)
HOST = Leaf("a host, such as `api.example.org`, `*.example.org` or `crm.internal:8443`", read_host)
PATH = Leaf("a path, such as `/v1/customers/**`", _path)
METHOD = Leaf("an HTTP method", _method)

COUNT = Leaf("a whole number", units.count, {"type": "integer", "minimum": 0}, plain=True)
RECIPIENT_COUNT = Leaf(
    f"a whole number up to {MOST_RECIPIENTS}",
    _recipient_count,
    {"type": "integer", "minimum": 0, "maximum": MOST_RECIPIENTS},
    plain=True,
)
USES = Leaf("a whole number from 1", _uses, {"type": "integer", "minimum": 1}, plain=True)
NUMBER = Leaf("a number", units.number, _NUMBER, plain=True)
MICROS = Leaf("a number", lambda text: to_micros(units.number(text)), _NUMBER, plain=True)
UNIT = _factor("0", "1")
UNIT_MICROS = Leaf(
    "a number from 0 to 1",
    lambda text: to_micros(units.between(text, "0", "1")),
    {"type": "number", "minimum": 0, "maximum": 1},
    plain=True,
)
ESCALATION = _factor("1", "3")
STRESS_FROM = _factor("0", "0.99")
TIMES = _factor("0", "1000")
TRUST = Leaf(
    "a trust word or factor",
    units.trust_factor,
    {"anyOf": [{"enum": ["internal", "neutral", "external"]}, {"type": "number", "minimum": 0.5, "maximum": 2.0}]},
)
OPA_PATH = Leaf(
    "the path of an OPA rule",
    _matching(r"[A-Za-z0-9_]+(/[A-Za-z0-9_]+)*", "write package and rule, such as `aisecops/allow`"),
)
CEDAR_FILES = Leaf(
    "files of Cedar policies, such as `policy/*.cedar`",
    _matching(r"[A-Za-z0-9_.*-]+(/[A-Za-z0-9_.*-]+)*\.cedar", "name them from the rules folder; they end in `.cedar`"),
)
TIMEOUT = Leaf("a duration up to `10s`", _timeout_ms, {"type": "string", "pattern": "^[0-9]+(ms|s)$"})
DURATION = Leaf("a duration, such as `10m`", units.duration_ms, {"type": "string", "pattern": "^[0-9]+(ms|s|m|h)$"})
EXPIRY = Leaf("a duration up to `15m`", _ttl_s, {"type": "string", "pattern": "^[0-9]+(s|m)$"})
SIZE = Leaf("a size, such as `10MiB`", units.size_bytes, {"type": "string", "pattern": "^[0-9]+(B|KiB|MiB|GiB)$"})
RATE = Leaf("a rate, such as `5/s`", units.rate, {"type": "string", "pattern": "^[0-9]+/(s|m|h)$"})

SWITCH = Leaf("`true` or `false`", _switch, {"type": "boolean"}, plain=True)
JOIN = _words("what follows from working on another run's words", Join)
PERSON_ROLE = _words("a person's role", PersonRole)
MODE = _words("a mode", Mode)
TOKEN_MODE = _words("a token mode", TokenMode)
EFFECT = _words("an effect", ToolEffect)
TIER = _words("a trust tier", TrustTier)
UNTRUSTED = _words("what to do with an untrusted argument", Untrusted)
NAMED_BY = _words("who must have named an argument", NamedBy)
UNREAD = _words("what to do with content that is no text", Unread)
ACTION = _words("an action", FindingAction)
VOLUME_ACTION = Word("an action", {str(action): action for action in (FindingAction.HOLD, FindingAction.BLOCK)})
DIALECT = Word("a dialect", {word: word for word in DIALECTS})
DESTINATION = Word("a destination", {word: word for word in LABEL_PLACES})
STEP_KIND = Word("a kind of step", {kind.value: kind.value for kind in (Kind.TOOL, Kind.MODEL, Kind.SOURCE)})
ROLE = Word("an argument's role", {"steering": True, "content": False})
