"""The GitHub action: its metadata as GitHub reads it, and its steps run as a runner runs them.

Only what the runner itself brings is stood for: other people's actions are left out, and `python` is one that makes
its environment from this one instead of fetching it.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
import yaml

from aisecops import __version__
from aisecops.model.place import Place
from aisecops.ops.evaluation.kept import encoded
from aisecops.ops.evaluation.outcome import Report, Result, State, Twin
from aisecops.ops.evaluation.scenario import Suite

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / ".github" / "actions" / "aisecops-eval"
ACTION = yaml.safe_load((FOLDER / "action.yml").read_text())
HOLE = re.compile(r"\$\{\{ *(.*?) *\}\}")
STEP_KEYS = {"name", "id", "if", "env", "continue-on-error", "working-directory"}

PYTHON = """#!/bin/bash
[ "$1 $2" = "-m venv" ] || exit 9
mkdir -p "$3/bin"
printf '#!/bin/bash\\necho "$@" >> "%s/installed"\\n' "$RUNNER_TEMP" > "$3/bin/pip"
ln -s {aisecops} "$3/bin/aisecops"
chmod +x "$3/bin/pip"
"""
REPORTS = """#!/bin/bash
[ "$1" != eval ] || [ "$2" = --from ] || {{
    while [ $# -gt 0 ]; do [ "$1" = --out ] && cp {report} "$2"; shift; done
    exit 1
}}
exec {aisecops} "$@"
"""
AISECOPS = Path(sys.executable).parent / "aisecops"


class Runner:
    """As much of a runner as composite steps see."""

    def __init__(self, folder, aisecops=AISECOPS):
        self.temp, self.folder = folder / "temp", folder
        self.temp.mkdir()
        (folder / "bin").mkdir()
        shutil.copytree(ROOT / "rules", folder / "rules")
        self.summary, self.output = folder / "summary.md", folder / "output"
        for file, text in (
            (folder / "bin" / "python", PYTHON.format(aisecops=aisecops)), (self.summary, ""), (self.output, ""),
        ):  # fmt: skip
            file.write_text(text)
        (folder / "bin" / "python").chmod(0o755)
        self.codes, self.outputs, self.said = {}, {}, ""

    def evaluated(self, text, inputs):
        """What an expression comes to, of those that the action uses."""

        def value(hole):
            name = hole[1]
            if name.startswith("inputs."):
                return inputs[name.removeprefix("inputs.")]
            if name == "runner.temp":
                return str(self.temp)
            step, key = re.fullmatch(r"steps\.(\w+)\.outputs\.(\w+)", name).groups()
            return self.outputs.get(step, {}).get(key, "")

        return HOLE.sub(value, str(text))

    def wanted(self, step, inputs):
        condition = step.get("if", "success()")
        if condition == "always()":
            return True
        if condition == "success()":
            return not any(self.codes.values())
        name, expected = re.fullmatch(r"inputs\.([\w-]+) == '(\w+)'", condition).groups()
        return inputs[name] == expected and not any(self.codes.values())

    def run(self, **given):
        """All steps; the action's outputs."""
        defaults = {name: one.get("default", "") for name, one in ACTION["inputs"].items()}
        inputs = defaults | {name.replace("_", "-"): value for name, value in given.items()}
        for step in ACTION["runs"]["steps"]:
            if "run" in step and self.wanted(step, inputs):
                self._step(step, inputs)
        return {name: self.evaluated(one["value"], inputs) for name, one in ACTION["outputs"].items()}

    def _step(self, step, inputs):
        assert step["shell"] == "bash"
        script = self.folder / "step.sh"
        script.write_text(self.evaluated(step["run"], inputs))
        self.output.write_text("")
        env = {name: self.evaluated(value, inputs) for name, value in step.get("env", {}).items()}
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", str(script)],
            cwd=self.folder, capture_output=True, text=True, timeout=240, check=False,
            env={
                "PATH": f"{self.folder / 'bin'}:/usr/bin:/bin", "HOME": str(self.folder), "RUNNER_TEMP": str(self.temp),
                "GITHUB_ACTION_PATH": str(FOLDER), "GITHUB_STEP_SUMMARY": str(self.summary),
                "GITHUB_OUTPUT": str(self.output), **env,
            },
        )  # fmt: skip
        self.codes[step["name"]] = done.returncode
        self.said += done.stdout + done.stderr
        lines = (line.partition("=") for line in self.output.read_text().splitlines())
        self.outputs[step.get("id", "")] = {name: value for name, _, value in lines}


