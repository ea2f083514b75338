"""A recorded request as other rules would have read it, as far as the record can tell."""

from __future__ import annotations

from msgspec.structs import replace

from aisecops.controls.policy.match import destination_known, tool_named
from aisecops.gateway.step.classify import deny
from aisecops.model.action import ActionRequest, Kind
from aisecops.model.decision import Judgment
from aisecops.model.facts import Facts
from aisecops.model.refusals import Code
from aisecops.model.rules import RuleSet, ToolRule
from aisecops.model.value import Value

_OF_RULES = frozenset({Code.TOOL_UNDECLARED, Code.DESTINATION_DENIED})
_ENGINES = frozenset({"cedar", "opa"})


class Unknown(Value):
    """The record does not hold what would have decided, and why."""

    why: str


def reclassified(new: RuleSet, old: RuleSet, facts: Facts) -> Facts | Unknown:
    """`facts` with the request as `new` classifies it. What engines said is kept where `new` asks them too."""
    request = facts.request
    kept = tuple(one for one in facts.opinions if not _by_rules(one) and _still_asked(new, one))
    match request.kind:
        case Kind.UNDECLARED:
            return _undeclared(new, facts)
        case Kind.TOOL | Kind.LOCAL | Kind.PROPOSED:
            return _of_tool(new, old, facts, kept)
        case _:
            model = request.kind is Kind.MODEL
            named = request.tool.removeprefix("model:") in new.models
            declared = named if model else destination_known(new, request.host, request.port)
    gone = () if declared else (_gone(Code.DESTINATION_DENIED, request.host),)
    return replace(facts, opinions=(*kept, *gone))


def _of_tool(new: RuleSet, old: RuleSet, facts: Facts, kept: tuple[Judgment, ...]) -> Facts | Unknown:
    request = facts.request
    tool, before = tool_named(new, request.tool), tool_named(old, request.tool)
    if tool is None:
        return replace(facts, opinions=(*kept, _gone(Code.TOOL_UNDECLARED, request.tool)))
    if before is None or tool.match != before.match:
        return Unknown(why=f"the match of `{tool.name}` is another, and the path is not in the record")
    if tool.scope != before.scope:
        return Unknown(why=f"the scope of `{tool.name}` is made otherwise, and its values are not in the record")
    if tool.recipients != before.recipients:
        return Unknown(why=f"recipients of `{tool.name}` are elsewhere now, and what stood there is not in the record")
    return replace(facts, request=_as(tool, request), opinions=kept)


def _undeclared(new: RuleSet, facts: Facts) -> Facts | Unknown:
    """What no rule named then: a rule may name it now, but the path that would tell is not in the record."""
    request = facts.request
    if any(_by_rules(one) for one in facts.opinions) and destination_known(new, request.host, request.port):
        return Unknown(why=f"`{request.host}` is declared now, and the path is not in the record")
    return facts


def _as(tool: ToolRule, request: ActionRequest) -> ActionRequest:
    return replace(
        request,
        effect=tool.effect,
        base_risk=request.base_risk if request.kind is Kind.PROPOSED else tool.base_risk,
        trust=tool.trust,
        returns_tier=tool.returns.tier,
        label=tool.returns.label,
        rule=str(tool.place),
    )


def _by_rules(opinion: Judgment) -> bool:
    return opinion.control == "wire" and any(reason.code in _OF_RULES for reason in opinion.reasons)


def _still_asked(new: RuleSet, opinion: Judgment) -> bool:
    if opinion.control not in _ENGINES:
        return True
    return bool(new.policy.cedar) if opinion.control == "cedar" else new.policy.opa is not None


def _gone(code: Code, what: str) -> Judgment:
    return deny(code, f"the rules no longer declare `{what}`")
