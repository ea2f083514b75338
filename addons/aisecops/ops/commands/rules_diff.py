"""`aisecops rules diff`: what two rule sets allow that the other does not, for reviews and drift audits (spec 22.3)."""

from __future__ import annotations

from pathlib import Path

import click

from aisecops.adapters.policies.files import Unreadable
from aisecops.adapters.policies.reading import read_rules
from aisecops.controls.policy.diff import Change, diff
from aisecops.controls.policy.directions import Direction
from aisecops.model.errors import ConfigError
from aisecops.model.rules import RuleSet
from aisecops.ops.session import FAILED, MISUSED, CommandError, Session
from aisecops.ops.settings import Settings

_HEADINGS = {
    Direction.GAINED: "gained (may now, and could not before)",
    Direction.LOST: "lost (could before, and may not now)",
    Direction.CHANGED: "changed (which way, only a person can tell)",
}


@click.command("diff")
@click.argument("old")
@click.argument("new", required=False)
@click.option("--rules", "folder_option", type=click.Path(path_type=Path), help="The rules folder.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_context
def diff_command(ctx: click.Context, old: str, new: str | None, folder_option: Path | None, as_json: bool) -> None:
    """Compare OLD with NEW (default: the rules folder) in terms of authority.

    Each is a folder, a bundle that is signed as the settings say, or a git revision of the rules folder. Exit code 1
    when anything was gained.
    """
    session = ctx.find_object(Session)
    folder = folder_option or (session.settings.paths.rules if session else Path("rules"))
    settings = (session or Session()).settings
    before = _rules(settings, folder, old)
    after = _rules(settings, folder, new or str(folder))
    changes = diff(before, after)
    if as_json:
        _print_json(before, after, changes)
    else:
        _tell(changes)
    if any(change.direction is Direction.GAINED for change in changes):
        ctx.exit(FAILED)


def _rules(settings: Settings, folder: Path, named: str) -> RuleSet:
    """The rule set of the folder or bundle `named`, else of the revision `named` of `folder`."""
    from aisecops.ops.wiring.rules import rules_files

    try:
        if Path(named).exists():
            files = rules_files(settings, Path(named))
        else:
            from aisecops.adapters.policies.revisions import read_revision

            files = read_revision(folder, named)
    except Unreadable as unreadable:
        raise CommandError(unreadable.problem.what, unreadable.problem.mend, MISUSED) from None
    except ConfigError as error:
        raise CommandError(f"`{named}` is no folder, and no revision: {error}", error.mend, MISUSED) from None
    found = read_rules(files)
    if isinstance(found, RuleSet):
        return found
    raise CommandError(f"the rules of `{named}` cannot be used: {found[0]}", found[0].mend, MISUSED)


def _tell(changes: tuple[Change, ...]) -> None:
    for direction, heading in _HEADINGS.items():
        found = [change for change in changes if change.direction is direction]
        if not found:
            click.echo(f"nothing {direction.value}")
            continue
        click.echo(heading)
        for change in found:
            click.echo(f"  {change.what}{f' ({change.place})' if change.place else ''}")


def _print_json(before: RuleSet, after: RuleSet, changes: tuple[Change, ...]) -> None:
    import orjson

    listed: dict[str, list[dict[str, str]]] = {direction.value: [] for direction in Direction}
    for change in changes:
        listed[change.direction.value].append({"path": change.path, "what": change.what, "place": change.place})
    said = {"old": before.policy_version, "new": after.policy_version, **listed}
    click.echo(orjson.dumps(said, option=orjson.OPT_INDENT_2).decode())
