"""`aisecops audit`: is the record whole, the record for other programs, and retention. Nothing needs to run."""

from __future__ import annotations

import csv
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

import click
import msgspec
import orjson

from aisecops.adapters.audit import checkpoints
from aisecops.adapters.audit.lines import segment_name
from aisecops.adapters.audit.ocsf import as_ocsf
from aisecops.adapters.audit.reader import events, run_export
from aisecops.adapters.audit.verify import Verification
from aisecops.adapters.audit.verify import verify as verified
from aisecops.model.errors import RecordError
from aisecops.ops.listing import cell, show_json
from aisecops.ops.progress import Progress
from aisecops.ops.prune import say_what_is_gone
from aisecops.ops.session import BROKEN, FAILED, MISUSED, WELL, CommandError, Session, setting_flags

_Function = Callable[..., Any]

_MOST_SHOWN = 50
_COLUMNS = (
    *("seq", "at", "event", "run_id", "root_run_id", "agent_id", "decision_id", "policy_version", "control"),
    *("kind", "tool", "effect", "scope", "method", "host", "verdict", "enforced", "code", "total"),
    *("status", "cost", "bytes", "duration_ms", "jti", "approval_id", "by", "why"),
)
_FOR_REPLAY = ("v", "prev", "facts", "decision")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def of_state(function: _Function) -> _Function:
    """Give a command `--state` and every setting under `paths`."""

    def keep(ctx: click.Context, _: click.Parameter, value: str | None) -> None:
        if value is not None and (session := ctx.find_object(Session)) is not None:
            session.flags["paths.state"] = value

    state = click.option("--state", metavar="PATH", expose_value=False, callback=keep, help="The state folder.")
    return state(setting_flags("paths")(function))


@click.group()
def audit() -> None:
    """The record: verify, export, prune."""


@audit.command()
@of_state
@click.option(
    "--key", type=click.Path(path_type=Path), help="Public keys kept elsewhere: a JSON object, base64 by name."
)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_obj
def verify(session: Session, key: Path | None, as_json: bool) -> int:
    """Check every line, segment and checkpoint of the record; name what is not as it was written.

    The keys beside the record show that it is whole as far as nobody wrote over all of it; a key kept
    elsewhere shows that too.
    """
    folder = session.settings.record_folder
    try:
        keys = checkpoints.parse_keys(key.read_bytes(), str(key)) if key else checkpoints.public_keys(folder)
    except OSError as error:
        raise _unreadable(key or folder, error) from error
    except RecordError as error:
        raise CommandError(
            str(error), "`keys.json` beside the record shows the form", MISUSED if key else BROKEN
        ) from None
    progress = Progress("checked")
    try:
        found = verified(folder, keys if key or keys else None, progress=progress)
    except OSError as error:
        raise _unreadable(folder, error) from error
    except RecordError as error:
        raise CommandError(str(error), "`--state` names the state folder", BROKEN) from None
    finally:
        progress.over()
    if as_json:
        show_json(msgspec.to_builtins(found))
        return WELL if found.ok else FAILED
    return _told(found, own_key=key is not None)


def _told(found: Verification, *, own_key: bool) -> int:
    for problem in found.problems[:_MOST_SHOWN]:
        click.echo(str(problem))
    if not found.ok:
        count = len(found.problems)
        more = f", {count - _MOST_SHOWN} not shown" if count > _MOST_SHOWN else ""
        raise CommandError(
            f"the record is not as it was written: {count} problem{'s' if count > 1 else ''}{more}",
            "keep the folder as evidence, and compare it with a copy from before",
        )
    for one in _by_removal(found):
        click.echo(one)
    keys = "your key" if own_key else "the key beside it"
    click.echo(f"whole: {found.lines} lines, {found.checkpoints} checkpoints, checked with {keys}")
    click.echo(f"ends at seq {found.seq}, {found.hash}")
    return WELL


def _by_removal(found: Verification) -> list[str]:
    """One line for each time that segments were taken out on purpose, oldest first."""
    last = {(one.at, one.by, one.why): one for one in found.removed}
    return [
        f"taken out on purpose: up to seq {one.seq} ({one.last_at}), on {one.at} by {cell(one.by)}: {cell(one.why)}"
        + (f" (to {cell(one.archive)})" if one.archive else "")
        for one in last.values()
    ]


