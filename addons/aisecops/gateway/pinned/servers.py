"""MCP servers' tools, pinned as they were first described: a changed one, or one that gives orders, waits for a person.

What a list says is compared before the agent has it, and what waits is not in the list that it gets. Descriptions are
text for the model that nobody here has written, so the detectors of injections look at them too.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterator, Sequence
from typing import Any

import orjson
from msgspec.structs import replace

from aisecops.controls.firewall.assess import total
from aisecops.gateway.aside import aside
from aisecops.gateway.entries import Entries
from aisecops.gateway.ground import Ground
from aisecops.gateway.origins.known import KnownAgain
from aisecops.gateway.step.classify import Step
from aisecops.gateway.step.reading import FAILED, MAX_ANSWER_BYTES, is_stream, unread
from aisecops.model.decision import Judgment, Mode, Reason, Verdict
from aisecops.model.entry import EntryKind
from aisecops.model.envelope import Suspicion
from aisecops.model.errors import WireError
from aisecops.model.exchange import HttpResponse
from aisecops.model.facts import Facts
from aisecops.model.integration import ServerPins, ToolDigests, ToolPin
from aisecops.model.record import Event, EventName
from aisecops.model.refusals import Code
from aisecops.model.rules import RuleSet
from aisecops.model.value import Value
from aisecops.wire.coding import decode
from aisecops.wire.fields import JsonObject
from aisecops.wire.limits import JsonBounds, JsonValue
from aisecops.wire.mcp import tools_in, without_tools
from aisecops.wire.texts import names_in, strings_in

SERVES = ("AIS-GOV-01", "AIS-CTX-01")
MAX_TOOLS = 1_000
"""Tools that one server may describe."""
NOTED_EVERY_MS = 5 * 60 * 1000
_WORDS = ("title", "description", "annotations")
_SCHEMAS = ("inputSchema", "outputSchema")


class _Described(Value):
    """One tool as a list describes it now."""

    name: str
    digests: ToolDigests
    signs: tuple[Suspicion, ...]

    @property
    def suspicion(self) -> float:
        return total(self.signs)


class Servers:
    """Remembers how tools were described, and what a person has said to a change."""

    def __init__(self, ground: Ground, known: KnownAgain) -> None:
        self._ground = ground
        self._known = known
        self._pins = Entries(ground.store, ground.clock, EntryKind.SERVER, ServerPins)

    async def opinion(self, step: Step) -> Judgment | None:
        """HOLD for a call of a tool whose description waits for a person. Raises `StoreError`."""
        if step.spoken is None or step.spoken.tool is None:
            return None
        pins = await self._pins.find(step.spoken.at)
        pin = pins.tools.get(step.spoken.name) if pins else None
        if pin is None or pin.waiting is None:
            return None
        detail = (
            f"`{step.spoken.name[:80]}` of the MCP server `{step.spoken.at}` {_what(pin)}; "
            f"look at it, and accept it with `aisecops inventory accept`"
        )
        reason = Reason(code=Code.HUMAN_APPROVAL_REQUIRED, detail=detail, rule="inventory")
        return Judgment(control="inventory", verdict=Verdict.HOLD, reasons=(reason,), serves=SERVES)

    async def listed(self, facts: Facts, step: Step, response: HttpResponse, json: JsonBounds) -> HttpResponse:
        """An answer of an MCP server as the agent may have it: without the tools that wait for a person.

        If it lists tools, what is new is pinned and what has changed waits; recorded first. Observed only, nothing is
        taken out. Raises `Unfit` for a list that cannot be compared, and a `Fault`.
        """
        if step.spoken is None or response.status >= FAILED:
            return response
        try:
            return await self._listed(facts, step.spoken.at, response, json)
        except WireError as error:
            raise unread(error) from error

    async def _listed(self, facts: Facts, at: str, response: HttpResponse, json: JsonBounds) -> HttpResponse:
        read = functools.partial(decode, max_bytes=MAX_ANSWER_BYTES, allow_names=True)
        body = await aside(len(response.body), response.headers, read, response.body, response.headers)
        streamed = is_stream(response)
        tools = await aside(len(body), (), tools_in, body, streamed=streamed, bounds=json)
        if tools is None:
            return response
        rules = self._ground.rules.current()
        waiting = await self._compared(rules, facts, at, tools)
        agent = rules.agents.get(facts.principal.agent_id)
        if not waiting or (agent is not None and agent.mode is Mode.OBSERVE):
            return response
        left = await aside(len(body), (), without_tools, body, waiting, streamed=streamed, bounds=json)
        headers = tuple(pair for pair in response.headers if pair[0].lower() != "content-encoding")
        return replace(response, headers=headers, body=left)

    async def _compared(self, rules: RuleSet, facts: Facts, at: str, tools: Sequence[JsonObject]) -> frozenset[str]:
        """The names of those that wait for a person, as they are described now."""
        principal, lines = facts.principal, rules.firewall
        described = await self._described(tools)
        block_at, now_ms = float(lines.block_at), self._ground.clock.now_ms()
        before = (await self._pins.find(at) or ServerPins()).tools
        if len(before.keys() | {one.name for one in described}) > MAX_TOOLS:
            raise WireError(f"the MCP server describes over {MAX_TOOLS} tools", Code.OUTPUT_INVALID)
        events = [
            Event(
                event=name,
                run_id=principal.run_id,
                root_run_id=principal.root_run_id,
                agent_id=principal.agent_id,
                policy_version=rules.policy_version,
                control=SERVES,
                fields={"integration": f"mcp-tool:{at}#{one.name}", "host": facts.request.host, **fields},
            )
            for one in described
            for name, fields in _news(one, before.get(one.name), flag_at=float(lines.flag_at), block_at=block_at)
        ]
        if events:
            await self._ground.record.append(*events)

        def with_them(now: ServerPins | None) -> ServerPins:
            known = now.tools if now else {}
            return ServerPins(
                tools=known | {one.name: _pinned(one, known.get(one.name), now_ms, block_at) for one in described}
            )

        pins = (await self._pins.change(at, with_them) or ServerPins()).tools
        return frozenset(one.name for one in described if pins[one.name].waiting == one.digests)

    async def _described(self, tools: Sequence[JsonObject]) -> list[_Described]:
        named: dict[str, JsonObject] = {}
        for tool in tools:
            name = tool.get("name")
            if not isinstance(name, str) or name in named:
                raise WireError("the list has a tool without a name of its own", Code.OUTPUT_INVALID)
            named[name] = tool
        signs = await self._known.assessed([_text(name, tool) for name, tool in named.items()])
        return [
            _Described(
                name=name,
                digests=ToolDigests(description=_digest(tool, _WORDS), schema=_digest(tool, _SCHEMAS)),
                signs=found,
            )
            for (name, tool), found in zip(named.items(), signs, strict=True)
        ]


def _news(
    one: _Described, pin: ToolPin | None, *, flag_at: float, block_at: float
) -> Iterator[tuple[EventName, dict[str, Any]]]:
    """What is to be told of a tool: that it is new, that it has changed, that it gives orders. Each once."""
    if pin is not None and one.digests in {pin.pinned, pin.waiting}:
        return
    now = {"description": one.digests.description, "schema": one.digests.schema}
    if pin is None:
        yield EventName.INTEGRATION_FIRST_SEEN, now
    else:
        was = {"description": pin.pinned.description, "schema": pin.pinned.schema}
        changed = [key for key in now if now[key] != was[key]]
        yield EventName.INTEGRATION_CHANGED, {"was": was, "now": now, "changed": changed}
    if one.signs and one.suspicion >= flag_at:
        detectors = list(dict.fromkeys(sign.detector for sign in one.signs))
        waits = pin is not None or one.suspicion >= block_at
        yield EventName.RETRIEVAL_POISONING_DETECTED, {"score": one.suspicion, "detectors": detectors, "waits": waits}


def _pinned(one: _Described, pin: ToolPin | None, now_ms: int, block_at: float) -> ToolPin:
    """The pin after the tool was described so."""
    if pin is None:
        orders = one.suspicion >= block_at and bool(one.signs)
        return ToolPin(
            pinned=one.digests,
            first_ms=now_ms,
            last_ms=now_ms,
            waiting=one.digests if orders else None,
            suspicion=one.suspicion,
        )
    if one.digests == pin.pinned and pin.waiting != pin.pinned:
        pin = replace(pin, waiting=None, suspicion=0.0)  # as it was before: nothing is left to accept
    elif one.digests not in {pin.pinned, pin.waiting}:
        pin = replace(pin, waiting=one.digests, suspicion=one.suspicion)
    # lists come often: one that says nothing new is written down within minutes only
    return replace(pin, last_ms=now_ms) if now_ms - pin.last_ms >= NOTED_EVERY_MS else pin


def _what(pin: ToolPin) -> str:
    if pin.waiting == pin.pinned:
        return f"is described in words that give orders to the model ({pin.suspicion:g})"
    return "is not described as it was when it was pinned"


def _text(name: str, tool: JsonObject) -> str:
    """All of a tool that a model is shown."""
    schemas: list[JsonValue] = [tool.get(key) for key in _SCHEMAS]
    return "\n".join([*names_in({name: schemas}), *strings_in([*(tool.get(key) for key in _WORDS), *schemas])])


def _digest(tool: JsonObject, keys: Sequence[str]) -> str:
    said: dict[str, JsonValue] = {key: tool[key] for key in keys if tool.get(key) is not None}
    return f"sha256:{hashlib.sha256(orjson.dumps(said, option=orjson.OPT_SORT_KEYS)).hexdigest()}"
