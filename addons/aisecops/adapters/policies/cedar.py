"""The Cedar engine, embedded, as a `DecisionPoint`.

Cedar skips a policy that fails while it is evaluated, a `forbid` too, and its answer may then be yes. Here a `forbid`
that errs counts as a match; one that errs in a way we cannot place counts as a `forbid`.
"""

from __future__ import annotations

import json
import re
from typing import Any

import cedarpy

from aisecops.adapters.policies.cedar_text import Statement, numbered, statements
from aisecops.adapters.policies.cedar_world import entities, question
from aisecops.model.access import AccessRequest
from aisecops.model.decision import Judgment, Reason, Verdict
from aisecops.model.errors import PolicyError
from aisecops.model.refusals import Code
from aisecops.model.rules import RuleSet
from aisecops.model.value import Value

SERVES = ("AIS-CAP-01",)
_ERRED = re.compile(r"error while evaluating policy `(policy\d+)`: (.*)", re.DOTALL)
KEPT = 4
"""How many rule sets' policies stay parsed: the one in force, and those of requests under way."""


class _Policies(Value):
    """One rule set's policies, parsed; `forbids` are the places in the order of those that take away."""

    parsed: Any
    found: tuple[Statement, ...]
    forbids: frozenset[int]


class CedarPoint:
    """Asks the policies of `rules.policy.cedar_files`. A question takes a fraction of a millisecond, on the spot."""

    name = "cedar"

    def __init__(self) -> None:
        self._parsed: dict[str, _Policies] = {}

    def named_by(self, rules: RuleSet) -> bool:
        return bool(rules.policy.cedar)

    async def judge(self, rules: RuleSet, asked: AccessRequest) -> Judgment:
        return self.judgment(rules, asked)

    def judgment(self, rules: RuleSet, asked: AccessRequest) -> Judgment:
        """The answer; ALLOW needs a `permit` that matches and no `forbid` that does. Raises `PolicyError`."""
        policies = self._policies(rules)
        try:
            result = cedarpy.is_authorized(question(asked), policies.parsed, entities(rules, asked))
        except Exception as error:
            raise PolicyError("the Cedar policies could not be asked") from error
        if result.decision is cedarpy.Decision.NoDecision:
            raise PolicyError("the Cedar policies could not be asked: the question was not understood")
        erred = [reason for text in result.diagnostics.errors if (reason := _erring(policies, text)) is not None]
        matched = [_named(policies, one) for one in result.diagnostics.reasons]
        if erred:
            return Judgment(control=self.name, verdict=Verdict.DENY, reasons=tuple(erred), serves=SERVES)
        if result.decision is cedarpy.Decision.Allow:
            return Judgment(
                control=self.name, verdict=Verdict.ALLOW, reasons=tuple(map(_permitted, matched)), serves=SERVES
            )
        reasons = tuple(map(_forbidden, matched)) or (_unpermitted(rules, asked),)
        return Judgment(control=self.name, verdict=Verdict.DENY, reasons=reasons, serves=SERVES)

    def _policies(self, rules: RuleSet) -> _Policies:
        version = rules.policy_version
        if version not in self._parsed:
            while len(self._parsed) >= KEPT:
                del self._parsed[next(iter(self._parsed))]
            self._parsed[version] = _parsed(rules)
        return self._parsed[version]


def _parsed(rules: RuleSet) -> _Policies:
    found = statements(rules.policy.cedar_files)
    whole = "\n".join(one.text for one in found)
    try:
        parsed = cedarpy.PolicySet.from_str(whole)
        effects = json.loads(cedarpy.policies_to_json_str(whole))["staticPolicies"]
    except ValueError as error:
        raise PolicyError(f"the Cedar policies cannot be read: {error}") from error
    places = {numbered(engine_id): said.get("effect") for engine_id, said in effects.items()}
    permits = {place for place, effect in places.items() if effect == "permit"}
    return _Policies(parsed=parsed, found=found, forbids=frozenset(set(range(len(found))) - permits))


def _erring(policies: _Policies, text: str) -> Reason | None:
    """The no of a policy that failed while it was asked; None for a `permit`, which then just permits nothing."""
    matched = _ERRED.fullmatch(text)
    number = numbered(matched[1]) if matched else None
    if matched is None or number is None or number >= len(policies.found):
        return Reason(code=Code.POLICY_DENIED, detail="a Cedar policy failed while it was asked, so it counts as a no")
    if number not in policies.forbids:
        return None
    what = f"a Cedar `forbid` failed while it was asked, so it counts as a match: {matched[2]}"
    return Reason(code=Code.POLICY_DENIED, detail=what, rule=str(policies.found[number].place))


def _named(policies: _Policies, engine_id: str) -> str:
    number = numbered(engine_id)
    return str(policies.found[number].place) if number is not None and number < len(policies.found) else engine_id


def _permitted(place: str) -> Reason:
    return Reason(code=Code.POLICY_DENIED, detail="a Cedar `permit` matches", rule=place)


def _forbidden(place: str) -> Reason:
    return Reason(code=Code.POLICY_DENIED, detail="a Cedar `forbid` matches; ask who keeps the policies", rule=place)


def _unpermitted(rules: RuleSet, asked: AccessRequest) -> Reason:
    what = f"no Cedar policy permits `{asked.agent_id}` `{asked.tool}` on `{asked.scope}`"
    return Reason(code=Code.POLICY_DENIED, detail=what, rule=str(rules.policy.place))
