"""What is wrong with this installation, and the mend of each thing.

Each check looks at one thing and changes nothing. A thing that is made on first start and is not there
yet is well; a thing that is there and cannot be used is not.
"""

from __future__ import annotations

from aisecops.ops.doctor import clients, company, installation, isolation, network, redirects, telemetry
from aisecops.ops.doctor.diagnosis import Diagnosis
from aisecops.ops.settings import Settings


def examine(settings: Settings) -> list[Diagnosis]:
    """What every check says, in the order in which things are worth mending."""
    areas = (installation, network, company, telemetry, isolation, redirects, clients)
    return [said for area in areas for check in area.CHECKS for said in check(settings)]
