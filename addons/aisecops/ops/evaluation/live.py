"""A round against the gateway that runs: opened over the control plane, played against stand-ins, closed again.

Knows nothing of processes: they run already. What it may reach is what the operator's secret opens (contract 8).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from aisecops.adapters.policies.reading import read_rules
from aisecops.adapters.system.clock import SystemClock
from aisecops.adapters.system.files import PRIVATE, PUBLIC, write_whole
from aisecops.gateway.evaluated import SCHEME
from aisecops.model.errors import ConfigError
from aisecops.model.rules import RuleSet
from aisecops.ops.client import ControlPlane
from aisecops.ops.demo.serving import serve
from aisecops.ops.demo.tls import TlsFiles
from aisecops.ops.environment import made_trust
from aisecops.ops.evaluation.overlaid import secrets, strangers
from aisecops.ops.evaluation.places import Probe
from aisecops.ops.evaluation.stage import Stage
from aisecops.ops.evaluation.stand_ins import Slot
from aisecops.ops.session import BROKEN, MISUSED, CommandError
from aisecops.ops.settings import Settings
from aisecops.ops.settings_read import changed
from aisecops.ops.settings_text import ClientCertificates
from aisecops.ops.wiring.evaluation import authority

LASTS_S = 1200
"""A round is closed when it is played; one that dies is over after this."""
SLOTS = 2
"""Few at once: agents are at work meanwhile."""
NOT_HERE = frozenset({"canary", "known-secret"})


@contextmanager
def live_stage(operators: Settings, folder: Path, *, agents: tuple[str, ...]) -> Iterator[Stage]:
    """The running installation as a stage. Raises `CommandError` when it may not be tried, or is not there.

    A round that began under other rules than it ended with is no evidence for either: then it raises too.
    """
    if operators.proxy.client_cert is ClientCertificates.REQUIRED:
        raise CommandError(
            "the proxy's listener asks for client certificates, and the evaluation's agents have none",
            "leave --live out: a gateway of the same rules is then started for it",
            MISUSED,
        )
    made = [Slot(number) for number in range(SLOTS)]
    apps = {name: app for slot in made for name, app in slot.apps().items()}
    with ControlPlane.as_operator(operators) as plane:
        told: dict[str, Any] = {}

        def certified(port: int) -> TlsFiles:
            told.update(plane.post("/v1/evaluations", {"port": port, "seconds": LASTS_S}))
            return _written(folder, authority(operators).certificate_path, told)

        try:
            with serve(folder, apps, now_ms=SystemClock().now_ms(), certified=certified) as served:
                rules = _rules(told)
                yield Stage(
                    rules=rules,
                    settings=changed(
                        operators,
                        paths__state=folder,
                        control__public_url=f"{operators.control_url}{told['path']}",
                    ),
                    served=served,
                    slots=tuple(made),
                    probes=_chosen(rules, agents),
                    trust=made_trust(operators),
                    secrets=secrets(told["agents_secret"], told["others_secret"]),
                    scheme=SCHEME,
                    lacks=NOT_HERE,
                )
                in_force = plane.get("/v1/policy")["policy_version"]
        finally:
            if told:
                plane.post(f"/v1/evaluations/{told['evaluation_id']}/close", {})
    if in_force != rules.policy_version:
        raise CommandError("the rules changed while they were tried", "try again", BROKEN)


def _chosen(rules: RuleSet, agents: tuple[str, ...]) -> tuple[Probe, ...]:
    probed = strangers(rules)
    return tuple(one for one in probed if not agents or one.stands_for in agents)


def _rules(told: dict[str, Any]) -> RuleSet:
    """What is in force, and not what lies in the folder."""
    read = read_rules({name: text.encode() for name, text in told["rules"].items()})
    if not isinstance(read, RuleSet):
        raise ConfigError(str(read[0]), read[0].mend)
    return read


def _written(folder: Path, trusted: Path, told: dict[str, Any]) -> TlsFiles:
    files = TlsFiles(
        ca_path=trusted,
        certificate_path=folder / "stand-ins.pem",
        key_path=folder / "stand-ins-key.pem",
    )
    write_whole(files.certificate_path, told["certificate"].encode(), mode=PUBLIC)
    write_whole(files.key_path, told["key"].encode(), mode=PRIVATE)
    write_whole(folder / "operator.secret", told["operator_secret"].encode(), mode=PRIVATE)
    return files
