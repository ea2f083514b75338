"""`aisecops demo`: attacks on real agents behind the gateway, and where each one stops."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from aisecops.ops.session import FAILED, WELL

if TYPE_CHECKING:
    from aisecops.ops.demo.stage import Performed, Stage

DEFAULT_PORTS = (8080, 8081, 9464)


@click.command
@click.option("--serve", is_flag=True, help="Stay on afterwards, on the default ports, until Ctrl-C.")
@click.option(
    "--folder",
    type=click.Path(path_type=Path),
    default=Path(".aisecops/demo"),
    show_default=True,
    help="Where everything is kept; emptied first.",
)
def demo(*, serve: bool, folder: Path) -> int:
    """Run real agents against a local model and tools, attack them, show what was stopped, where and why."""
    try:
        import anthropic  # noqa: F401
        import openai  # noqa: F401
    except ImportError:
        raise click.UsageError("the demo's agents need the official SDKs: pip install 'aisecops[demo]'") from None
    from aisecops.ops.demo.scenes import SCENES
    from aisecops.ops.demo.stage import stage

    click.echo("starting a model, tools and a gateway on this machine ...")
    with stage(folder, ports=DEFAULT_PORTS if serve else (0, 0, 0)) as on:
        click.echo(f"gateway at {on.settings.proxy.url}, everything kept in {folder}\n")
        performed = []
        for scene in SCENES:
            click.echo(f"  {scene.title:34}", nl=False)
            done = on.perform(scene)
            performed.append(done)
            click.echo(f"{_outcome(done):70} {done.seconds:4.1f} s")
        _report(performed, folder)
        if serve:
            _stay(on, folder)
    return WELL if all(done.well for done in performed) else FAILED


def _outcome(done: Performed) -> str:
    if not done.well:
        return f"NOT AS IT MUST BE: {', '.join(done.codes) or 'nothing was refused'}"
    return done.scene.ended or ", ".join(dict.fromkeys(done.codes)) or "passed"


def _report(performed: list[Performed], folder: Path) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(
        box=box.SIMPLE_HEAD, title="\nwhat each would have done, and where it was stopped", title_justify="left"
    )
    for heading in ("scene", "agent", "would have", "stopped by", "decision"):
        table.add_column(heading, overflow="fold")
    for done in performed:
        stop = done.stop
        table.add_row(
            done.scene.title,
            done.scene.agent,
            done.scene.wanted,
            str(stop.get("code", "-")),
            str(stop.get("decision_id") or "-"),
        )
    Console(width=150).print(table)
    config = folder / "aisecops.yaml"
    chain = next((done for done in performed if done.scene.name == "mass_mail"), performed[-1])
    program = _program()
    click.echo("look further:")
    click.echo(f"  {program} --config {config} runs show {chain.run_id}")
    click.echo(f"  {program} --config {config} replay {chain.run_id}")
    click.echo(f"  {program} --config {config} audit verify")
    click.echo(f"  {folder}/rules/demo.yaml has the rules, rules/README.md explains them")


def _program() -> str:
    """How this program was called, so that the lines can be pasted."""
    called = Path(sys.argv[0])
    if called.name != "aisecops" or not called.is_absolute():
        return str(called) if called.name == "aisecops" else "aisecops"
    return str(called.relative_to(Path.cwd())) if called.is_relative_to(Path.cwd()) else str(called)


def _stay(on: Stage, folder: Path) -> None:
    import signal

    click.echo(f"\nstaying on: proxy {on.settings.proxy.url}, dashboard {on.settings.control.url}/; Ctrl-C ends it")
    click.echo(f"the dashboard's login takes the secret in {folder}/state/operator.secret")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        signal.pause()
    except KeyboardInterrupt:
        click.echo("stopping ...")
