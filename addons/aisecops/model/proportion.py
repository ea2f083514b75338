"""What a run sends, held against what it was given to do: the rule, and what an agent's runs usually send.

Values only; what follows from them is `controls/egress/proportion.py`.
"""

from __future__ import annotations

from decimal import Decimal

from aisecops.model.finding import FindingAction
from aisecops.model.place import Place
from aisecops.model.value import Value


class RowsInProportion(Value):
    """Rows that need no explanation, and the most that what was read explains; per run and tool."""

    free: int = 20
    most: int = 200


class ProportionRule(Value):
    """How much a tree of runs may send `to` somewhere, held against what it was told, read and usually sends.

    `*_times`: so many times as much is in proportion. `free_bytes` need no explanation, and nothing explains more than
    `most_bytes`. Over that the step is held or blocked (`action`), or weighs more (`escalation`), or both.
    """

    place: Place
    to: str
    tool: str = ""
    free_bytes: int = 4 * 1024
    told_times: Decimal = Decimal(20)
    read_times: Decimal = Decimal(1)
    usual_times: Decimal = Decimal(3)
    most_bytes: int = 256 * 1024
    rows: RowsInProportion | None = None
    action: FindingAction | None = None
    escalation: Decimal = Decimal(1)


class SentByRun(Value):
    """What one tree of runs has sent with a tool until now."""

    root_run_id: str
    size_bytes: int
    rows: int = 0


class UsuallySent(Value):
    """The newest trees in which an agent used a tool, oldest first."""

    runs: tuple[SentByRun, ...] = ()


class Usual(Value):
    """What one run of an agent usually sends with a tool: the medians of `runs` others."""

    size_bytes: int
    rows: int
    runs: int
