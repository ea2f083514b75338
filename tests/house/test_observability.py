"""Dashboards and alert rules ask for metrics that there are, in words that Prometheus takes."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from aisecops.ops.settings_read import load
from support.metrics_table import promised

FOLDER = Path(__file__).parents[2] / "docker" / "observability"
DASHBOARDS = sorted((FOLDER / "grafana" / "dashboards").glob("*.json"))
GRAFANA_TYPES = Path(__file__).parents[2] / ".venv-engines" / "grafana-types"
NAMES = re.compile(r"\baisecops_\w+")
SUFFIXES = ("_total", "_bucket", "_sum", "_count")


@pytest.fixture
def promtool():
    """Runs promtool; skipped where there is none."""
    program = shutil.which("promtool")
    if program is None:
        pytest.skip("no promtool here: Debian's package `prometheus` has it")

    def run(*arguments):
        return subprocess.run(
            [program, *arguments], cwd=FOLDER, capture_output=True, text=True, check=False, timeout=60
        )

    return run


def alerts():
    groups = yaml.safe_load((FOLDER / "alerts.yaml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def panels():
    return [panel for path in DASHBOARDS for panel in json.loads(path.read_text())["panels"] if panel["type"] != "row"]


def expressions():
    for rule in alerts():
        yield rule["alert"], rule["expr"]
    for panel in panels():
        for target in panel["targets"]:
            yield panel["title"], target["expr"]


def family(name):
    """The promised family that a name in an expression is of; None for one that is not there."""
    bare = [name.removesuffix(suffix) for suffix in SUFFIXES if name.endswith(suffix)] + [name]
    return next((one for one in bare if one in promised()), None)


def test_prometheus_takes_the_alert_rules_and_they_do_what_their_unit_tests_say(promtool):
    for arguments in (("check", "rules", "alerts.yaml"), ("test", "rules", "alerts.test.yaml")):
        done = promtool(*arguments)
        assert done.returncode == 0, done.stdout + done.stderr


def test_prometheus_takes_its_settings(promtool):
    done = promtool("check", "config", "prometheus.yaml")
    assert done.returncode == 0, done.stdout + done.stderr


def test_prometheus_takes_every_expression_of_the_dashboards(promtool, tmp_path):
    plain = [expr.replace("$__rate_interval", "5m").replace("$agent", "clerk") for _, expr in expressions()]
    rules = [{"record": f"panel:{number}", "expr": expr} for number, expr in enumerate(plain)]
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))

    done = promtool("check", "rules", str(tmp_path / "rules.yaml"))

    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(rules)} rules found" in done.stdout


def test_every_metric_that_is_asked_for_is_promised_and_has_the_labels_it_is_asked_by():
    wrong = []
    for where, expr in expressions():
        named = [family(name) for name in NAMES.findall(expr)]
        if None in named:
            wrong.append((where, NAMES.findall(expr)))
            continue
        allowed = {"le"}.union(*(promised()[name].labels for name in named))
        asked = {one.strip() for group in re.findall(r"by \(([\w, ]+)\)", expr) for one in group.split(",")}
        asked |= set(re.findall(r"[{,]\s*(\w+)\s*=", expr))
        if "up{" not in expr and asked - allowed:
            wrong.append((where, asked - allowed))
    assert wrong == []


@pytest.fixture
def grafana_types():
    """Reads a dashboard by Grafana's own published types, strictly; `make engines` builds it."""
    if not GRAFANA_TYPES.exists():
        pytest.skip("Grafana's types are not built here: make engines")

    def read(path):
        return subprocess.run([GRAFANA_TYPES, path], capture_output=True, text=True, check=False, timeout=60)

    return read


@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.stem)
def test_grafana_s_own_types_know_every_field_and_miss_none(grafana_types, path):
    done = grafana_types(path)

    assert (done.returncode, done.stdout) == (0, f"{len(json.loads(path.read_text())['panels'])} panels\n")


@pytest.mark.parametrize(
    ("break_it", "told"),
    [
        (lambda panel: panel["options"].pop("colorMode"), "colorMode: required field is missing"),
        (lambda panel: panel["options"].update(colourMode="value"), "unexpected field 'colourMode'"),
        (lambda panel: panel["targets"][0].update(exprs="up"), "unexpected field 'exprs'"),
        (lambda panel: panel["gridPos"].update(h="4"), "gridPos.h: json: cannot unmarshal"),
    ],
)
def test_grafana_s_own_types_see_what_is_wrong(grafana_types, tmp_path, break_it, told):
    board = json.loads(DASHBOARDS[0].read_text())
    break_it(next(panel for panel in board["panels"] if panel["type"] == "stat"))
    (tmp_path / "board.json").write_text(json.dumps(board))
    done = grafana_types(tmp_path / "board.json")

    assert done.returncode == 1
    assert told in done.stdout


def test_no_panel_is_of_a_kind_that_is_not_read_strictly():
    program = (Path(__file__).parents[1] / "support/grafana/main.go").read_text()

    assert all(f"{panel['type']}.VariantConfig()" in program for panel in panels())


def test_every_metric_is_on_a_dashboard_or_in_an_alert():
    asked = {family(name) for _, expr in expressions() for name in NAMES.findall(expr)}

    assert promised().keys() - asked == set()


def test_every_alert_says_what_it_means_and_what_to_do_first():
    for rule in alerts():
        assert rule["labels"]["severity"] in {"critical", "warning", "info"}
        assert {"summary", "description", "runbook"} <= rule["annotations"].keys(), rule["alert"]


def test_every_command_that_a_runbook_names_is_one():
    from aisecops.ops.cli import COMMANDS

    named = {
        command for rule in alerts() for command in re.findall(r"`aisecops (\S+?)[ `]", rule["annotations"]["runbook"])
    }

    assert named - COMMANDS.keys() - {"eval", "up"} == set()


def test_no_panel_lies_over_another():
    for path in DASHBOARDS:
        taken = set()
        for panel in json.loads(path.read_text())["panels"]:
            at = panel["gridPos"]
            cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
            assert not taken & cells, panel["title"]
            assert at["x"] + at["w"] <= 24
            taken |= cells


def test_containers_find_each_other_and_the_gateway_listens_where_it_is_scraped(tmp_path):
    services = yaml.safe_load((FOLDER / "compose.yaml").read_text())["services"]
    settings = load(file=FOLDER.parent / "aisecops.yaml", environ={}, folder=tmp_path)
    scraped = yaml.safe_load((FOLDER / "prometheus.yaml").read_text())["scrape_configs"][0]
    source = yaml.safe_load((FOLDER / "grafana/provisioning/datasources/prometheus.yaml").read_text())["datasources"][0]

    assert scraped["job_name"] == "aisecops"
    assert scraped["static_configs"][0]["targets"] == [str(settings.metrics.listen)]
    address = services["prometheus"]["networks"]["outside"]["ipv4_address"]
    assert source["url"] == f"http://{address}:9090"
    assert f"--web.listen-address={address}:9090" in services["prometheus"]["command"]
    collector = services["collector"]["networks"]["outside"]["ipv4_address"]
    environment = services["gateway"]["environment"]
    given = {"telemetry.otlp": environment["AISECOPS_TELEMETRY_OTLP"], "telemetry.insecure": "true"}
    assert load(given, environ={}, folder=tmp_path).telemetry.otlp == f"http://{collector}:4318"
