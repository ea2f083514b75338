"""`aisecops run --sandbox`: which sandbox these settings ask for, and a command in it.

Knows what is the gateway's own on this machine, and what leads out of a sandbox. How the kernel is asked for
one is `adapters/sandbox`. The command's way to the gateway is a relay in this process.
"""

from __future__ import annotations

import contextlib
import ipaddress
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

import aisecops
from aisecops.adapters.sandbox.outside import Sandbox
from aisecops.adapters.sandbox.places import all_names
from aisecops.adapters.sandbox.plan import PRIVATE, Door, Plan, Start
from aisecops.adapters.sandbox.relay import Relay
from aisecops.adapters.sandbox.unavailable import Unavailable
from aisecops.adapters.system.files import PUBLIC, private_folder, write_whole
from aisecops.model.rules import RuleSet, SecretAuthentication
from aisecops.model.value import Value
from aisecops.ops.environment import Trust, proxy_url
from aisecops.ops.session import BROKEN, MISUSED, CommandError
from aisecops.ops.settings import Settings
from aisecops.ops.settings_keys import PREFIX
from aisecops.ops.settings_read import DEFAULT_FILE, NOT_SETTINGS, environment

LOOPBACK = ("127.0.0.1", "::1")
LEADS_OUT = frozenset(
    {
        *("SSH_AUTH_SOCK", "SSH_AGENT_PID", "GPG_AGENT_INFO", "DBUS_SESSION_BUS_ADDRESS", "DBUS_SYSTEM_BUS_ADDRESS"),
        *("DISPLAY", "WAYLAND_DISPLAY", "WAYLAND_SOCKET", "XAUTHORITY", "TMUX", "TMUX_PANE", "STY", "KITTY_LISTEN_ON"),
        *("DOCKER_HOST", "CONTAINER_HOST", "NOTIFY_SOCKET", "LISTEN_FDS", "LISTEN_PID", "JOURNAL_STREAM"),
        *("VSCODE_IPC_HOOK", "VSCODE_IPC_HOOK_CLI", "ALL_PROXY", "all_proxy", "XDG_RUNTIME_DIR", "TMPDIR"),
        *("AISECOPS_CONFIG", "AISECOPS_DEBUG"),
    }
)
"""Variables that name something outside: inside they would make programs fail late instead of at once."""

CACHES = {"XDG_CACHE_HOME": "/tmp/.cache", "npm_config_cache": "/tmp/.npm"}  # noqa: S108  (private inside)
_PLACEHOLDER = b"# made by `aisecops run --sandbox`, so that a sandboxed command cannot write settings here\n"

Starting = Callable[[Sequence[str], Mapping[str, str]], Sandbox]
"""Starts the command with these variables beside those it inherits."""


class Surroundings(Value):
    """What a plan is made from beside settings and rules."""

    folder: Path
    home: Path
    path: tuple[Path, ...] = ()
    """Where programs are looked for."""

    settings_file: Path | None = None
    """The one that was named, if one was."""

    @classmethod
    def own(cls, named: Path | None) -> Surroundings:
        """Those of this process, which was told the settings file `named` or none."""
        variable = environment().get("AISECOPS_CONFIG")
        folders = (Path(entry) for entry in environment().get("PATH", "").split(os.pathsep) if entry.startswith("/"))
        return cls(
            folder=Path.cwd(),
            home=Path(os.path.expanduser("~")),  # noqa: PTH111  (pathlib's raises without a home)
            path=tuple(folders),
            settings_file=named or (Path(variable) if variable else None),
        )


@contextlib.contextmanager
def sandboxed(
    settings: Settings, trust: Trust, rules: RuleSet, around: Surroundings, say: Callable[[str], None]
) -> Iterator[Starting]:
    """A sandbox that is there before anything else is asked for; raises CommandError when there can be none.

    `say` is told what a person would wonder about later.
    """
    for words in peculiarities(settings, around):
        say(words)
    _occupy(settings, around)
    gateway = gateway_of(settings)
    with _made(plan_for(settings, trust, rules, around)) as sandbox:

        def start(command: Sequence[str], told: Mapping[str, str]) -> Sandbox:
            inherited = inherited_variables(environment(), settings, rules)
            sandbox.start(Start(command=tuple(command), environment={**inherited, **told}))
            return sandbox

        with Relay(sandbox.listeners, (gateway.host, gateway.port), ended=sandbox.end):
            yield start


def _made(plan: Plan) -> Sandbox:
    try:
        return Sandbox(plan)
    except Unavailable as unavailable:
        raise CommandError(str(unavailable), unavailable.mend, BROKEN) from None


def plan_for(settings: Settings, trust: Trust, rules: RuleSet, around: Surroundings) -> Plan:
    """The sandbox of a command in this folder. Raises CommandError for settings that have none."""
    paths = settings.paths
    secrets = [paths.rules / source.partition(":")[2] for source in _sources(rules) if source.startswith("file:")]
    listeners = (settings.proxy, settings.control, settings.metrics)
    keys = [*(each.tls_key for each in listeners), *secrets, *_passwords(settings, around)]
    certificates = [each.tls_certificate for each in listeners]
    authority = paths.certs / "mitmproxy-ca-cert.pem"
    return Plan(
        folder=str(around.folder.resolve()),
        doors=doors(gateway_of(settings)),
        names=names(gateway_of(settings)),
        seen=_existing(_lost((around.home, *around.path))),
        writable=_existing(writable(settings, around)),
        kept=_by_every_name((paths.rules, *_settings_files(settings, around), *settings.upstream.ca, *certificates))
        + _existing(_own_code()),
        hidden=_by_every_name((paths.state, paths.certs, *keys)),
        shown=_by_every_name((trust.bundle, trust.java, authority)),
        unix_sockets=settings.sandbox.unix_sockets,
    )


