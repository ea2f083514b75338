"""What the agent heard in a play, as the judge of it reads it."""

from __future__ import annotations

from dataclasses import dataclass, field

from aisecops.ops.evaluation.line import Heard
from aisecops.ops.evaluation.scenario import Who


@dataclass
class Told:
    """What the agent heard in a play: every refusal in order, and everything it was told."""

    codes: list[str] = field(default_factory=list)
    heard: list[bytes] = field(default_factory=list)
    breaches: list[str] = field(default_factory=list)
    """What was seen to be wrong before anything was sent."""
    too_slow: str = ""
    """Why nothing could be shown here: calls that came no faster than their rate."""

    def add(self, heard: Heard, who: Who = Who.AGENT, *, may: str = "") -> None:
        """One answer more; what others are told, the agent is not. `may` is a code that is no refusal here."""
        if who not in {Who.OTHER, Who.OPERATOR}:
            self.heard.append(heard.body + heard.more)
        if heard.code and heard.code != may:
            self.codes.append(heard.code)
