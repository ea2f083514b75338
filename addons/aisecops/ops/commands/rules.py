"""`aisecops rules`: check them, ask them, try them on cases, describe them to editors."""

from __future__ import annotations

import io
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from aisecops.adapters.nlp.names_model import names_model
from aisecops.adapters.policies.files import Unreadable, read_cases
from aisecops.adapters.policies.reading import read_rules
from aisecops.adapters.system.clock import SystemClock
from aisecops.controls.policy.cases import CaseResult, parse_cases, run_case
from aisecops.controls.policy.coverage import coverage
from aisecops.controls.policy.explain import Ask, Explanation, explain, explain_proposal
from aisecops.controls.policy.explain_calls import read_json
from aisecops.controls.policy.mistakes import shown
from aisecops.controls.policy.sections import schema
from aisecops.controls.policy.unobeyed import unobeyed
from aisecops.model.ids import AgentId
from aisecops.model.place import Problem
from aisecops.model.risk import from_micros
from aisecops.model.rules import RuleSet
from aisecops.ops.commands.rules_backtest import backtest_command
from aisecops.ops.commands.rules_bundle import bundle_command
from aisecops.ops.commands.rules_diff import diff_command
from aisecops.ops.commands.rules_suggest import suggest_command
from aisecops.ops.days import today
from aisecops.ops.session import FAILED, MISUSED, CommandError, Session
from aisecops.ops.watched import NO_MODEL, asks_for_names

_FOLDER = click.argument("folder", required=False, type=click.Path(path_type=Path))
_RULES = click.option("--rules", "folder_option", type=click.Path(path_type=Path), help="The rules folder.")
_JSON = click.option("--json", "as_json", is_flag=True, help="As JSON.")


@click.group
def rules() -> None:
    """Check, explain and try the rules."""


rules.add_command(backtest_command)
rules.add_command(bundle_command)
rules.add_command(diff_command)
rules.add_command(suggest_command)


def _notes(found: RuleSet) -> tuple[str, ...]:
    """What these rules ask and do not get on this machine."""
    without_model = asks_for_names(found) and not names_model()
    return (*unobeyed(found, today=today(SystemClock())), *([NO_MODEL] if without_model else []))


@rules.command
@_FOLDER
@_RULES
@_JSON
@click.pass_context
def check(ctx: click.Context, folder: Path | None, folder_option: Path | None, as_json: bool) -> None:
    """Read the rules and say everything that is wrong, each with its place and mend."""
    at = _folder(ctx, folder, folder_option)
    found = _read(ctx, at)
    problems = () if isinstance(found, RuleSet) else found
    notes = _notes(found) if isinstance(found, RuleSet) else ()
    if as_json:
        version = found.policy_version if isinstance(found, RuleSet) else None
        said = [_as_json(one) for one in problems]
        _print_json({"ok": not problems, "policy_version": version, "problems": said, "notes": list(notes)})
    elif isinstance(found, RuleSet):
        click.echo(f"{at}: well, {_counted(found)}\n{found.policy_version}")
        for note in notes:
            click.echo(f"note: {note}")
    else:
        _tell(problems)
    if problems:
        ctx.exit(FAILED)


class _Body(click.File):
    """JSON as it is written, or the file that it is in: no file is called `{…}`."""

    name = "json or file"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if isinstance(value, str) and value.lstrip()[:1] in {"{", "["}:
            return io.BytesIO(value.encode())
        return super().convert(value, param, ctx)


@rules.command("explain")
@click.option("--agent", required=True, help="Who asks.")
@click.option("--method", default="GET", show_default=True, help="The HTTP method.")
@click.option("--url", help="The whole URL.")
@click.option("--model-tool", help="Instead of a URL: a model proposes a call of this local tool.")
@click.option("--body", type=_Body("rb"), help="The JSON body, or the call's arguments; or a file with it; - is stdin.")
@_RULES
@_JSON
@click.pass_context
def explain_command(  # noqa: PLR0917  (one argument per option)
    ctx: click.Context,
    agent: str,
    method: str,
    url: str | None,
    model_tool: str | None,
    body: Any,
    folder_option: Path | None,
    as_json: bool,
) -> None:
    """Say what would happen to a request, or to a call that a model proposes, as the first step of a run, and why."""
    if (url is None) == (model_tool is None):
        raise CommandError("one of `--url` and `--model-tool` says what is asked", "give exactly one of them", MISUSED)
    loaded = _loaded(ctx, _folder(ctx, None, folder_option))
    data, agent_id, ask = body.read() if body else b"", AgentId(agent), _engine(loaded)
    try:
        if model_tool is not None:
            found = explain_proposal(loaded, agent_id, model_tool, read_json(data), ask=ask)
        else:
            found = explain(loaded, agent_id, method=method.upper(), url=url or "", body=data, ask=ask)
    except ValueError as error:
        raise CommandError(f"{shown(url or '')} is not a URL that can be judged", str(error), MISUSED) from None
    if as_json:
        _print_json(explanation_json(found))
        return
    for name, value in _lines(found):
        click.echo(f"{name:9} {value}")


@rules.command("schema")
def schema_command() -> None:
    """Print the JSON Schema of a rules file, for editors and YAML language servers."""
    _print_json(schema())