def gateway_of(settings: Settings) -> Door:
    """Where agents are told the gateway is."""
    told = urlsplit(proxy_url(settings))
    return Door(told.hostname or "", told.port or (443 if told.scheme == "https" else 80))


def doors(gateway: Door) -> tuple[Door, ...]:
    """The gateway's own address, so that its URL is the same inside. Of loopback and of names, both families'."""
    try:
        address = ipaddress.ip_address(gateway.host)
    except ValueError:
        return tuple(Door(host, gateway.port) for host in LOOPBACK)
    hosts = dict.fromkeys((str(address), *(LOOPBACK if address.is_loopback else ())))
    return tuple(Door(host, gateway.port) for host in hosts)


def names(gateway: Door) -> tuple[str, ...]:
    """What must be found on loopback inside, where nothing resolves names."""
    try:
        ipaddress.ip_address(gateway.host)
    except ValueError:
        return (gateway.host,)
    return ()


def writable(settings: Settings, around: Surroundings) -> tuple[Path, ...]:
    """What the command may change: its folder, unless everything of this user lies below, and what settings name."""
    for path in settings.sandbox.writable:
        if not path.exists():
            raise CommandError(
                f"sandbox.writable names `{path}`, which does not exist", "make it, or leave it out", MISUSED
            )
    folder = around.folder.resolve()
    own = () if around.home.resolve().is_relative_to(folder) or str(folder) in PRIVATE else (folder,)
    return (*own, *settings.sandbox.writable)


def peculiarities(settings: Settings, around: Surroundings) -> Iterator[str]:
    """What a person would wonder about when the command cannot write where it stands."""
    folder = around.folder.resolve()
    if str(folder) in PRIVATE:
        yield f"`{folder}` is private in a sandbox: what is written there is gone at the end"
    elif around.home.resolve().is_relative_to(folder):
        yield f"`{folder}` is read-only in a sandbox, as your home is in it; start in a folder of its own"
    elif any(folder.is_relative_to(path.resolve()) for path in (*_own_code(), settings.paths.rules)):
        yield f"`{folder}` is read-only in a sandbox: it is the gateway's own"


def inherited_variables(environ: Mapping[str, str], settings: Settings, rules: RuleSet) -> dict[str, str]:
    """`environ` without what leads out, without settings of the gateway, and without the secrets rules name.

    With an agent's own secret a command could open runs beside the one it is bounded by.
    """
    sources = (*_sources(rules), str(settings.upstream.proxy or ""))
    secrets = {source.partition(":")[2] for source in sources if source.startswith("env:")}
    dropped = LEADS_OUT | secrets
    kept = {
        name: value
        for name, value in environ.items()
        if name not in dropped and (not name.startswith(PREFIX) or name in NOT_SETTINGS)
    }
    caches = {} if any(path.name == ".cache" for path in settings.sandbox.writable) else CACHES
    return {**kept, **caches}


def _sources(rules: RuleSet) -> Iterator[str]:
    for agent in rules.agents.values():
        yield from (how.source for how in agent.authenticate if isinstance(how, SecretAuthentication))
    yield from rules.egress.canaries
    yield from rules.egress.known


def _passwords(settings: Settings, around: Surroundings) -> tuple[Path, ...]:
    """Where the password of a proxy before the gateway may stand: a file of its own, or the settings."""
    proxy = settings.upstream.proxy
    if proxy is None or str(proxy).startswith("env:"):
        return ()
    kind, _, name = str(proxy).partition(":")
    return (around.folder / name,) if kind == "file" else _settings_files(settings, around)


def _own_code() -> tuple[Path, ...]:
    """What runs outside the next time somebody calls us."""
    return (Path(sys.prefix), Path(sys.base_prefix), Path(aisecops.__file__).parents[1])


def _settings_files(settings: Settings, around: Surroundings) -> tuple[Path, ...]:
    """Every file that could be read as ours the next time."""
    paths = settings.paths
    folders = (around.folder, paths.state.parent, paths.certs.parent, paths.rules.parent)
    named = () if around.settings_file is None else (around.settings_file,)
    return (*(folder / DEFAULT_FILE for folder in folders), *named)


def _occupy(settings: Settings, around: Surroundings) -> None:
    """Make what the command could make first, and we would believe later."""
    may_change = [path.resolve() for path in writable(settings, around)]

    def could_be_made(path: Path) -> bool:
        above = next(folder for folder in path.parents if folder.exists())
        inside = any(path.resolve().is_relative_to(folder) for folder in may_change)
        return inside and not path.exists() and os.access(above, os.W_OK)

    if could_be_made(settings.paths.state):
        private_folder(settings.paths.state)
    for file in filter(could_be_made, _settings_files(settings, around)):
        write_whole(file, _PLACEHOLDER, mode=PUBLIC)


def _lost(paths: Iterable[Path]) -> Iterator[Path]:
    """Those that would be covered by a private folder."""
    for path in paths:
        inside = [folder for folder in PRIVATE if path.is_relative_to(folder)]
        if inside and str(path) not in PRIVATE:
            yield path


def _existing(paths: Iterable[Path]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(str(path.resolve()) for path in paths if path.exists()))


def _by_every_name(paths: Iterable[Path | None]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for path in paths if path and path.exists() for name in all_names(path)))
