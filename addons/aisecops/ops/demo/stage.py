"""The stage: stand-ins and a real installation side by side, and one agent process for each scene.

Knows folders, processes and ports. Everything lies in one folder and can be looked at afterwards.
"""

from __future__ import annotations

import json
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import IO, Any

import orjson

from aisecops.adapters.system.clock import SystemClock
from aisecops.model.ids import AgentId
from aisecops.ops.agents import rules_in
from aisecops.ops.client import ControlPlane
from aisecops.ops.demo.scenes import SCENES, Scene, script, world
from aisecops.ops.demo.serving import Running, serve_all
from aisecops.ops.environment import Trust, made_trust, variables
from aisecops.ops.opened import OpenedRun, close_run, open_run
from aisecops.ops.session import BROKEN, CommandError
from aisecops.ops.settings import Settings
from aisecops.ops.settings_read import environment, load

READY_WITHIN_S = 90.0
SCENE_WITHIN_S = 120.0


@dataclass
class Performed:
    """What came of a scene: every step as the agent told it, and whether it ended as it must."""

    scene: Scene
    run_id: str
    seconds: float
    steps: list[dict[str, Any]] = field(default_factory=list)
    well: bool = False

    @property
    def codes(self) -> list[str]:
        """The refusals, in order."""
        return [step["code"] for step in self.steps if step.get("code")]

    @property
    def stop(self) -> dict[str, Any]:
        """The step at which it was stopped for good; empty when nothing was refused."""
        return next((step for step in reversed(self.steps) if step.get("code")), {})


class Stage:
    """An installation in `folder` with the stand-ins as its world."""

    def __init__(self, settings: Settings, stand_ins: Running, trust: Trust, metrics_url: str) -> None:
        self.settings = settings
        self.metrics_url = metrics_url
        self.stand_ins = stand_ins
        self._trust = trust

    def perform(self, scene: Scene) -> Performed:
        """One scene, from a new run to its end."""
        self.stand_ins.forget()
        for kept in (self.stand_ins.world.mails, self.stand_ins.world.posts, self.stand_ins.world.taken):
            kept.clear()
        began = time.monotonic()
        rule = rules_in(self.settings).agents[AgentId(scene.agent)]
        run = open_run(self.settings, rule, parent=None)
        steps, code = self._acted(scene, run)
        close_run(self.settings, run, exit_code=code)
        self._name_decisions(run.run_id, steps)
        performed = Performed(scene=scene, run_id=run.run_id, seconds=time.monotonic() - began, steps=steps)
        told = [known.value for known in scene.codes]
        performed.well = code == 0 and _in_order(told, performed.codes) and scene.well(self.stand_ins)
        performed.well = performed.well and bool(told) == bool(performed.codes)
        return performed

    def _acted(self, scene: Scene, run: OpenedRun) -> tuple[list[dict[str, Any]], int]:
        told = variables(self.settings, self._trust, run.credentials) | {"AISECOPS_RUN": run.run_id}
        agent = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-P", "-m", "aisecops.ops.demo.agent", scene.name],
            env={**environment(), **told},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert agent.stdout is not None
        assert agent.stdin is not None
        steps: list[dict[str, Any]] = []
        with agent.stdout, agent.stdin:
            for line in agent.stdout:
                step = json.loads(line)
                steps.append(step)
                if step["step"] == "waits for a person":
                    self._answer(step["approval_id"], agent.stdin)
            return steps, agent.wait(SCENE_WITHIN_S)

    def _name_decisions(self, run_id: str, steps: list[dict[str, Any]]) -> None:
        """A refused CONNECT reaches a client as an error without headers: its decision is looked up in the record."""
        with ControlPlane.as_operator(self.settings) as control:
            known = control.get(f"/v1/runs/{run_id}")["policy_decisions"]
        for step in steps:
            if step.get("code") and not step.get("decision_id"):
                made = (each["decision_id"] for each in known if each.get("code") == step["code"])
                step["decision_id"] = next(made, "")

    def _answer(self, approval_id: str, agent: IO[str]) -> None:
        """The person in the play: looks, approves, and lets the agent know."""
        with ControlPlane.as_operator(self.settings) as control:
            control.post(f"/v1/approvals/{approval_id}", {"decision": "approve", "reason": "the invoice is right"})
        agent.write("go on\n")
        agent.flush()


def _in_order(wanted: list[str], seen: list[str]) -> bool:
    rest = iter(seen)
    return all(code in rest for code in wanted)


@contextmanager
def stage(folder: Path, *, ports: tuple[int, int, int] = (0, 0, 0)) -> Iterator[Stage]:
    """Build everything in `folder`, start it, and stop it at the end. Raises CommandError when it does not start."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "rules").mkdir(parents=True)
    (folder / "rules" / "demo.yaml").write_bytes(files(__package__).joinpath("rules.yaml").read_bytes())
    with serve_all(folder, now_ms=SystemClock().now_ms(), script=script(), world=world()) as stand_ins:
        _write_settings(folder, stand_ins, ports)
        with _installation(folder) as (settings, metrics_url):
            yield Stage(settings, stand_ins, made_trust(settings), metrics_url)


def _write_settings(folder: Path, stand_ins: Running, ports: tuple[int, int, int]) -> None:
    proxy, control, metrics = ports
    chosen = {
        "proxy": {"listen": f"127.0.0.1:{proxy}"},
        "control": {"listen": f"127.0.0.1:{control}"},
        "metrics": {"listen": f"127.0.0.1:{metrics}"},
        "paths": {"state": "state", "certs": "certs", "rules": "rules"},
        "upstream": {"ca": [stand_ins.ca_path.name], "resolve": stand_ins.resolve},
        "hold_seconds": 0,
    }
    # JSON is YAML too
    (folder / "aisecops.yaml").write_bytes(orjson.dumps(chosen, option=orjson.OPT_INDENT_2))


@contextmanager
def _installation(folder: Path) -> Iterator[tuple[Settings, str]]:
    """`aisecops up` as an operator would start it; gives its settings, and where its metrics are."""
    names = {scene.agent.removesuffix("-bot").upper() for scene in SCENES}
    keys = {f"DEMO_{name}_SECRET": secrets.token_urlsafe(24) for name in names}
    known = environment()
    command = [sys.executable, "-P", "-m", "aisecops", "--config", str(folder / "aisecops.yaml"), "up"]
    with (folder / "up.log").open("wb") as log:
        up = subprocess.Popen(command, env={**known, **keys}, stdout=subprocess.PIPE, stderr=log, text=True)  # noqa: S603
        try:
            assert up.stdout is not None
            line = up.stdout.readline()
            if not line.startswith("aisecops ready"):
                raise CommandError("the demo's gateway did not start", f"`{folder / 'up.log'}` says why", BROKEN)
            yield _settled(folder, keys), line.strip().rpartition("metrics=")[2]
        finally:
            up.terminate()
            up.wait(READY_WITHIN_S)
            if up.stdout is not None:
                up.stdout.close()


def _settled(folder: Path, keys: dict[str, str]) -> Settings:
    """The settings as they came to be, and the agents' secrets where the rules look for them."""
    import os

    os.environ.update(keys)  # noqa: TID251 - this process plays the operator's shell
    return load({}, file=folder / "state" / "up.settings.yaml")
