"""From an HTTP request to a governed step: what is it, what does it do, to what.

Knows how rules and wire formats meet. What cannot be read or is not declared comes out as a step too,
with a judgment that denies it, so that refusals are decided, recorded and counted like everything else.
"""

from __future__ import annotations

import hashlib
from decimal import ROUND_CEILING, Decimal
from typing import Any
from urllib.parse import unquote

from msgspec.structs import replace

from aisecops.controls.budget.charge import RECIPIENTS, ROWS
from aisecops.controls.dlp.detectors import SECRET_DETECTORS
from aisecops.controls.dlp.triggers import may_hold
from aisecops.controls.policy.match import (
    destination_known,
    find_model,
    find_source,
    find_tool,
    measure,
    only_one_reading,
    scope_of,
    tool_name,
)
from aisecops.controls.policy.memory import items_written, memory_recalled, memory_written
from aisecops.controls.policy.recipients import recipients_of
from aisecops.controls.policy.target import normal_path
from aisecops.controls.policy.template import Filling
from aisecops.gateway.step.fetched import only_named_places
from aisecops.gateway.step.mcp import Spoken, read_spoken
from aisecops.gateway.step.one_request import request_digest
from aisecops.gateway.step.prices import expected_cost_micros
from aisecops.gateway.step.unseen import only_what_is_read
from aisecops.model.action import WEBSOCKET, ActionRequest, Kind, ToolEffect
from aisecops.model.decision import Judgment, Reason, Verdict
from aisecops.model.entities import GROUPS
from aisecops.model.errors import WireError
from aisecops.model.exchange import HttpRequest, names, values
from aisecops.model.memory import MemoryText, Recall
from aisecops.model.of_short import of_short
from aisecops.model.provenance import TrustTier
from aisecops.model.refusals import Code
from aisecops.model.risk import to_micros
from aisecops.model.rules import ModelRule, RuleSet, SourceRule, ToolRule
from aisecops.model.scope import quoted
from aisecops.model.value import Value
from aisecops.wire.coding import decode
from aisecops.wire.dialects import read_call
from aisecops.wire.limits import JsonBounds, JsonValue, read_json
from aisecops.wire.llm import LlmCall, prompt_hash
from aisecops.wire.media_type import media_type
from aisecops.wire.openai import is_posted_too
from aisecops.wire.parts import unsaid_json
from aisecops.wire.places import shown_path
from aisecops.wire.realtime_call import SPOKEN
from aisecops.wire.resent import with_resent
from aisecops.wire.shape import call_in
from aisecops.wire.signed import body_is_signed
from aisecops.wire.texts import said_in
from aisecops.wire.traceparent import traceparent_in

SERVES = ("AIS-EXE-01",)

READ_METHODS = frozenset({"GET", "HEAD"})
_METHOD_OVERRIDES = frozenset({"x-http-method-override", "x-http-method", "x-method-override"})


class Step(Value):
    """A classified request: the action, what the wire or the rules deny of it, and what was read on the way.

    `body` is decoded, `document` the whole of it where it is JSON, `json` what rules look into. `tool`, `model` and
    `source` are the rule that matched, at most one of them; `call` what a model is asked, also behind a tool's rule;
    `spoken` what was said to an MCP server. `kept` are the items that it writes into the memory `memory`, `recalls`
    says how it reads one back. `recipients` are whom it reaches, which stand in `action` as keyed digests.
    `posted_too`: a WebSocket was asked for where the same is read when it is posted.
    """

    action: ActionRequest
    body: bytes = b""
    document: JsonValue = None
    json: JsonValue = None
    call: LlmCall | None = None
    tool: ToolRule | None = None
    model: ModelRule | None = None
    source: SourceRule | None = None
    spoken: Spoken | None = None
    memory: str = ""
    kept: tuple[MemoryText, ...] = ()
    recalls: Recall | None = None
    recipients: tuple[str, ...] = ()
    objections: tuple[Judgment, ...] = ()
    posted_too: bool = False

    @property
    def any_size(self) -> bool:
        """True when a rule lets the answer be passed on in pieces; what MCP servers and memories say is read whole."""
        returns = self.tool.returns if self.tool else self.source
        return returns is not None and returns.stream and self.spoken is None and self.recalls is None


