"""What each criterion of spec 12 is shown by. One function each: standing in, what it shows out."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from aisecops.model.value import Value
from aisecops.ops.maturity.evidence import WINDOW_DAYS, Gathered, SuiteFigures
from aisecops.ops.maturity.standing import BROKEN, WHOLE, Standing
from aisecops.ops.maturity.steps import Step, order

SPEC_SUITES = ("injection", "tool-abuse", "memory-poisoning", "exfiltration", "budget-overflow")
"""The five of spec 10."""

CHAIN = "chain-escalation"
CONTINUOUS_DAYS = 5
"""Of the last `WINDOW_DAYS`, on so many the attacks have been tried."""

_WORK = "let an agent work with a model and tools of the rules: `aisecops run --agent NAME -- COMMAND`"
_ASK = "ask `aisecops release-gate`, and do what it says"
_LISTED = 5


class Shown(Value):
    """Whether something is shown, by what, and what would mend it, each at its step, the first one first."""

    met: bool
    evidence: tuple[str, ...]
    mends: tuple[tuple[Step, str], ...] = ()


def _no(step: Step, *evidence: str, mend: str) -> Shown:
    return Shown(met=False, evidence=evidence, mends=((step, mend),))


def _if(met: bool, *evidence: str, step: Step = Step.WORK, mend: str) -> Shown:
    return Shown(met=True, evidence=evidence) if met else _no(step, *evidence, mend=mend)


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return ", ".join(f"`{name}`" for name in names[:_LISTED]) + more


def _share(part: int, whole: int, what: str) -> str:
    return f"{part} of {whole} {what} in the last {WINDOW_DAYS} days"


# Level 1


def written_down(now: Standing) -> Shown:
    """What each agent may use is written down, and not in its prompt alone."""
    if not now.agents:
        return _no(Step.RULES, "the rules name no agent", mend="declare one under `agents` in the rules")
    if now.ungranted:
        return _no(Step.RULES, f"no grants for {_some(now.ungranted)}", mend=_granting(now))
    return Shown(met=True, evidence=(f"{len(now.agents)} agents with {now.grants} grants of {len(now.tools)} tools",))


def _granting(now: Standing) -> str:
    first = "" if now.tools else "declare what may be used under `tools` in the rules, then "
    return f"{first}write `grants` of {_some(now.ungranted)}; `aisecops rules check` says whether they are good"


def people_look(now: Standing) -> Shown:
    """People have looked within 90 days: answered, accepted, signed."""
    looked = now.gathered.looked_by
    if not looked:
        who = now.agents[0] if now.agents else "AGENT"
        mend = f"read `aisecops threat-model {who}`, then `aisecops threat-model {who} --sign-off NAME`"
        return _no(Step.PEOPLE, "no person has answered, accepted or signed anything in 90 days", mend=mend)
    return Shown(met=True, evidence=tuple(f"{name}: {times} in 90 days" for name, times in sorted(looked.items())))


def injection_tested(now: Standing) -> Shown:
    """An injection was tried."""
    return _tried(now.gathered, ("injection",), least=1)


def _tried(gathered: Gathered, suites: Sequence[str], *, least: int) -> Shown:
    tried = [name for name in suites if name in gathered.suites and gathered.suites[name].attacks]
    told = tuple(
        f"{name}: {gathered.suites[name].attacks} attacks on {gathered.suites[name].at[:10]}" for name in tried
    )
    if len(tried) < least:
        left = [name for name in suites if name not in tried]
        few = f"{len(tried)} of {len(suites)} threat classes tried in {WINDOW_DAYS} days"
        return _no(Step.EVALUATE, few, *told, mend=f"`aisecops eval {' '.join(left)}`")
    return Shown(met=True, evidence=told)


# Level 2


def allowlist(now: Standing) -> Shown:
    """Calls are held against a list of tools."""
    if not now.tools:
        mend = _granting(now) if now.ungranted else "declare one under `tools` in the rules"
        return _no(Step.RULES, "the rules declare no tool", mend=mend)
    denied = now.gathered.count("denied")
    told = f"{len(now.tools)} tools are declared, everything else is refused"
    return Shown(met=True, evidence=(told, f"{denied} refusals in the last {WINDOW_DAYS} days"))


def tools_logged(now: Standing) -> Shown:
    """Tool calls are in the record with agent and tool."""
    invoked, named = now.gathered.count("tool_invoked"), now.gathered.count("invoked_named")
    told = _share(named, invoked, "recorded tool calls name agent and tool")
    return _if(0 < invoked == named, told, mend=_WORK)


def three_classes(now: Standing) -> Shown:
    """At least three of the five threat classes are tried."""
    return _tried(now.gathered, SPEC_SUITES, least=3)


def steps_scored(now: Standing) -> Shown:
    """Each decision on a tool has its risk."""
    decided, scored = now.gathered.count("tool_decisions"), now.gathered.count("tool_decisions_scored")
    told = _share(scored, decided, "decisions on tools carry their risk")
    return _if(scored > 0, told, mend=_WORK)


# Level 3


def enforced(now: Standing) -> Shown:
    """Nobody is only observed."""
    if now.observed or not now.agents:
        told = f"only observed: {_some(now.observed)}" if now.observed else "the rules name no agent"
        return _no(Step.RULES, told, mend=f"write `mode: enforce` in the rules of {_some(now.observed) or 'an agent'}")
    decided, enforcing = now.gathered.count("decision"), now.gathered.count("decided_enforcing")
    told = _share(enforcing, decided, "decisions were enforced")
    return Shown(met=True, evidence=(f"all {len(now.agents)} agents are enforced", told))


def tokens_verified(now: Standing) -> Shown:
    """Each tool call that left had a verified capability token."""
    allowed, tokened = now.gathered.count("tools_allowed"), now.gathered.count("tools_allowed_with_token")
    told = _share(tokened, allowed, "allowed tool calls had a verified capability token")
    return _if(0 < allowed == tokened, told, mend=_WORK)


def gateway_tokens(now: Standing) -> Shown:
    """Everything goes through the gateway, with a token (AIS-EXE-01)."""
    return _all(enforced(now), tokens_verified(now))


def content_labelled(now: Standing) -> Shown:
    """What comes back is labelled with where it came from (AIS-CTX-02)."""
    answers, labelled = now.gathered.count("answers"), now.gathered.count("answers_labelled")
    told = _share(labelled, answers, "answers of tools and sources have a provenance")
    return _if(0 < answers == labelled, told, mend=_WORK)


def prompts_labelled(now: Standing) -> Shown:
    """What a model is told is labelled piece by piece (AIS-CTX-01)."""
    called, labelled = now.gathered.count("llm_called"), now.gathered.count("llm_labelled")
    told = _share(labelled, called, "model calls have a provenance for each piece")
    return _if(0 < called == labelled, told, mend=_WORK)


def firewall_on(now: Standing) -> Shown:
    """Nothing is read unlooked at, and injections are refused from some line on."""
    if now.reads_unread:
        mend = "write `unread: refuse` under `egress` in the rules"
        return _no(Step.RULES, "the rules let out what cannot be read", mend=mend)
    if now.block_at > 1:
        mend = "write `block_at` of at most 1 under `firewall` in the rules"
        return _no(Step.RULES, f"no text reaches `block_at: {now.block_at:g}`", mend=mend)
    return Shown(met=True, evidence=(f"untrusted text is refused as an injection from {now.block_at:g} on",))


def context_firewall(now: Standing) -> Shown:
    """The context firewall is active on all that comes in."""
    return _all(firewall_on(now), content_labelled(now), prompts_labelled(now))


def all_traced(now: Standing) -> Shown:
    """Every run is in the record, and the record is whole."""
    told = f"the record has the beginning of {now.runs_recorded} of the {now.runs_known} newest runs"
    whole = f"the record is {now.record}{f': {now.record_detail}' if now.record_detail else ''}"
    stray = now.gathered.count("runs_without_beginning")
    if now.record == BROKEN:
        return _no(Step.WORK, whole, told, mend="`aisecops audit verify` names the lines")
    if now.record != WHOLE:
        return _no(Step.WORK, whole, told, mend="`aisecops audit verify`")
    met = 0 < now.runs_known == now.runs_recorded and not stray
    return _if(met, told, whole, mend=_WORK)


def chain_risk(now: Standing) -> Shown:
    """The sum of a chain is compared before each step."""
    decided, lined = now.gathered.count("decision"), now.gathered.count("decided_with_lines")
    told = _share(lined, decided, "decisions compared the chain's sum with its lines")
    return _all(enforced(now), _if(0 < decided == lined, told, mend=_WORK), _green(now, (CHAIN,)))


def _green(now: Standing, suites: Sequence[str]) -> Shown:
    """These suites are green under the rules in force."""
    found = now.gathered.suites
    old = [name for name in suites if name not in found or found[name].policy_version != now.policy_version]
    red = [name for name in suites if name not in old and not found[name].is_green]
    if old:
        mend = f"`aisecops eval {' '.join(old)}`"
        told = f"not tried in {WINDOW_DAYS} days under the rules in force: {', '.join(old)}"
        return _no(Step.EVALUATE, told, mend=mend)
    if red:
        mend = "`aisecops eval` names what came through, and its place"
        return _no(Step.EVALUATE, *(_contained(name, found[name]) for name in red), mend=mend)
    return Shown(met=True, evidence=tuple(_contained(name, found[name]) for name in suites))


def _contained(name: str, figures: SuiteFigures) -> str:
    alarms = f", {figures.alarms} false alarms" if figures.alarms else ""
    return f"{name}: {figures.contained} of {figures.attacks} contained{alarms}"


def releases_blocked(now: Standing) -> Shown:
    """The five suites are green for exactly these rules, and the gate was asked about them; both end in 1 otherwise."""
    return _all(bounded(now), _green(now, SPEC_SUITES), gate_asked(now))


def bounded(now: Standing) -> Shown:
    """Every agent has the four budgets of spec 11.1, which the gate asks for."""
    if now.unbounded:
        return _no(
            Step.RULES, f"no bound: {_some(now.unbounded)}", mend=f"write under `budgets`: {_some(now.unbounded)}"
        )
    return Shown(met=True, evidence=("every agent has the four budgets",))


def gate_asked(now: Standing) -> Shown:
    """The release gate has let these rules through."""
    found = now.gathered
    if not found.gate_at or found.gate_policy != now.policy_version:
        told = f"the release gate was last asked on {found.gate_at[:10]}, about other rules" if found.gate_at else ""
        return _no(Step.GATE, told or "the release gate was never asked", mend=_ASK)
    if not found.gate_ok:
        told = f"the release gate said no on {found.gate_at[:10]}"
        return _no(Step.GATE, told, mend=_ASK)
    return Shown(met=True, evidence=(f"the release gate let these rules through on {found.gate_at[:10]}",))


def documented(now: Standing) -> Shown:
    """An assessment is kept, under the rules in force."""
    kept = now.gathered.kept[-1] if now.gathered.kept else None
    if kept is None or kept.policy_version != now.policy_version:
        told = "no assessment is kept" if kept is None else f"the last one kept, of {kept.at[:10]}, is of other rules"
        return _no(Step.KEEP, told, mend="`aisecops maturity --keep`")
    return Shown(met=True, evidence=(f"kept on {kept.at[:10]}: Level {kept.level}, coverage {kept.coverage:.0%}",))


def reviewed(now: Standing) -> Shown:
    """What agents use is reviewed in time, and nothing that has changed waits (spec 22.4)."""
    if now.overdue:
        mend = f"review {_some(now.overdue)}, then write the next date as `review` in the rules"
        return _no(Step.RULES, f"{len(now.overdue)} reviews are overdue: {_some(now.overdue)}", mend=mend)
    if now.changed:
        mend = f"look at {_some(now.changed)}, then `aisecops inventory accept NAME --reason WHY`"
        return _no(Step.RULES, f"changed, and waiting for a person: {_some(now.changed)}", mend=mend)
    if now.unreviewed:
        mend = f"write `owner` and the next date as `review` in the rules of {_some(now.unreviewed)}"
        return _no(Step.RULES, f"no review date: {_some(now.unreviewed)}", mend=mend)
    return Shown(met=True, evidence=(f"{now.integrations} integrations, no review overdue, no change waiting",))


# Level 4


def dynamic_risk(now: Standing) -> Shown:
    """The risk of runs was adjusted while they ran."""
    adjusted = now.gathered.count("risk_adjusted")
    told = f"{adjusted} adjustments of a run's risk by the gateway in the last {WINDOW_DAYS} days"
    mend = "see docs/risk.md and docs/memory.md: nothing has called for it"
    return _if(adjusted > 0, told, step=Step.LATER, mend=mend)


def refined(now: Standing) -> Shown:
    """Changes to the rules come from what was seen."""
    suggested, reloaded = now.gathered.count("rules_suggested"), now.gathered.count("rules_reloaded")
    told = f"{suggested} proposals from telemetry, {reloaded} changes of the rules in the last {WINDOW_DAYS} days"
    mend = "`aisecops rules suggest grants --record`, then take up what it proposes"
    return _if(suggested > 0 and reloaded > 0, told, step=Step.LATER, mend=mend)


def continuous(now: Standing) -> Shown:
    """Injection and chain escalation are tried all the time, not only at a release."""
    days = now.gathered.evaluation_days
    told = f"injection and {CHAIN} were tried on {len(days)} of the last {WINDOW_DAYS} days"
    live = f"on {len(now.gathered.live_days)} of them against the gateway that serves (`aisecops eval --live`)"
    mend = f"let `aisecops eval injection {CHAIN} --live --every 1d` run beside the gateway, or a timer without --live"
    return _if(len(days) >= CONTINUOUS_DAYS, told, live, step=Step.LATER, mend=mend)


def declared(now: Standing) -> Shown:
    """A signed declaration was published, of these rules."""
    at = now.gathered.declared_at
    if not at or now.gathered.declared_policy != now.policy_version:
        told = f"the last declaration, of {at[:10]}, is of other rules" if at else "nothing is declared"
        return _no(Step.LATER, told, mend="`aisecops declare --out FILE`, and publish the file")
    return Shown(met=True, evidence=(f"declared on {at[:10]}",))


def peer_reviewed(now: Standing) -> Shown:
    """Somebody else has looked at the coverage."""
    by, at = now.gathered.reviewed_by, now.gathered.reviewed_at
    if not by:
        mend = "have somebody review it; `aisecops maturity --reviewed-by NAME --report FILE` records their report"
        return _no(Step.LATER, "no review of the coverage is recorded", mend=mend)
    return Shown(met=True, evidence=(f"reviewed by {by} on {at[:10]}",))


def tokens_short(now: Standing) -> Shown:
    """Tokens are signed and end within fifteen minutes (AIS-CAP-02)."""
    issued, short = now.gathered.count("token_issued"), now.gathered.count("tokens_short")
    told = _share(short, issued, "issued tokens live no longer than fifteen minutes")
    return _if(0 < issued == short, told, mend=_WORK)


def _all(*parts: Shown) -> Shown:
    """Met when all are; of those that are not, every mend."""
    unmet = [part for part in parts if not part.met]
    evidence = tuple(line for part in unmet or parts for line in part.evidence)
    mends = dict.fromkeys(mend for part in unmet for mend in part.mends)
    return Shown(met=not unmet, evidence=evidence, mends=tuple(sorted(mends, key=lambda mend: order(mend[0]))))


Shows = Callable[[Standing], Shown]

CRITERIA: tuple[tuple[int, str, str, Shows], ...] = (
    (1, "prompts", "tool use is restricted explicitly", written_down),
    (1, "people", "outputs are reviewed by people periodically", people_look),
    (1, "injection", "at least one injection scenario was tested", injection_tested),
    (2, "allowlist", "tool calls are validated against an allowlist", allowlist),
    (2, "logs", "structured logs of tool calls with agent_id and tool", tools_logged),
    (2, "regression", "a partial regression suite: 3 of 5 threat classes", three_classes),
    (2, "step-risk", "risk scores for each step", steps_scored),
    (3, "gateway", "all tool calls traverse a gateway with token validation (AIS-EXE-01)", gateway_tokens),
    (3, "context-firewall", "a context firewall on all ingestion paths (AIS-CTX-01)", context_firewall),
    (3, "telemetry", "structured telemetry for all runs (AIS-OBS-01)", all_traced),
    (3, "chain-risk", "chain risk computed and enforced (AIS-RSK-01)", chain_risk),
    (3, "evaluation", "continuous evaluation blocks releases (AIS-GOV-01)", releases_blocked),
    (3, "documented", "level and coverage documented and auditable", documented),
    (3, "inventory", "external integrations enumerated and reviewed (22.4)", reviewed),
    (4, "dynamic-risk", "risk scoring adjusts to real-time telemetry", dynamic_risk),
    (4, "refinement", "policy refinement fed by the dashboard's outputs", refined),
    (4, "continuous", "injection and chain tests run continuously", continuous),
    (4, "declaration", "a conformance declaration is published (21.3)", declared),
    (4, "review", "an external audit or peer review of the coverage", peer_reviewed),
)
"""Level, name, what spec 12 asks, what shows it."""

CONTROLS: dict[str, tuple[Shows, ...]] = {
    "AIS-CTX-01": (firewall_on, prompts_labelled),
    "AIS-CTX-02": (content_labelled,),
    "AIS-CAP-01": (written_down, tokens_verified),
    "AIS-CAP-02": (tokens_short,),
    "AIS-EXE-01": (enforced, tools_logged),
    "AIS-OBS-01": (all_traced,),
    "AIS-RSK-01": (chain_risk,),
    "AIS-GOV-01": (releases_blocked,),
}