@audit.command()
@of_state
@click.option("--keep-days", type=click.IntRange(min=1), help="Segments whose last event is older may go.")
@click.option("--keep-bytes", metavar="SIZE", help="The oldest segments beyond this size may go, such as `10GiB`.")
@click.option("--archive", type=click.Path(path_type=Path, file_okay=False), help="Where to; else they are deleted.")
@click.option("--by", default="", help="Who takes them out.")
@click.option("--why", default="", help="Why; both are signed and stay in the record.")
@click.option("--yes", is_flag=True, help="Do it; without, only say what would go.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_obj
def prune(  # noqa: PLR0917 - one argument per option
    session: Session,
    keep_days: int | None,
    keep_bytes: str | None,
    archive: Path | None,
    by: str,
    why: str,
    yes: bool,
    as_json: bool,
) -> int:
    """Take the oldest segments out of the record, each named in a signed statement; gateways may run meanwhile.

    Only of a whole record, only what a signed checkpoint covers, and never the last two segments. `verify` says
    afterwards what was taken out, by whom and why.
    """
    from aisecops.adapters.system.clock import SystemClock
    from aisecops.ops.prune import Asked, may_go, take_out

    if keep_days is None and keep_bytes is None:
        raise CommandError("nothing says what is to stay", "name --keep-days or --keep-bytes", MISUSED)
    if yes and not (by.strip() and why.strip() and (by + why).isprintable()):
        raise CommandError("who takes it out, and why?", "name both in one line each: --by NAME --why WORDS", MISUSED)
    asked = Asked(keep_days, _size(keep_bytes), archive.absolute() if archive is not None else None)
    folder, clock = session.settings.record_folder, SystemClock()
    try:
        old = may_go(folder, asked, now_ms=clock.now_ms())
        if old and yes:
            take_out(folder, session.settings.paths.state, asked, old, by=by.strip(), why=why.strip(), clock=clock)
    except OSError as error:
        raise _unreadable(folder, error) from error
    except RecordError as error:
        raise CommandError(str(error), "nothing more was taken out", BROKEN) from None
    if as_json:
        show_json({"done": yes, "segments": msgspec.to_builtins(old)})
        return WELL
    for one in old:
        click.echo(f"{segment_name(one.segment)}  {one.size_bytes} bytes  up to seq {one.seq}, {one.last_at}")
    click.echo(("taken out" if yes else "would go with --yes") if old else "nothing may go")
    return WELL


def _size(text: str | None) -> int | None:
    from aisecops.controls.policy.units import size_bytes

    try:
        return size_bytes(text) if text is not None else None
    except ValueError as error:
        raise CommandError(f"`{text}` is no size", str(error), MISUSED) from None


@audit.command()
@of_state
@click.option(
    "--format",
    "form",
    type=click.Choice(["jsonl", "csv", "json", "ocsf"]),
    default="jsonl",
    help="A line per event, a table, (with --run) one run in the eight fields of the specification, or OCSF for SIEMs.",
)
@click.option("--run", "run_id", metavar="RUN", help="Only this run.")
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="A file; else standard output.")
@click.pass_obj
def export(session: Session, form: str, run_id: str | None, output: Path | None) -> int:
    """Write the record for other programs, streaming."""
    if form == "json" and run_id is None:
        raise CommandError("the format json tells of one run", "name it with --run, or use jsonl", MISUSED)
    folder = session.settings.record_folder
    say_what_is_gone(folder)
    if run_id is not None and next(events(folder, run_id=run_id), None) is None:
        raise CommandError(f"the record knows no run `{run_id}`", "`aisecops runs list` shows those there are")
    found = events(folder, run_id=run_id)
    with _opened(output) as file:
        if form == "json":
            file.write(orjson.dumps(run_export(folder, str(run_id)), option=orjson.OPT_INDENT_2).decode() + "\n")
        elif form == "csv":
            _write_csv(found, file)
        else:
            for event in found:
                told = as_ocsf(event) if form == "ocsf" else event
                file.write(orjson.dumps(told, option=orjson.OPT_SORT_KEYS).decode() + "\n")
    return WELL


def _write_csv(found: Iterable[Mapping[str, Any]], file: IO[str]) -> None:
    writer = csv.writer(file)
    writer.writerow((*_COLUMNS, "more"))
    for event in found:
        more = {name: value for name, value in event.items() if name not in _COLUMNS and name not in _FOR_REPLAY}
        writer.writerow([*(_cell(event.get(name)) for name in _COLUMNS), _cell(more or None)])


def _cell(value: Any) -> str:
    """`value` as a cell that no spreadsheet takes for a formula."""
    if value is None:
        return ""
    if isinstance(value, int | float):
        return str(value)
    text = value if isinstance(value, str) else orjson.dumps(value).decode()
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) else text


@contextmanager
def _opened(output: Path | None) -> Iterator[IO[str]]:
    """Where to write: a file for its owner alone, whole or not at all, or standard output."""
    if output is None:
        yield sys.stdout
        return
    part = output.with_name(f"{output.name}.part")
    try:
        with open(part, "w", encoding="utf-8", newline="", opener=_private) as file:
            yield file
        part.replace(output)
    except OSError as error:
        what = f"`{output}` cannot be written ({_why(error)})"
        raise CommandError(what, "name another with --output", BROKEN) from error
    finally:
        with suppress(OSError):  # moved to its name, or never made
            part.unlink()


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _unreadable(path: Path, error: OSError) -> CommandError:
    if isinstance(error, FileNotFoundError):
        mend = "nothing has run with this state folder; name another with --state, or the settings with --config"
        return CommandError(f"there is no record in `{path}`", mend, BROKEN)
    return CommandError(f"`{path}` cannot be read ({_why(error)})", "run it as the user the gateway runs as", BROKEN)


def _why(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
