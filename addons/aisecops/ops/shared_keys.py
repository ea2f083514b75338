"""What several machines on one store must have alike, as one file that is carried from the first to the others.

A tar archive with a closed list of names: authority, signing keys, the keyed secrets of the state folder, the
operator's secret, and which store is ours. The record's key is not in it: each machine signs its own record. Whoever
has the file has the installation; it is written for its owner alone.
"""

from __future__ import annotations

import io
import re
import tarfile
from pathlib import Path

from aisecops.adapters.system.certificates import CertificateAuthority
from aisecops.adapters.system.files import PRIVATE, PRIVATE_FOLDER, PUBLIC, made_folder, read_private, write_whole
from aisecops.adapters.system.keys import KeyFolder
from aisecops.adapters.system.secrets import operator_secret, secret_key
from aisecops.gateway.ports import Clock
from aisecops.model.errors import ConfigError
from aisecops.ops.settings import PathSettings
from aisecops.ops.wiring.stores import SHARED_KEYS

MAX_BYTES = 1024 * 1024
_CERTS = re.compile(r"certs/(mitmproxy-ca\.pem|mitmproxy-ca-cert\.pem|jwks\.json|keys/token-[A-Za-z0-9_-]+\.key)")
_STATE = re.compile(rf"state/(({'|'.join(SHARED_KEYS)})\.key|operator\.secret|store\.id)")
_CONTROL = re.compile(r"certs/keys/.*|state/operator\.secret")
"""What signs tokens, and what opens the API: none of it is a gateway's."""
_OPEN = frozenset({"certs/mitmproxy-ca-cert.pem", "certs/jwks.json"})


def packed(paths: PathSettings, clock: Clock, *, signs: bool = True) -> bytes:
    """Everything another machine needs, made here when it is missing. Raises `ConfigError`.

    Without `signs` what only a control plane needs is left out.
    """
    CertificateAuthority(paths.certs, clock).create_if_missing()
    KeyFolder(paths.certs, clock).create_if_missing()
    operator_secret(paths.state)
    for name in SHARED_KEYS:
        secret_key(paths.state, name)
    found = io.BytesIO()
    with tarfile.open(fileobj=found, mode="w") as archive:
        for name, path in sorted(_there(paths)):
            if not signs and _CONTROL.fullmatch(name):
                continue
            data = path.read_bytes() if name in _OPEN else read_private(path)
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(data), PUBLIC if name in _OPEN else PRIVATE
            archive.addfile(entry, io.BytesIO(data))
    return found.getvalue()


def unpacked(paths: PathSettings, data: bytes) -> list[str]:
    """Put what `packed` gave where it belongs; return the names of what was not there before.

    Nothing is written unless all of it can be: raises `ConfigError` for what is no such archive, and for a file that is
    there and says something else, since a machine that has begun with keys of its own must not lose them unnoticed.
    """
    new: list[tuple[str, Path, bytes]] = []
    for name, content in _read(data):
        path = _path(paths, name)
        if not path.exists():
            new.append((name, path, content))
        elif path.read_bytes() != content:
            raise ConfigError(
                f"`{path}` is there and says something else",
                "this machine has keys of its own; move state and certs aside, and take these before the first start",
            )
    for name, path, content in new:
        made_folder(path.parent, mode=PRIVATE_FOLDER)
        write_whole(path, content, mode=PUBLIC if name in _OPEN else PRIVATE)
    return [name for name, _, _ in new]


def _there(paths: PathSettings) -> list[tuple[str, Path]]:
    folders = (("certs", paths.certs, _CERTS), ("state", paths.state, _STATE))
    return [
        (name, path)
        for top, folder, wanted in folders
        for path in folder.rglob("*")
        if wanted.fullmatch(name := f"{top}/{path.relative_to(folder).as_posix()}") and path.is_file()
    ]


def _read(data: bytes) -> list[tuple[str, bytes]]:
    if len(data) > MAX_BYTES:
        raise ConfigError(f"the file of keys has over {MAX_BYTES} bytes", "take one that `aisecops keys export` wrote")
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
            found = [(entry.name, _content(archive, entry)) for entry in archive]
    except (tarfile.TarError, EOFError, UnicodeError) as error:
        raise _no_archive() from error
    if not found or len({name for name, _ in found}) < len(found):
        raise _no_archive()
    return found


def _content(archive: tarfile.TarFile, entry: tarfile.TarInfo) -> bytes:
    read = archive.extractfile(entry) if entry.isreg() else None
    if read is None or not (_CERTS.fullmatch(entry.name) or _STATE.fullmatch(entry.name)):
        raise ConfigError(
            f"`{entry.name[:80]!r}` does not belong into a file of keys", "take one that `aisecops keys export` wrote"
        )
    return read.read()


def _path(paths: PathSettings, name: str) -> Path:
    top, _, rest = name.partition("/")
    return (paths.certs if top == "certs" else paths.state) / rest


def _no_archive() -> ConfigError:
    return ConfigError("this is no file of keys", "take one that `aisecops keys export` wrote")