@rules.command("test")
@_FOLDER
@_RULES
@_JSON
@click.pass_context
def test_command(ctx: click.Context, folder: Path | None, folder_option: Path | None, as_json: bool) -> None:
    """Run the case files beside the rules."""
    at = _folder(ctx, folder, folder_option)
    loaded = _loaded(ctx, at)
    try:
        cases, problems = parse_cases(read_cases(at))
    except Unreadable as unreadable:
        cases, problems = (), (unreadable.problem,)
    if not cases and not problems:
        raise CommandError(f"no case in `{at}`", "write a `*.cases.yaml` beside the rules", FAILED)
    ask = _engine(loaded)
    results = [run_case(loaded, case, ask) for case in cases]
    failed = [result for result in results if result.faults]
    covered = coverage(loaded, results)
    if as_json:
        listed = [_result_json(result) for result in results]
        _print_json(
            {
                "ok": not failed and not problems,
                "cases": listed,
                "problems": [_as_json(p) for p in problems],
                "coverage": {
                    "rules": covered.rules,
                    "untouched": [{"rule": name, "place": str(place)} for name, place in covered.untouched],
                },
            }
        )
    else:
        _tell(problems)
        for result in failed:
            click.echo(f"{result.case.place}: `{result.case.name}`: {'; '.join(result.faults)}", err=True)
            click.echo(f"  the rules say: {result.found.detail}", err=True)
        click.echo(f"{len(results) - len(failed)} of {len(results)} cases as expected")
        click.echo(f"{covered.rules - len(covered.untouched)} of {covered.rules} rules touched by a case")
        for name, place in covered.untouched:
            click.echo(f"  untouched: {name} ({place})")
    if failed or problems:
        ctx.exit(FAILED)


def explanation_json(found: Explanation) -> dict[str, Any]:
    """An explanation for programs: risk in units, not millionths; what does not apply is null."""
    risk = None
    if found.step_micros is not None:
        risk = {
            "base_risk": float(found.base_risk or 0),
            "trust": float(found.trust or 0),
            "step": from_micros(found.step_micros),
            "approve_above": from_micros(found.approve_micros or 0),
            "halt_above": from_micros(found.halt_micros or 0),
        }
    return {
        "verdict": found.verdict.value,
        "code": found.code,
        "detail": found.detail,
        "kind": found.kind.value,
        "tool": found.tool or None,
        "effect": found.effect or None,
        "scope": found.scope or None,
        "rule": found.rule or None,
        "place": found.place or None,
        "mode": found.mode,
        "token_needed": found.token,
        "risk": risk,
    }


def _lines(found: Explanation) -> Iterable[tuple[str, str]]:
    yield "verdict", found.verdict.value + (f" ({found.code})" if found.code else "")
    if found.detail:
        yield "why", found.detail
    if found.tool:
        yield "tool", f"{found.tool}{f', effect {found.effect}' if found.effect else ''}"
    if found.scope:
        yield "scope", found.scope
    if found.rule or found.place:
        yield "rule", " in ".join(part for part in (found.rule, found.place) if part)
    yield "token", "needed" if found.token else "not needed"
    if found.step_micros is not None and found.approve_micros is not None and found.halt_micros is not None:
        factors = f"base {found.base_risk} x trust {found.trust} = {from_micros(found.step_micros):g}"
        lines = f"approve above {from_micros(found.approve_micros):g}, halt above {from_micros(found.halt_micros):g}"
        yield "risk", f"{factors}; {lines}"
    if found.mode is not None:
        yield "mode", found.mode.value


def _engine(loaded: RuleSet) -> Ask | None:
    """What can be asked without a server: the embedded engine, where the rules name it."""
    if not loaded.policy.cedar_files:
        return None
    from aisecops.adapters.policies.cedar import CedarPoint

    return CedarPoint().judgment


def _folder(ctx: click.Context, argument: Path | None, option: Path | None) -> Path:
    """The folder named here, else the one of the settings."""
    if argument and option:
        raise CommandError("the rules folder is named twice", "name it once", MISUSED)
    named = argument or option
    if named is None:
        session = ctx.find_object(Session)
        named = session.settings.paths.rules if session else Path("rules")
    if not named.exists():
        raise CommandError(f"there is no rules folder `{named}`", "name it: `--rules FOLDER`", MISUSED)
    return named


def _read(ctx: click.Context, at: Path) -> RuleSet | tuple[Problem, ...]:
    """The rules of a folder, or of a bundle that is signed as the settings say."""
    from aisecops.ops.wiring.rules import rules_files

    session = ctx.find_object(Session) or Session()
    try:
        return read_rules(rules_files(session.settings, at))
    except Unreadable as unreadable:
        return (unreadable.problem,)


def _loaded(ctx: click.Context, folder: Path) -> RuleSet:
    found = _read(ctx, folder)
    if not isinstance(found, RuleSet):
        _tell(found)
        ctx.exit(FAILED)
    return found


def _tell(problems: Iterable[Problem]) -> None:
    for problem in problems:
        click.echo(str(problem), err=True)
        if problem.mend:
            click.echo(f"  {problem.mend}", err=True)


def _as_json(problem: Problem) -> dict[str, Any]:
    place = problem.place
    return {
        "file": place.file,
        "line": place.line,
        "column": place.column,
        "what": problem.what,
        "mend": problem.mend,
    }


def _result_json(result: CaseResult) -> dict[str, Any]:
    return {
        "name": result.case.name,
        "place": str(result.case.place),
        "ok": not result.faults,
        "faults": list(result.faults),
        "found": explanation_json(result.found),
    }


def _counted(found: RuleSet) -> str:
    parts = (
        ("agent", found.agents),
        ("tool", found.tools),
        ("model", found.models),
        ("source", found.sources),
    )
    return ", ".join(f"{len(many)} {name}{'' if len(many) == 1 else 's'}" for name, many in parts)


def _print_json(data: Any) -> None:
    import orjson

    click.echo(orjson.dumps(data, option=orjson.OPT_INDENT_2).decode())
