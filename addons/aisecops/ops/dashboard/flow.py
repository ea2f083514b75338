"""The flow graph of a run, from its events: source, prompt, proposal, call, destination; and where taint went.

Knows who led to whom. Where the boxes stand is `flow_places.py`. An edge is tainted when untrusted words took it to
the end: from where they came in, through the prompt and the proposal, into an argument of the call (spec 3.1, 5.4).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

Event = dict[str, Any]

COLUMNS = ("source", "prompt", "proposal", "call", "destination")
UNTRUSTED = frozenset({"external", "hostile"})
MOST_IN_COLUMN = 14
_UNKNOWN = "an unknown place"
_CALLS = frozenset({"tool", "local", "source", "undeclared"})
_HARDER = {"allow": 0, "hold": 1, "deny": 2}


@dataclass(slots=True)
class Node:
    """One box. `count` is how many acts it stands for; `verdict` what became of them, where that is a question."""

    key: str
    column: str
    label: str
    below: str = ""
    verdict: str = ""
    tainted: bool = False
    decision_id: str = ""
    count: int = 1


@dataclass(slots=True)
class Edge:
    """One line. `stopped` when what would have gone along it was held or refused."""

    start: str
    end: str
    tainted: bool = False
    stopped: bool = False


@dataclass(slots=True)
class Flow:
    """The graph. `paths` tells in words what the tainted edges show, and each call that was stopped."""

    nodes: dict[str, Node] = field(default_factory=dict)
    edges: dict[tuple[str, str], Edge] = field(default_factory=dict)
    paths: list[str] = field(default_factory=list)

    def node(self, key: str, column: str, label: str, below: str = "", **said: Any) -> Node:
        known = self.nodes.get(key)
        if known is not None:
            known.count += 1
            return known
        self.nodes[key] = Node(key, column, label, below, **said)
        return self.nodes[key]

    def edge(self, start: str, end: str, *, tainted: bool = False, stopped: bool = False) -> None:
        known = self.edges.get((start, end))
        if known is None:
            self.edges[start, end] = Edge(start, end, tainted, stopped)
        else:
            known.tainted = known.tainted or tainted
            known.stopped = known.stopped and stopped


def flow(events: Iterable[Event]) -> Flow:
    """The graph of a run's `events`, in order."""
    graph = Flow()
    for event in events:
        if event["event"] == "tool_proposed":
            _proposed(graph, event)
        elif event["event"] == "decision" and event["kind"] == "model":
            _prompted(graph, event)
        elif event["event"] == "decision" and event["kind"] in _CALLS:
            _called(graph, event)
    _without_idle_prompts(graph)
    _bounded(graph)
    return graph


def _descent(event: Event) -> dict[str, Any]:
    return (event.get("facts") or {}).get("descent") or {}


def _prompted(graph: Flow, event: Event) -> None:
    key = f"prompt {event['decision_id']}"
    model = (event["facts"].get("request") or {}).get("model") or event["host"]
    graph.node(key, "prompt", str(model), event["tool"], verdict=event["enforced"], decision_id=event["decision_id"])
    for tier, source in dict.fromkeys(_sources(_descent(event))):
        graph.edge(_source(graph, tier, source), key)


