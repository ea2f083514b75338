"""What the commands share: the settings of this call, exit codes, and how a command says no.

A command takes it with `@click.pass_obj` and asks `session.settings`. Commands that can be told settings
as flags wear `@setting_flags`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from aisecops.ops.settings import Settings

WELL, FAILED, MISUSED, BROKEN = 0, 1, 2, 3
"""Exit codes (contract 2): well; the check failed; wrong use or configuration; something is down."""


class CommandError(Exception):
    """A command cannot do what it was asked: one line of what, one of the mend, and the exit code."""

    def __init__(self, what: str, mend: str = "", exit_code: int = FAILED) -> None:
        super().__init__(what)
        self.what = what
        self.mend = mend
        self.exit_code = exit_code


class Session:
    """One call of the command line. Settings are read when first asked for."""

    def __init__(self, config: Path | None = None) -> None:
        self.config = config
        self.flags: dict[str, Any] = {}
        self._settings: Settings | None = None

    @property
    def settings(self) -> Settings:
        """The settings in force; raises ConfigError."""
        if self._settings is None:
            from aisecops.ops.settings_read import load

            self._settings = load(self.flags, file=self.config)
        return self._settings


_Function = TypeVar("_Function", bound=Callable[..., Any])


def setting_flags(*parts: str) -> Callable[[_Function], _Function]:
    """Give a command one flag per setting, and `--config`. With `parts`, only settings under these names."""
    from aisecops.ops.settings_keys import KEYS

    def keep(name: str) -> Callable[[click.Context, click.Parameter, Any], None]:
        def callback(ctx: click.Context, _: click.Parameter, value: Any) -> None:
            if value not in (None, ()):
                ctx.find_object(Session).flags[name] = value  # type: ignore[union-attr]

        return callback

    def take_config(ctx: click.Context, _: click.Parameter, value: Path | None) -> None:
        if value is not None:
            ctx.find_object(Session).config = value  # type: ignore[union-attr]

    def decorate(function: _Function) -> _Function:
        for key in reversed(KEYS.values()):
            if parts and key.name.partition(".")[0] not in parts:
                continue
            several = isinstance(key.default, tuple | dict)
            option = click.option(
                key.flag,
                key.parameter,
                expose_value=False,
                callback=keep(key.name),
                multiple=several,
                metavar=key.metavar,
                help=key.words,
            )
            function = option(function)
        config = click.Path(path_type=Path)
        return click.option(
            "--config", type=config, expose_value=False, callback=take_config, help="The settings file."
        )(function)

    return decorate
