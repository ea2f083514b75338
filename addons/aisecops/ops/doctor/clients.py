"""Which clients that were run through the gateway are on this machine, and whether the variables are enough for them.

Asks the `python` and the programs on the PATH, and looks for packages of npm in this folder. What goes round is a
warning and no fault: the variables are a convenience, and the network is what holds a program.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import orjson

from aisecops.ops.clients import CLIENTS, Client
from aisecops.ops.doctor.diagnosis import Diagnosis, warning, well
from aisecops.ops.settings import Settings

TIMEOUT_S = 5.0
HELD = "aisecops run --sandbox holds it whatever it does"
_VERSIONS = """
import importlib.metadata, json, sys
found = {}
for name in sys.argv[1:]:
    try:
        found[name] = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        pass
print(json.dumps(found))
"""
_ASKED = {"go": ("version",), "java": ("-version",)}
_FIRST_NODE_WITH_PROXY = 24
_BY_THEMSELVES = {"axios"}
"""Packages that read the variables on every Node.js."""


def _clients(_: Settings) -> Iterator[Diagnosis]:
    found = list(_found())
    governed = [f"{client.name} {version}" for client, version in found if client.governed]
    if governed:
        yield well("clients here", f"come by the variables alone: {', '.join(governed)}")
    for client, version in found:
        if not client.governed:
            does = "comes without credentials" if client.nameless else "goes round the gateway"
            yield warning(f"client {client.name}", f"{version} {does}, whatever the variables say", _mend(client))


def _mend(client: Client) -> str:
    return f"{client.mend.replace('`', '')}; {HELD}"


def _found() -> Iterator[tuple[Client, str]]:
    """Each client of the table that is here, and its version."""
    packages = _python_packages([client.found_as for client in CLIENTS if client.kind == "python" and client.found_as])
    node = _program_version("node")
    new = node.split(".")[0].isdecimal() and int(node.split(".")[0]) >= _FIRST_NODE_WITH_PROXY
    for client in CLIENTS:
        version = ""
        match client.kind:
            case "python":
                version = packages.get(client.found_as, "")
            case "program":
                version = _program_version(client.found_as)
            case "node" if node and (new == (client.node >= _FIRST_NODE_WITH_PROXY) or client.name in _BY_THEMSELVES):
                version = _node_package(client.found_as) if client.found_as else node
        if version:
            yield client, version


def _python_packages(names: Sequence[str]) -> Mapping[str, str]:
    python = shutil.which("python") or shutil.which("python3")
    said = _said([python, "-c", _VERSIONS, *names]) if python else ""
    try:
        found: dict[str, str] = orjson.loads(said)
    except orjson.JSONDecodeError:
        return {}
    return found


def _node_package(name: str) -> str:
    try:
        version = orjson.loads((Path("node_modules") / name / "package.json").read_bytes())["version"]
    except (OSError, orjson.JSONDecodeError, KeyError, TypeError):
        return ""
    return str(version)


def _program_version(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        return ""
    number = re.search(r"\d+(?:\.\d+)+", _said([path, *_ASKED.get(name, ("--version",))]))
    return number[0] if number else "of an unknown version"


def _said(argv: Sequence[str]) -> str:
    try:
        ran = subprocess.run(argv, capture_output=True, text=True, errors="replace", check=False, timeout=TIMEOUT_S)  # noqa: S603  (programs of the user's own PATH)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return ran.stdout or ran.stderr


CHECKS = (_clients,)
