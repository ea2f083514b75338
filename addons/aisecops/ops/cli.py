"""The command `aisecops`: its root, and how every command ends.

Knows which commands there are and where they live; imports none of them before it is asked for, so
that `aisecops --help` is quick. Turns whatever a command raises into an exit code and two lines.
"""

from __future__ import annotations

import importlib
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from aisecops import __version__
from aisecops.model.errors import ConfigError, Fault
from aisecops.ops.session import BROKEN, FAILED, MISUSED, CommandError, Session

COMMANDS: dict[str, tuple[str, str]] = {
    "up": ("up:up", "everything on this machine: control plane, gateway workers, metrics"),
    "demo": ("demo:demo", "attacks on real agents against a local model and tools, and where they stop"),
    "run": ("run:run", "open a run, start a command inside it, close it with the command's exit code"),
    "env": ("env:env", "the variables that make clients use and trust the gateway"),
    "doctor": ("doctor:doctor", "check ports, trust, clock, keys, store, rules, permissions"),
    "nftables": ("nftables:nftables", "rules that send an agent's traffic to the gateway or nowhere"),
    "config": ("config:config", "the settings in force and where each came from"),
    "rules": ("rules:rules", "check, explain and describe the rules"),
    "token": ("token:token", "capability tokens: request, inspect, revoke"),
    "keys": ("keys:keys", "signing keys: list, rotate"),
    "runs": ("runs:runs", "runs: list, show, halt, resume"),
    "approvals": ("approvals:approvals", "held steps: list, show, approve, deny"),
    "people": ("people:people", "who may speak to the control plane: list, add, secret, remove"),
    "login": ("people:login", "be somebody for the commands in this folder"),
    "logout": ("people:logout", "be nobody but the operator again"),
    "risk": ("risk:risk", "what live signals have moved of agents' risk; take it back"),
    "inventory": ("inventory:inventory", "every integration, declared and seen; accept what has changed"),
    "audit": ("audit:audit", "the record: verify, export, prune"),
    "eval": ("eval:evaluate", "attacks on a gateway of your rules: what is contained, and what benign work is stopped"),
    "release-gate": ("release_gate:release_gate", "the six checks before a release, each from evidence"),
    "threat-model": (
        "threat_model:threat_model",
        "the threat model of an agent: from rules and record, signed, checked",
    ),
    "store": ("store:store", "the store on a Redis or Valkey server: status, begin anew"),
    "maturity": ("maturity:maturity", "the maturity level, what shows it, what is missing for the next"),
    "declare": ("declare:declare", "the signed conformance declaration; verify one"),
    "replay": ("replay:replay", "judge every decision of a run again from its record"),
    "telemetry": ("telemetry:telemetry", "the record to a collector, by OTLP"),
    "gateway": ("gateway:gateway", "one gateway process alone"),
    "control": ("control:control", "the control plane alone"),
}
"""Command to its place under `ops/commands/` (`module:attribute`) and what it does, in the order of `--help`."""


class Root(click.Group):
    """A group that loads a command when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(f"aisecops.ops.commands.{module}"), attribute)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            from aisecops.ops.nearest import nearest

            mend = nearest(args[0], list(COMMANDS)) or "`aisecops --help` lists all commands"
            raise CommandError(f"no command `{args[0]}`", mend, MISUSED)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, words) for name, (_, words) in COMMANDS.items()])


@click.command(cls=Root, name="aisecops", context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--config", type=click.Path(path_type=Path), help="The settings file; ./aisecops.yaml if there is one.")
@click.option("--debug", is_flag=True, help="Show tracebacks.")
@click.version_option(__version__, prog_name="aisecops")
@click.pass_context
def root(ctx: click.Context, config: Path | None, debug: bool) -> None:
    """The gateway between AI agents and the world."""
    del debug  # read by `main`, which must know it also when the arguments cannot be parsed
    ctx.obj = Session(config)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Returns its exit code: 0 well, 1 the check failed, 2 wrong use, 3 something is down."""
    logging.getLogger("aisecops").addHandler(logging.NullHandler())  # unasked, a command's log is not its output
    given = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in given[:3] or bool(os.environ.get("AISECOPS_DEBUG"))  # noqa: TID251  (before settings exist)
    try:
        return _code(root.main(args=given, prog_name="aisecops", standalone_mode=False))
    except click.exceptions.NoArgsIsHelpError as unsaid:
        click.echo(unsaid.format_message(), err=True)
        return MISUSED
    except Exception as raised:  # the outermost guard
        if debug:
            raise
        what, mend, code = _told(_alone(raised))
        click.echo(f"aisecops: {what}" + (f"\n  {mend}" if mend else ""), err=True)
        return code


def _code(returned: Any) -> int:
    return returned if isinstance(returned, int) and not isinstance(returned, bool) else 0


def _alone(raised: Exception) -> Exception:
    """What really was raised: a group of tasks wraps even the one thing that ended it."""
    while isinstance(raised, ExceptionGroup) and len(raised.exceptions) == 1:
        raised = raised.exceptions[0]
    return raised


def _told(raised: Exception) -> tuple[str, str, int]:
    """What happened, the mend, and the exit code."""
    match raised:
        case CommandError():
            return raised.what, raised.mend, raised.exit_code
        case ConfigError():
            return str(raised), raised.mend, MISUSED
        case Fault():
            return str(raised), "`aisecops doctor` finds what is down", BROKEN
        case click.UsageError():
            command = raised.ctx.command_path if raised.ctx else "aisecops"
            return _sentence(raised.format_message()), f"`{command} --help` shows how", MISUSED
        case click.ClickException() | click.Abort():
            return _sentence(str(raised) or "stopped"), "", FAILED
        case _:
            return f"unexpected: {type(raised).__name__}: {raised}", "the same with --debug shows where", BROKEN


def _sentence(text: str) -> str:
    text = " ".join(text.split())  # some are told over several lines, and ours are one
    return text[:1].lower() + text[1:].rstrip(".")