def test_its_metadata_is_what_github_takes():
    assert ACTION.keys() == {"name", "description", "inputs", "outputs", "runs"}
    assert all(one.keys() <= {"description", "default", "required"} and one["description"]
               for one in ACTION["inputs"].values())  # fmt: skip
    assert all(isinstance(one.get("default", ""), str) for one in ACTION["inputs"].values())
    assert all(one.keys() == {"description", "value"} for one in ACTION["outputs"].values())
    assert ACTION["runs"].keys() == {"using", "steps"}
    assert ACTION["runs"]["using"] == "composite"
    for step in ACTION["runs"]["steps"]:
        kinds = {"run", "shell"} if "run" in step else {"uses", "with"}
        assert kinds <= step.keys() <= STEP_KEYS | kinds, step


def test_whatever_it_refers_to_is_there():
    ids = {step["id"] for step in ACTION["runs"]["steps"] if "id" in step}
    for name in HOLE.findall((FOLDER / "action.yml").read_text()):
        kind, _, rest = name.partition(".")
        known = {"inputs": set(ACTION["inputs"]), "runner": {"temp"}, "steps": ids}[kind]
        assert rest.partition(".")[0] in known, name
    assert all("if" not in step or not HOLE.search(step["if"]) for step in ACTION["runs"]["steps"])


def test_no_input_stands_in_a_script():
    """GitHub puts expressions into a script before the shell reads it: there, an input would be a command."""
    scripts = [step["run"] for step in ACTION["runs"]["steps"] if "run" in step]
    assert scripts
    assert not [script for script in scripts if HOLE.search(script)]


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_rules_that_hold_are_green_and_every_report_is_there(tmp_path):
    runner = Runner(tmp_path)
    outputs = runner.run(suites="budget-overflow", mutations="0")

    assert runner.codes == {"Install": 0, "Rules": 0, "Attacks": 0}, runner.said
    assert (runner.temp / "installed").read_text().split()[0] == "install"
    report = json.loads(Path(outputs["report"]).read_bytes())
    assert {one["state"] for one in report["results"]} == {"contained"}
    assert json.loads(Path(outputs["sarif"]).read_bytes())["version"] == "2.1.0"
    assert ET.parse(outputs["junit"]).getroot().find("testsuite").get("name") == "budget-overflow"
    assert "budget-overflow" in runner.summary.read_text()


@pytest.fixture
def breached(tmp_path):
    """A runner on which every evaluation is red."""
    result = Result(
        scenario="a key leaves", suite=Suite.EXFILTRATION, controls=("LLM02",), place=Place(file="x.eval.yaml", line=3),
        agent="assistant", variation=0, state=State.BREACHED, twin=Twin.PASSED, why=("it came to chat",),
    )  # fmt: skip
    report = Report(
        version=__version__, at="2026-01-01T00:00:00Z", policy_version="sha256:a", seed=1, mutations=0,
        suites=(Suite.EXFILTRATION,), agents=("assistant",), seconds=1, results=(result,),
    )  # fmt: skip
    (tmp_path / "red.json").write_bytes(encoded(report))
    program = tmp_path / "aisecops"
    program.write_text(REPORTS.format(report=tmp_path / "red.json", aisecops=AISECOPS))
    program.chmod(0o755)
    return Runner(tmp_path, program)


def test_an_attack_that_comes_through_fails_the_job_and_the_reports_say_which(breached):
    outputs = breached.run(release_gate="true")

    assert breached.codes == {"Install": 0, "Rules": 0, "Attacks": 1}, breached.said
    assert "a key leaves" in breached.summary.read_text()
    [found] = json.loads(Path(outputs["sarif"]).read_bytes())["runs"][0]["results"]
    assert found["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "x.eval.yaml"
    assert ET.parse(outputs["junit"]).getroot().find("testsuite").get("failures") == "1"


def test_rules_that_cannot_be_read_fail_before_anything_is_tried(breached):
    (breached.folder / "rules" / "agents.yaml").write_text("agents: [")
    breached.run()

    assert breached.codes["Rules"] != 0
    assert "Attacks" not in breached.codes
    assert "agents.yaml" in breached.said


def test_a_gate_without_evidence_fails_the_job(tmp_path):
    """The evaluation is left green; the gate finds no signature."""
    program = tmp_path / "aisecops"
    program.write_text(f'#!/bin/bash\n[ "$1" != eval ] || exit 0\nexec {AISECOPS} "$@"\n')
    program.chmod(0o755)
    runner = Runner(tmp_path, program)
    runner.run(release_gate="true")

    assert runner.codes == {"Install": 0, "Rules": 0, "Attacks": 0, "Release gate": 1}


@pytest.mark.parametrize("name", ["suites", "seed", "mutations", "compare", "rules"])
def test_what_an_input_says_is_never_run(breached, name):
    hostile = f'x"; touch {breached.folder}/run; $(touch {breached.folder}/run) `touch {breached.folder}/run` #'
    breached.run(**{name: hostile})

    assert not (breached.folder / "run").exists()