def _sources(descent: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Tier and place of all that stood in a prompt; what the model itself has said before is no source."""
    for segment in descent.get("segments", ()):
        stretches = segment.get("stretches", ())
        yield from ((stretch["tier"], stretch.get("source") or _UNKNOWN) for stretch in stretches)
        if not stretches and segment["role"] != "assistant":
            yield segment["tier"], segment["tier"]


def _source(graph: Flow, tier: str, source: str) -> str:
    key = f"source {tier} {source}"
    if key not in graph.nodes:
        graph.node(key, "source", source, "" if tier == source else tier, tainted=tier in UNTRUSTED)
    return key


def _proposed(graph: Flow, event: Event) -> None:
    prompt = f"prompt {event['decision_id']}"
    key = f"proposal {event['decision_id']} {event['proposed']}"
    graph.node(key, "proposal", str(event["proposed"]), "proposed by the model", decision_id=event["decision_id"])
    if prompt in graph.nodes:
        graph.edge(prompt, key)


def _called(graph: Flow, event: Event) -> None:
    descent = _descent(event)
    untrusted = [one for one in descent.get("arguments", ()) if one["source"] == "untrusted"]
    verdict, tainted = event["enforced"], bool(untrusted)
    proposal = _proposal(graph, descent.get("proposal"))
    key = f"call {proposal or ''} {event['tool']} {event['scope']} {event['host']} {verdict} {tainted}"
    call = graph.node(
        key, "call", event["tool"], event["scope"], verdict=verdict, tainted=tainted, decision_id=event["decision_id"]
    )
    host = event.get("host") or "on the agent's machine"
    destination = f"destination {host}"
    if destination not in graph.nodes:
        graph.node(destination, "destination", host)
    graph.edge(key, destination, tainted=tainted, stopped=verdict != "allow")
    if proposal:
        graph.edge(proposal, key, tainted=tainted)
    if tainted:
        _trace(graph, event, proposal, call, untrusted)
    elif verdict != "allow" and call.count == 1:
        graph.paths.append(f"`{event['tool']}` on `{event['scope']}` at `{host}` was {_stopped(verdict)}.")


def _proposal(graph: Flow, link: dict[str, Any] | None) -> str:
    if not link or not link.get("found"):
        return ""
    key = f"proposal {link['decision_id']} {link['name']}"
    return key if key in graph.nodes else ""


def _trace(graph: Flow, event: Event, proposal: str, call: Node, untrusted: list[dict[str, Any]]) -> None:
    """Mark the way of the untrusted words that this call's arguments hold."""
    prompts = [start for start, end in graph.edges if end == proposal] if proposal else []
    for prompt in prompts:
        graph.edge(prompt, proposal, tainted=True)
        graph.nodes[prompt].tainted = graph.nodes[proposal].tainted = True
    for place in dict.fromkeys(one.get("origin") or _UNKNOWN for one in untrusted):
        came = [
            key for key, node in graph.nodes.items() if node.column == "source" and node.tainted and node.label == place
        ]
        starts = came or [_source(graph, "external", place)]
        for start in starts:
            ways = [prompt for prompt in prompts if (start, prompt) in graph.edges]
            for prompt in ways:
                graph.edge(start, prompt, tainted=True)
            if not ways and not prompts:
                graph.edge(start, call.key, tainted=True)
        if call.count == 1:
            names = ", ".join(f"`{one['name']}`" for one in untrusted if (one.get("origin") or _UNKNOWN) == place)
            graph.paths.append(_told(graph, event, place, names, proposal))


def _told(graph: Flow, event: Event, place: str, names: str, proposal: str) -> str:
    way = f" through the proposal `{graph.nodes[proposal].label}`" if proposal else ""
    what = f"{names} of `{event['tool']}` to `{event['host']}`"
    return f"Untrusted words from `{place}` came{way} into {what}, which was {_stopped(event['enforced'])}."


def _stopped(verdict: str) -> str:
    return {"allow": "let through", "hold": "held", "deny": "refused"}.get(verdict, verdict)


def _without_idle_prompts(graph: Flow) -> None:
    """Prompts that led to nothing are left out when others led to something."""
    starts = {start for start, _ in graph.edges}
    prompts = [node for node in graph.nodes.values() if node.column == "prompt"]
    if not any(node.key in starts for node in prompts):
        return
    idle = {node.key for node in prompts if node.key not in starts and node.verdict == "allow"}
    _drop(graph, idle)
    led = {key for edge in graph.edges for key in edge}
    _drop(graph, {key for key, node in graph.nodes.items() if node.column == "source" and key not in led})


def _bounded(graph: Flow) -> None:
    """The first of each column, what is tainted or was stopped before all else; the others are one box."""
    for column in COLUMNS:
        members = [node for node in graph.nodes.values() if node.column == column]
        if len(members) <= MOST_IN_COLUMN:
            continue
        ranked = sorted(members, key=lambda node: (not node.tainted, -_HARDER.get(node.verdict, 0)))
        rest = {node.key for node in ranked[MOST_IN_COLUMN - 1 :]}
        others = f"others {column}"
        graph.nodes[others] = Node(others, column, f"{len(rest)} others")
        for edge in list(graph.edges.values()):
            start = others if edge.start in rest else edge.start
            end = others if edge.end in rest else edge.end
            if (start, end) != (edge.start, edge.end):
                graph.edge(start, end, tainted=edge.tainted, stopped=edge.stopped)
        _drop(graph, rest)


def _drop(graph: Flow, keys: set[str]) -> None:
    for key in keys:
        del graph.nodes[key]
    graph.edges = {ends: edge for ends, edge in graph.edges.items() if not keys & set(ends)}
