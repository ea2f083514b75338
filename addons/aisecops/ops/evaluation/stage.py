"""A real installation in a folder of its own, with the operator's rules, an overlay, and stand-ins as its world.

Knows folders, processes and ports. Nothing of the operator's own installation is touched: rules are copied, state and
certificates are made anew and thrown away.
"""

from __future__ import annotations

import itertools
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import orjson
from starlette.types import ASGIApp

from aisecops.adapters.system.clock import SystemClock
from aisecops.adapters.system.rule_secrets import RuleSecrets
from aisecops.model.ids import AgentId
from aisecops.model.rules import RuleSet, SecretAuthentication
from aisecops.ops.agents import rules_in
from aisecops.ops.demo.serving import Served, serve
from aisecops.ops.environment import Trust, made_trust
from aisecops.ops.evaluation.overlaid import OTHERS_SECRET
from aisecops.ops.evaluation.own_calls import hosts_of
from aisecops.ops.evaluation.own_reads import readable
from aisecops.ops.evaluation.places import RULES_FILE, UNKNOWN_SECRET, Probe, overlay, probes
from aisecops.ops.evaluation.stand_ins import OwnStandIn, Slot
from aisecops.ops.session import BROKEN, CommandError
from aisecops.ops.settings import Settings
from aisecops.ops.settings_read import changed, environment, load
from aisecops.ops.settings_text import Address

STOP_WITHIN_S = 30.0
ENDED_WITHIN_S = 5.0


@dataclass
class Stage:
    """Everything that runs: the installation under attack, the stand-ins, and what the harness knows of the agents."""

    rules: RuleSet
    settings: Settings
    served: Served
    slots: tuple[Slot, ...]
    probes: tuple[Probe, ...]
    trust: Trust
    secrets: dict[str, str]
    scheme: str = "Basic"
    """How its agents' credentials are called to the proxy."""
    lacks: frozenset[str] = frozenset()
    """Needs that cannot be met here, whatever the rules say."""
    own: OwnStandIn = field(default_factory=OwnStandIn)
    """What stands for the operator's own tools and sources."""
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    """One for each side of a play: content is known again, so no two sides may share their words."""

    @property
    def live(self) -> bool:
        """True when what is tried is a gateway that serves others meanwhile."""
        return self.scheme != "Basic"

    def secret_of(self, probe: Probe) -> str:
        """The proxy password of a probe."""
        sources = [how.source for how in probe.rule.authenticate if isinstance(how, SecretAuthentication)]
        return self._at(sources[0]) if sources else self.secrets[UNKNOWN_SECRET]

    def first(self, sources: Sequence[str]) -> str:
        """The first value that the rules name as one of these; empty when there is none."""
        return next((value for source in sources if (value := self._at(source))), "")

    def _at(self, source: str) -> str:
        known = {**environment(), **self.secrets}
        found = RuleSecrets(known, self.settings.paths.rules).values(source)
        return found[0] if found else ""


@contextmanager
def stage(operators: Settings, folder: Path, *, agents: Sequence[str], slots: int) -> Iterator[Stage]:
    """Build everything in `folder`, start it, stop it at the end.

    Raises `ConfigError` for rules that cannot be used, `CommandError` when the installation does not start.
    """
    rules = rules_in(operators)
    chosen = probes(rules, [AgentId(name) for name in agents])
    shutil.copytree(operators.paths.rules, folder / "rules")
    laid = overlay(chosen, secret_of_others=f"env:{OTHERS_SECRET}", reads=readable(rules))
    (folder / "rules" / RULES_FILE).write_bytes(laid)
    made = [Slot(number) for number in range(slots)]
    apps: dict[str, ASGIApp] = {name: app for slot in made for name, app in slot.apps().items()}
    own = OwnStandIn()
    apps |= dict.fromkeys(hosts_of(rules), own)
    given = _secrets(rules)
    with serve(folder, apps, now_ms=SystemClock().now_ms()) as served:
        _write_settings(operators, folder, served)
        with _installation(folder, given) as settings:
            yield Stage(
                rules=rules,
                settings=settings,
                served=served,
                slots=tuple(made),
                probes=chosen,
                trust=made_trust(settings),
                secrets=given,
                own=own,
            )


def _secrets(rules: RuleSet) -> dict[str, str]:
    """A new value for every variable that the rules name: the operator's own are never used."""
    sources = [
        *(how.source for rule in rules.agents.values() for how in rule.authenticate
          if isinstance(how, SecretAuthentication)),
        *(person.secret for person in rules.people.values()),
        *rules.egress.canaries,
        *rules.egress.known,
    ]  # fmt: skip
    named = [source.removeprefix("env:") for source in sources if source.startswith("env:")]
    return {name: secrets.token_urlsafe(24) for name in dict.fromkeys((*named, OTHERS_SECRET, UNKNOWN_SECRET))}


def _write_settings(operators: Settings, folder: Path, served: Served) -> None:
    chosen = {
        "proxy": {"listen": "127.0.0.1:0"},
        "control": {"listen": "127.0.0.1:0"},
        "metrics": {"listen": "127.0.0.1:0"},
        "paths": {"state": "state", "certs": "certs", "rules": "rules"},
        "upstream": {"ca": [served.ca_path.name], "resolve": served.resolve},
        "scan": {"workers": operators.scan.workers, "names_model": operators.scan.names_model},
        "hold_seconds": 0,
    }
    # JSON is YAML too
    (folder / "aisecops.yaml").write_bytes(orjson.dumps(chosen, option=orjson.OPT_INDENT_2))


@contextmanager
def _installation(folder: Path, given: dict[str, str]) -> Iterator[Settings]:
    """`aisecops up` as an operator would start it; gives the settings with the real ports."""
    command = [sys.executable, "-P", "-m", "aisecops", "--config", str(folder / "aisecops.yaml"), "up"]
    known = {name: text for name, text in environment().items() if not name.startswith("AISECOPS_")}
    with (folder / "up.log").open("wb") as log:
        up = subprocess.Popen(  # noqa: S603 - our own program
            command,
            env={**known, **given},
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            start_new_session=True,  # Ctrl-C reaches us alone, and we end it in peace
        )
        assert up.stdout is not None
        try:
            line = up.stdout.readline()
            if not line.startswith("aisecops ready"):
                said = (folder / "up.log").read_text(errors="replace").strip().splitlines()
                why = "\n".join(said[-5:]) or "it said nothing"
                raise CommandError("the gateway under test did not start", why, BROKEN)
            yield _settled(folder, line)
        finally:
            up.terminate()
            try:
                up.wait(STOP_WITHIN_S)
            except subprocess.TimeoutExpired:
                os.killpg(up.pid, 9)
                up.wait(ENDED_WITHIN_S)
            up.stdout.close()


def _settled(folder: Path, ready: str) -> Settings:
    """The settings with the ports as they came to be; that of the metrics stands in the ready line alone."""
    at = urlsplit(ready.rpartition("metrics=")[2].strip())
    settings = load({}, file=folder / "state" / "up.settings.yaml", environ={})
    return changed(settings, metrics__listen=Address(host=at.hostname or "127.0.0.1", port=at.port or 0))
