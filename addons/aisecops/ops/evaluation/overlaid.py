"""The rules in force with an evaluation's agents and stand-ins in the place of everybody else.

Knows what is kept of them: all that holds for everybody. No agent of the operator's is in them, so none can act here.
"""

from __future__ import annotations

from msgspec.structs import replace

from aisecops.adapters.policies.files import FileRules
from aisecops.adapters.policies.reading import read_rules
from aisecops.model.errors import ConfigError
from aisecops.model.rules import RuleSet
from aisecops.ops.evaluation.places import RULES_FILE, UNKNOWN_SECRET, Probe, overlay, probes

OTHERS_SECRET = "EVALUATED_OTHER_SECRET"


def strangers(rules: RuleSet) -> tuple[Probe, ...]:
    """Twins of the operator's agents that are known by secrets of the evaluation, never by the operator's."""
    return tuple(replace(one, rule=replace(one.rule, authenticate=())) for one in probes(rules, ()))


def overlaid(rules: RuleSet, files: dict[str, bytes]) -> RuleSet:
    """`rules`, which are made of `files`, for an evaluation. Raises `ConfigError` when the two do not go together."""
    probed = strangers(rules)
    read = read_rules({**files, RULES_FILE: overlay(probed, secret_of_others=f"env:{OTHERS_SECRET}")})
    if not isinstance(read, RuleSet):
        raise ConfigError(str(read[0]), read[0].mend)
    mine = {one.agent_id for one in probed} | {one.other_id for one in probed}
    return replace(read, agents={name: rule for name, rule in read.agents.items() if name in mine})


class OverlaidRules:
    """Implements `RuleSource`: follows what is in force, whenever `refresh` is called."""

    def __init__(self, usual: FileRules) -> None:
        """Raises `ConfigError` for rules that cannot be evaluated."""
        self._usual = usual
        self._of = ""
        self.refresh()

    def current(self) -> RuleSet:
        """As of the last `refresh`."""
        return self._current

    def refresh(self) -> None:
        """Take up what has come into force. Reads files. Raises `ConfigError`."""
        in_force = self._usual.current()
        if in_force.policy_version != self._of:
            self._current = overlaid(in_force, self._usual.files_of(in_force.policy_version))
            self._of = in_force.policy_version


def secrets(of_agents: str, of_others: str) -> dict[str, str]:
    """The variables by which the overlaid rules know the evaluation's agents."""
    return {UNKNOWN_SECRET: of_agents, OTHERS_SECRET: of_others}
