"""What the commands must know of the declared agents: which there are, and how to speak as one of them."""

from __future__ import annotations

from aisecops.adapters.policies.files import Unreadable
from aisecops.adapters.policies.reading import read_rules
from aisecops.adapters.system.rule_secrets import RuleSecrets
from aisecops.model.errors import ConfigError
from aisecops.model.ids import AgentId
from aisecops.model.rules import AgentRule, RuleSet, SecretAuthentication
from aisecops.ops.environment import Credentials
from aisecops.ops.nearest import nearest
from aisecops.ops.session import MISUSED, CommandError
from aisecops.ops.settings import Settings
from aisecops.ops.settings_read import environment
from aisecops.ops.wiring.rules import rules_files


def rules_in(settings: Settings) -> RuleSet:
    """The rules on disk; raises ConfigError naming the first problem."""
    try:
        found = read_rules(rules_files(settings))
    except Unreadable as unreadable:
        found = (unreadable.problem,)
    if isinstance(found, RuleSet):
        return found
    raise ConfigError(str(found[0]), found[0].mend or "`aisecops rules check` lists every problem")


def chosen(settings: Settings, name: str | None) -> AgentRule:
    """The agent `name`, or the only one there is; raises CommandError."""
    agents = rules_in(settings).agents
    if name is None and len(agents) == 1:
        return next(iter(agents.values()))
    if name is None:
        raise CommandError(
            "no agent is named", f"give --agent with one of {', '.join(sorted(agents)) or '(none)'}", MISUSED
        )
    agent = agents.get(AgentId(name))
    if agent is None:
        raise CommandError(
            f"no agent `{name}` in the rules", nearest(name, agents) or "declare it under `agents:`", MISUSED
        )
    return agent


def credentials_of(settings: Settings, agent: AgentRule) -> Credentials | None:
    """The agent's own credentials when its secret can be read here, else None."""
    secrets = RuleSecrets(environment(), settings.rules_folder)
    for how in agent.authenticate:
        if isinstance(how, SecretAuthentication) and (secret := secrets.secret(how.source)):
            return Credentials(agent.agent_id, secret.decode(errors="replace"))
    return None
