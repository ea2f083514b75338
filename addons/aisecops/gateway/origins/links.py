"""Each tool request and the call that a model proposed before it (spec 5.4): which one, and in what they differ.

A model's calls are kept as keyed words, for every process, before the agent sees them. A request is of the proposal
that goes by its name, where rules or MCP say under which name models know the tool; elsewhere of the one whose values
it carries. Retries find the same proposal again; defaults that the agent adds, and another spelling, make no
difference worth more than a word. Only a tree in which some model was offered tools is asked about: before, nobody
could have proposed anything.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence

from aisecops.controls.firewall.arguments import leaves
from aisecops.controls.policy.jmes import JmesError, found_in
from aisecops.controls.policy.template import variables_in
from aisecops.gateway.aside import in_thread
from aisecops.gateway.origins.known import KnownAgain
from aisecops.gateway.origins.said import Proposal
from aisecops.gateway.step.classify import Step
from aisecops.gateway.step.permits import Permit
from aisecops.model.action import Kind
from aisecops.model.envelope import ProposalLink
from aisecops.model.errors import WireError
from aisecops.model.ids import RunId
from aisecops.model.rules import ModelToolMatch, ToolRule
from aisecops.model.value import Value
from aisecops.wire.limits import read_json
from aisecops.wire.llm import LlmCall, ProposedCall

FEW = 100
"""Values times proposals that are looked up in the event loop."""
MOST_VALUES = 50
"""Values of a request that are looked up."""
SHORTEST_NAME = 3
"""Letters of an MCP tool's name that are enough to know it again behind a prefix."""
SCOPE = "scope"
_MARKS = re.compile(r"[^0-9a-z]+")


class _Part(Value):
    """A value of a request, in the argument that it belongs to."""

    name: str
    text: str
    steering: bool = False


class _Name(Value):
    """A name of a tool, in letters and digits alone. `prefixed`: something may stand before it."""

    plain: str
    prefixed: bool = False

    def is_of(self, proposed: str) -> bool:
        said = _plain(proposed)
        return said == self.plain or (self.prefixed and said.endswith(self.plain))


class Links:
    """Keeps proposals and finds them again. One for a process; from many tasks at once."""

    def __init__(self, known: KnownAgain) -> None:
        self._known = known

    async def offered(self, root_run_id: RunId, call: LlmCall) -> None:
        """A model of this tree may propose calls from now on. Raises `StoreError`."""
        if any(not tool.hosted for tool in call.tools) or call.offers_elsewhere:
            await self._known.may_propose(root_run_id)

    async def proposed(self, permit: Permit, calls: Sequence[ProposedCall], *, withdrawn: bool = False) -> None:
        """`calls` are about to reach the agent, or are `withdrawn` from it. Raises `StoreError`."""
        if calls:
            said = [(call.name, call.call_id, _words_of(call.arguments)) for call in calls]
            await self._known.propose(permit.facts.principal.root_run_id, permit.decision_id, said, withdrawn=withdrawn)

    async def of(self, root_run_id: RunId, step: Step) -> ProposalLink | None:
        """The proposal that `step` is of; None for what no model of this tree could have proposed.

        Also for a request that carries nothing by which it could be known. Raises `StoreError`.
        """
        tool = step.tool
        if tool is None or step.action.kind is not Kind.TOOL:
            return None
        proposals = await self._known.proposals(root_run_id)
        if proposals is None:
            return None
        parts = list(itertools.islice(_parts(tool, step), MOST_VALUES))
        names = _names(tool, step.spoken.name if step.spoken is not None else "")
        if not names and not parts:
            return None
        if len(proposals) * len(parts) > FEW:
            return await in_thread(_link, proposals, parts, names)
        return _link(proposals, parts, names)


def _link(proposals: Sequence[Proposal], parts: Sequence[_Part], names: Sequence[_Name]) -> ProposalLink:
    """The newest of the proposals that hold most of `parts`; one that was withdrawn is named, and none."""
    if names:
        fitting = [one for one in proposals if any(name.is_of(one.name) for name in names)]
    else:
        fitting = [one for one in proposals if 2 * _held(one, parts) >= len(parts)]
    if not fitting:
        return ProposalLink(found=False)
    fitting = [one for one in fitting if not one.withdrawn] or fitting
    best = max(reversed(fitting), key=lambda one: _held(one, parts))
    if best.withdrawn:
        return ProposalLink(found=False, name=best.name, call_id=best.call_id, decision_id=best.decision_id)
    other = [part for part in parts if not best.holds(part.text)]
    return ProposalLink(
        found=True,
        name=best.name,
        call_id=best.call_id,
        decision_id=best.decision_id,
        differs=tuple(dict.fromkeys(part.name for part in other)),
        steered_elsewhere=any(part.steering for part in other),
    )


def _words_of(arguments: str) -> str:
    """The values in a call's arguments, one to a line, whole and in pieces; of what is no JSON, all of it."""
    data = arguments.encode("utf-8", "surrogatepass")
    try:
        said = "\n".join(leaves(read_json(data.strip() or b"{}", max_bytes=len(data) + 2)))
    except WireError:
        said = arguments
    # `orders/7` is one word, and a request may carry its 7 alone
    return f"{said}\n{_MARKS.sub(' ', said.lower())}"


def _held(proposal: Proposal, parts: Sequence[_Part]) -> int:
    return sum(proposal.holds(part.text) for part in parts)


def _names(tool: ToolRule, called: str) -> list[_Name]:
    """The names under which models know `tool`, where anybody says so."""
    declared = [name for match in tool.match if isinstance(match, ModelToolMatch) for name in match.names]
    names = [_Name(plain=_plain(name)) for name in declared]
    # clients of several MCP servers set a prefix before each name
    return [*names, _Name(plain=_plain(called), prefixed=len(_plain(called)) >= SHORTEST_NAME)] if called else names


def _plain(name: str) -> str:
    return _MARKS.sub("", name.lower())


def _parts(tool: ToolRule, step: Step) -> Iterator[_Part]:
    """What a request says: its declared arguments, or everything in it; and what makes its scope."""
    for rule in tool.arguments:
        try:
            value = found_in(rule.at, step.json)
        except JmesError:
            continue  # what cannot be looked into was held for that already
        yield from (_Part(name=rule.name, text=leaf, steering=rule.steering) for leaf in leaves(value))
    if not tool.arguments and isinstance(step.json, dict):
        for name, value in step.json.items():
            yield from (_Part(name=name, text=leaf) for leaf in leaves(value))
    yield from (_Part(name=SCOPE, text=value) for value in variables_in(tool.scope, step.action.scope))
