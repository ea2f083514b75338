"""Every integration, declared and seen: what it is, who answers for it, what has changed, what waits for a person.

Joins the rules in force with what the gateways have noted. A person's yes to a change is recorded here (spec 22.2).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import UTC, datetime
from enum import StrEnum

from msgspec.structs import replace

from aisecops.controls.policy.match import destination_known, host_known
from aisecops.gateway.entries import Entries
from aisecops.gateway.ground import Ground
from aisecops.model.entry import EntryKind
from aisecops.model.ids import AgentId
from aisecops.model.integration import PromptPins, Seen, ServerPins, ToolDigests
from aisecops.model.outcome import Refuse
from aisecops.model.record import Event, EventName
from aisecops.model.refusals import Code
from aisecops.model.rules import ModelRule, RuleSet, SourceRule, ToolRule
from aisecops.model.value import Value

SERVES = ("AIS-GOV-01",)
MAX_ACCEPTED = 50
SEEN_AT = "GET /v1/integrations says what does"
PROMPT, MCP_TOOL, MCP_SERVER, DESTINATION = "prompt", "mcp-tool", "mcp-server", "destination"


class State(StrEnum):
    """How an integration stands; of several the first that holds."""

    CHANGED = "changed"  # waits for a person
    OVERDUE = "overdue"  # its review is
    UNDECLARED = "undeclared"  # was used, and no rule names it any more
    UNUSED = "unused"  # declared, and never used
    ACTIVE = "active"


class Integration(Value):
    """One integration. `waiting` is what a person has to look at, by its digests; times are milliseconds."""

    name: str
    kind: str
    state: State
    declared: bool
    owner: str = ""
    review: str = ""
    overdue: bool = False
    rule: str = ""
    first_ms: int | None = None
    last_ms: int | None = None
    agent_id: AgentId = AgentId("")
    digests: dict[str, str] = {}
    waiting: dict[str, str] = {}
    suspicion: float = 0.0
    accepted_by: str = ""
    why: str = ""


class Inventory:
    """Reads what is declared and what was noted, and takes a person's yes."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._seen = Entries(ground.store, ground.clock, EntryKind.INTEGRATION, Seen)
        self._servers = Entries(ground.store, ground.clock, EntryKind.SERVER, ServerPins)
        self._prompts = Entries(ground.store, ground.clock, EntryKind.PROMPT, PromptPins)

    async def all(self) -> list[Integration]:
        """Every integration, by name. Raises `StoreError`."""
        rules = self._ground.rules.current()
        found = {one.name: one for one in _declared(rules)}
        for name, seen in (await self._seen.all()).items():
            found[name] = _used(found.get(name) or _undeclared(rules, name), seen)
        for at, pins in (await self._servers.all()).items():
            found |= {one.name: one for one in _tools(rules, at, pins)}
        for agent_id, prompts in (await self._prompts.all()).items():
            one = _prompt(rules, AgentId(agent_id), prompts)
            found[one.name] = one
        today = datetime.fromtimestamp(self._ground.clock.now_ms() / 1000, UTC).date().isoformat()
        return [_stated(found[name], today) for name in sorted(found)]

    async def accept(
        self, name: str, *, digest: str = "", seen: Collection[str] = (), by: str, why: str
    ) -> Integration | Refuse:
        """A person accepts what waits under `name`: as it is described now, or of prompts the one with `digest`.

        With `seen`, the digests of all that they were shown, it is refused when something else waits by now.
        Recorded first. Refused when nothing of the kind waits. Raises a `Fault`.
        """
        before = next((one for one in await self.all() if one.name == name), None)
        if before is None or not before.waiting or (digest and digest not in before.waiting.values()):
            return Refuse(code=Code.POLICY_DENIED, detail=f"nothing of `{name[:200]}` waits for a person; {SEEN_AT}")
        if seen and set(seen) != set(before.waiting.values()):
            return Refuse(code=Code.POLICY_DENIED, detail=f"`{name[:200]}` has changed again; look at it once more")
        taken = {"prompt": digest or before.waiting["prompt"]} if before.kind == PROMPT else dict(before.waiting)
        await self._ground.record.append(
            Event(
                event=EventName.INTEGRATION_ACCEPTED,
                control=SERVES,
                policy_version=self._ground.rules.current().policy_version,
                fields={"integration": name, "by": by, "why": why, "was": before.digests, "now": taken},
            ),
            durable=True,
        )
        if before.kind == PROMPT:
            await self._accept_prompt(name.partition(":")[2], taken["prompt"], by, why)
        else:
            await self._accept_tool(name.partition(":")[2], ToolDigests(**taken), by, why)
        return next(one for one in await self.all() if one.name == name)

    async def _accept_prompt(self, agent_id: str, digest: str, by: str, why: str) -> None:
        def accepted(now: PromptPins | None) -> PromptPins | None:
            if now is None:
                return None
            return replace(
                now,
                accepted=(*now.accepted, digest)[-MAX_ACCEPTED:],
                pieces=(),  # of this one they come with its next call
                changed=tuple(one for one in now.changed if one.digest != digest),
                accepted_by=by,
                why=why,
            )

        await self._prompts.change(agent_id, accepted)

    async def _accept_tool(self, name: str, digests: ToolDigests, by: str, why: str) -> None:
        """What the person has seen is accepted, and nothing that came in its place meanwhile."""
        at, _, tool = name.rpartition("#")

        def accepted(now: ServerPins | None) -> ServerPins | None:
            pin = now.tools.get(tool) if now else None
            if now is None or pin is None or pin.waiting != digests:
                return None
            new = replace(pin, pinned=digests, waiting=None, suspicion=0.0, accepted_by=by, why=why)
            return ServerPins(tools=now.tools | {tool: new})

        await self._servers.change(at, accepted)


