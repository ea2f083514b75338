"""Everything that is pinned, as the way in and the way back ask for it: system prompts and the tools of MCP servers."""

from __future__ import annotations

from dataclasses import dataclass

from aisecops.gateway.pinned.prompts import Prompts
from aisecops.gateway.pinned.servers import Servers
from aisecops.gateway.pinned.usage import Usage
from aisecops.gateway.step.classify import Step
from aisecops.model.decision import Judgment
from aisecops.model.rules import RuleSet
from aisecops.model.state import Run


@dataclass(frozen=True, slots=True)
class Pins:
    """What is pinned, and what was used."""

    prompts: Prompts
    servers: Servers
    usage: Usage

    async def opinions(self, rules: RuleSet, run: Run, step: Step) -> tuple[Judgment, ...]:
        """What is to be said against `step` for what it speaks with, or says first. Raises a `Fault`."""
        said = [await self.servers.opinion(step)]
        if step.call is not None and not step.call.embeds:
            said.append(await self.prompts.opinion(rules, run, step.call))
        return tuple(one for one in said if one is not None)