def classify(rules: RuleSet, request: HttpRequest) -> Step:
    """What `request` is under `rules`. Never raises for what a client sent."""
    try:
        step = _classified(rules, request)
    except WireError as error:
        return objection(request, error.code, error.detail)
    if not names_a_secret(step.action.scope):
        return step
    # A scope is written down in tokens and records: a secret in it would be kept for ever.
    return objection(
        request,
        Code.EGRESS_BLOCKED,
        "the path or the value that makes the scope holds a secret; send it elsewhere",
        rule=step.action.rule,
    )


@of_short(most=1024)
def names_a_secret(scope: str) -> bool:
    """True when what fills `scope` looks like a key, a token or a password."""
    text = unquote(scope)
    return may_hold(text, GROUPS["SECRET"]) and any(True for detector in SECRET_DETECTORS for _ in detector.find(text))


def objection(request: HttpRequest, code: Code, detail: str, *, rule: str = "") -> Step:
    """A step that is denied for what it is: unreadable, undeclared, or on its way to nowhere allowed."""
    return Step(
        action=_action(request, Kind.UNDECLARED, "undeclared", ToolEffect.WRITE, f"undeclared.{quoted(request.host)}"),
        objections=(deny(code, detail, rule=rule),),
    )


def deny(code: Code, detail: str, *, rule: str = "") -> Judgment:
    """The wire's own no."""
    reason = Reason(code=code, detail=detail, rule=rule)
    return Judgment(control="wire", verdict=Verdict.DENY, reasons=(reason,), serves=SERVES)


def destination_objection(rules: RuleSet, host: str, port: int) -> Judgment | None:
    """DENY when no rule names `host:port`; judges the name alone."""
    if destination_known(rules, host, port):
        return None
    return deny(Code.DESTINATION_DENIED, f"no tool, model or source names `{host}:{port}`; declare it in the rules")


def _classified(rules: RuleSet, request: HttpRequest) -> Step:
    unknown = destination_objection(rules, request.host, request.port)
    if unknown is not None:
        return objection(request, unknown.reasons[0].code, unknown.reasons[0].detail)
    # what is judged by its method is done by no other
    if True in [_overrides_the_method(name) for name in names(request.headers)]:
        raise WireError("a header that overrides the method is not let through; send the method", Code.PROTOCOL_DENIED)
    if request.method == WEBSOCKET:
        raise WireError("`WEBSOCKET` is a word of rules and no method; open one with GET", Code.PROTOCOL_DENIED)
    if opens_websocket(request):
        request = replace(request, method=WEBSOCKET)
    segments, query = normal_path(request.path)
    only_one_reading(rules, method=request.method, host=request.host, port=request.port, path_segments=segments)
    limit = rules.egress.max_body_bytes
    if len(request.body) > limit:
        raise WireError(f"the body has {len(request.body)} bytes, `egress.max_body` is {limit}", Code.TOO_LARGE)
    body = decode(request.body, request.headers, max_bytes=limit)
    spoken = read_spoken(rules, request, segments, body)
    if spoken is not None:
        step = _mcp_step(request, spoken, segments, query, body)
    else:
        step = _plain_step(rules, request, segments, query, body)
        only_what_is_read(rules.egress.unread, method=request.method, model=step.model, call=step.call)
    if step.call is not None:
        only_named_places(rules, request.host, step.call)
    return _with_memory(rules, request, step, segments, query)


@of_short(most=1024)
def _overrides_the_method(name: str) -> bool:
    """Does the header? Many servers take `_` in its name for `-`."""
    return name.replace("_", "-") in _METHOD_OVERRIDES