def _declared(rules: RuleSet) -> Iterator[Integration]:
    for tool in rules.tools.values():
        yield _of_rule(f"tool:{tool.name}", "tool", tool)
    for model in rules.models.values():
        yield _of_rule(f"model:{model.name}", "model", model)
    for source in rules.sources:
        yield _of_rule(f"source:{source.match.host}", "source", source)


def _of_rule(name: str, kind: str, rule: ToolRule | ModelRule | SourceRule) -> Integration:
    return Integration(
        name=name,
        kind=kind,
        state=State.UNUSED,
        declared=True,
        owner=rule.owner,
        review=rule.review.isoformat() if rule.review else "",
        rule=str(rule.place),
    )


def _undeclared(rules: RuleSet, name: str) -> Integration:
    """One that was seen under a name that no rule has itself, though one may speak of it."""
    kind, _, rest = name.partition(":")
    declared = False
    if kind == DESTINATION:
        host, _, port = rest.rpartition(":")
        declared = destination_known(rules, host, int(port))
    elif kind == MCP_SERVER:
        declared = _is_declared_server(rules, rest)
    elif kind == "model":
        model = rules.models.get(rest.partition("/")[0])
        if model is not None:
            return replace(_of_rule(f"model:{model.name}", "model", model), name=name)
    return Integration(name=name, kind=kind, state=State.ACTIVE, declared=declared)


def _is_declared_server(rules: RuleSet, at: str) -> bool:
    return host_known(rules, at.partition("/")[0].rpartition(":")[0] or at.partition("/")[0])


def _used(one: Integration, seen: Seen) -> Integration:
    return replace(one, state=State.ACTIVE, first_ms=seen.first_ms, last_ms=seen.last_ms, agent_id=seen.agent_id)


def _tools(rules: RuleSet, at: str, pins: ServerPins) -> Iterator[Integration]:
    for tool, pin in pins.tools.items():
        waiting = pin.waiting
        yield Integration(
            name=f"{MCP_TOOL}:{at}#{tool}",
            kind=MCP_TOOL,
            state=State.CHANGED if waiting else State.ACTIVE,
            declared=_is_declared_server(rules, at),
            first_ms=pin.first_ms,
            last_ms=pin.last_ms,
            digests=_shown(pin.pinned),
            waiting=_shown(waiting) if waiting else {},
            suspicion=pin.suspicion,
            accepted_by=pin.accepted_by,
            why=pin.why,
        )


def _prompt(rules: RuleSet, agent_id: AgentId, pins: PromptPins) -> Integration:
    agent = rules.agents.get(agent_id)
    newest = pins.changed[-1] if pins.changed else None
    return Integration(
        name=f"{PROMPT}:{agent_id}",
        kind=PROMPT,
        # where the rules name the prompt themselves, nothing waits: another is refused
        state=State.CHANGED if newest and agent and agent.system_prompt == "pinned" else State.ACTIVE,
        declared=agent is not None and agent.system_prompt != "free",
        rule=str(agent.place) if agent else "",
        first_ms=pins.at_ms,
        last_ms=newest.at_ms if newest else pins.at_ms,
        agent_id=agent_id,
        digests={"prompt": pins.accepted[-1]} if pins.accepted else {},
        waiting=(
            {"prompt": newest.digest} | {f"prompt {n}": one.digest for n, one in enumerate(pins.changed[:-1], start=1)}
            if newest and agent and agent.system_prompt == "pinned"
            else {}
        ),
        accepted_by=pins.accepted_by,
        why=pins.why,
    )


def _shown(digests: ToolDigests) -> dict[str, str]:
    return {"description": digests.description, "schema": digests.schema}


def _stated(one: Integration, today: str) -> Integration:
    overdue = bool(one.review) and one.review < today
    state = one.state
    if state is not State.CHANGED:
        if overdue:
            state = State.OVERDUE
        elif not one.declared:
            state = State.UNDECLARED
    return replace(one, state=state, overdue=overdue)