def _with_memory(
    rules: RuleSet, request: HttpRequest, step: Step, segments: tuple[str, ...], query: dict[str, list[str]]
) -> Step:
    """`step` with what it writes into a declared memory, or reads back."""
    if step.tool is None or not rules.memory:
        return step
    data = step.json if step.spoken is not None else said_in(request.headers, step.body, JsonBounds())
    filling = Filling(method=request.method, host=request.host, path_segments=segments, query=query, body=data)
    name = step.action.tool
    memory = memory_written(rules, step.tool, name)
    return replace(
        step,
        memory=memory.tool if memory else "",
        kept=items_written(memory, data, filling) if memory else (),
        recalls=memory_recalled(rules, step.tool, name, filling),
    )


def _plain_step(
    rules: RuleSet, request: HttpRequest, segments: tuple[str, ...], query: dict[str, list[str]], body: bytes
) -> Step:
    method, host, port = request.method, request.host, request.port
    tool = find_tool(rules, method=method, host=host, port=port, path_segments=segments)
    model = None if tool else find_model(rules, method=method, host=host, port=port, path_segments=segments)
    if tool is not None:
        return _tool_step(request, tool, segments, query, body)
    if model is not None:
        return _model_step(request, model, body, query)
    source = find_source(rules, method=method, host=host, port=port, path_segments=segments)
    if source is not None and request.method in READ_METHODS:
        if body and call_in(request.path.partition("?")[0], unsaid_json(body)) is not None:
            return objection(request, Code.TOOL_UNDECLARED, "this is a call to a model; declare it under `models`")
        return Step(
            action=_action(
                request,
                Kind.SOURCE,
                f"source:{source.match.host}",
                ToolEffect.READ,
                f"source.{quoted(request.host)}",
                returns_tier=source.tier,
                label=source.label,
                rule=str(source.place),
            ),
            body=body,
            source=source,
        )
    if method == WEBSOCKET:
        what = f"match: {{host: {host}, method: WEBSOCKET, path: …}}"
        refused = objection(
            request, Code.PROTOCOL_DENIED, f"a WebSocket must be asked for; declare a tool or model with `{what}`"
        )
        asked = find_model(rules, method="POST", host=host, port=port, path_segments=segments)
        posted_too = asked is not None and asked.dialect in SPOKEN and is_posted_too(request.path.partition("?")[0])
        return replace(refused, posted_too=posted_too)
    return objection(
        request,
        Code.TOOL_UNDECLARED,
        f"no declared tool matches `{request.method} {request.host}{shown_path(segments)}`",
    )


def _tool_step(
    request: HttpRequest, tool: ToolRule, segments: tuple[str, ...], query: dict[str, list[str]], body: bytes
) -> Step:
    data = json_body(request, body)
    step = replace(_step_of(request, tool, segments, query, body, data), document=data)
    call = call_in(request.path.partition("?")[0], unsaid_json(body) if data is None else data)
    if call is None:
        return step
    # whose rule it is makes no difference to what a model reads: it is a tool's step, and a call besides
    return replace(step, action=replace(step.action, model=call.model, prompt_hash=prompt_hash(call)), call=call)


def _mcp_step(
    request: HttpRequest, spoken: Spoken, segments: tuple[str, ...], query: dict[str, list[str]], body: bytes
) -> Step:
    if spoken.tool is not None:
        step = _step_of(request, spoken.tool, segments, query, body, spoken.arguments, called=spoken.name)
        digest = request_digest(replace(request, body=spoken.meant)) if spoken.meant else step.action.digest
        return replace(step, spoken=spoken, action=replace(step.action, digest=digest))
    source = spoken.source
    action = _action(
        request,
        Kind.SOURCE,
        f"mcp:{spoken.server}",
        ToolEffect.READ,
        f"mcp.{quoted(request.host)}",
        returns_tier=source.tier if source else TrustTier.EXTERNAL,
        label=source.label if source else "",
        rule=str(source.place) if source else "",
    )
    return Step(action=action, body=body, source=source, spoken=spoken)


def _step_of(  # noqa: PLR0917 - all that a scope can be made of
    request: HttpRequest,
    tool: ToolRule,
    segments: tuple[str, ...],
    query: dict[str, list[str]],
    body: bytes,
    data: JsonValue,
    *,
    called: str = "",
) -> Step:
    scope = scope_of(
        tool,
        method=request.method,
        host=request.host,
        path_segments=segments,
        query=query,
        body=data,
        called=called,
    )
    rows = measure(tool.rows, data) if tool.rows and tool.rows.side == "request" else None
    cost = measure(tool.cost, data) if tool.cost and tool.cost.side in {"request", "fixed"} else None
    body_said = data if data is not None or tool.recipients is None else said_in(request.headers, body, JsonBounds())
    filling = Filling(method=request.method, host=request.host, path_segments=segments, query=query, body=body_said)
    recipients = recipients_of(tool.recipients, filling) if tool.recipients else ()
    action = _action(
        request,
        Kind.TOOL,
        tool_name(tool, called),
        tool.effect,
        scope,
        base_risk=tool.base_risk,
        trust=tool.trust,
        returns_tier=tool.returns.tier,
        label=tool.returns.label,
        rule=str(tool.place),
        rows=None if rows is None else int(rows.to_integral_value(ROUND_CEILING)),
        cost_micros=0 if cost is None else to_micros(cost),
        **counting(tool, rows, recipients),
    )
    return Step(action=action, body=body, json=data, tool=tool, recipients=recipients)


def counting(tool: ToolRule, rows: Decimal | None, recipients: tuple[str, ...]) -> dict[str, Any]:
    """What of a call is counted when its answer comes, and what it should have said and does not."""
    silent = [
        name
        for name, asked, found in (
            (ROWS, tool.rows is not None and tool.rows.side == "request", rows is not None),
            (RECIPIENTS, tool.recipients is not None, bool(recipients)),
        )
        if asked and not found
    ]
    return {"rows_later": tool.rows is not None and tool.rows.side == "response", "uncounted": tuple(silent)}


def opens_websocket(request: HttpRequest) -> bool:
    """True for the opening of a WebSocket; the host program has seen that its handshake is whole."""
    asked = values(request.headers, "upgrade")
    return bool(asked) and any(value.strip().lower() == "websocket" for value in asked)


def _model_step(request: HttpRequest, model: ModelRule, body: bytes, query: dict[str, list[str]]) -> Step:
    data = with_resent(json_body(request, body) or unsaid_json(body))
    call = read_call(model.dialect, request.method, request.path.partition("?")[0], data)
    if call is None and (request.method not in {*READ_METHODS, WEBSOCKET} or body):
        what = f"`{request.method} {shown_path(normal_path(request.path)[0])}`"
        mend = "declare the request as a tool if it shall pass"
        raise WireError(f"{what} is no call that the dialect `{model.dialect}` knows; {mend}")
    name = call.model if call else query.get("model", [""])[0] if request.method == WEBSOCKET else ""
    action = _action(
        request,
        Kind.MODEL,
        f"model:{model.name}",
        ToolEffect.READ,
        f"model.{quoted(model.name)}.{quoted(name)}",
        rule=str(model.place),
        model=name,
        prompt_hash=prompt_hash(call) if call else "",
        cost_micros=expected_cost_micros(model, call) if call else 0,
    )
    return Step(action=action, body=body, document=data, json=data, call=call, model=model)


def json_body(request: HttpRequest, body: bytes) -> JsonValue:
    """The body as JSON when it says that it is JSON, else None; raises WireError when it lies."""
    kind = media_type(request.headers)
    return read_json(body, max_bytes=len(body)) if body and kind is not None and kind.is_json else None


def _action(
    request: HttpRequest,
    kind: Kind,
    tool: str,
    effect: ToolEffect,
    scope: str,
    *,
    base_risk: Decimal = Decimal(0),
    trust: Decimal = Decimal(1),
    **more: object,
) -> ActionRequest:
    return ActionRequest(
        kind=kind,
        tool=tool,
        effect=effect,
        scope=scope,
        method=request.method,
        host=request.host,
        port=request.port,
        path_hash=hashlib.sha256(request.path.encode("utf-8", "surrogateescape")).hexdigest(),
        digest=request_digest(request),
        base_risk=base_risk,
        trust=trust,
        signed=body_is_signed(request),
        size_bytes=len(request.path) + len(request.body),
        traceparent=traceparent_in(request.headers),
        **more,  # type: ignore[arg-type]
    )
