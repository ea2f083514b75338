"""Files that several processes make and read at once: whole or not there, private where they must be.

Knows modes, locks and renames. What is in the files is their owners' business.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from aisecops.model.errors import ConfigError

PRIVATE, PUBLIC = 0o600, 0o644
PRIVATE_FOLDER = 0o700
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def write_whole(path: Path, data: bytes, *, mode: int) -> None:
    """Put `data` at `path` in one step: who opens it finds all of the old or all of the new. Durable on return.

    Like everything here that writes, raises ConfigError when it may not.
    """
    unfinished = path.with_name(f".{path.name}.{os.urandom(8).hex()}")
    with _writable(path):
        try:
            with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
                os.fchmod(file.fileno(), mode)  # exactly this, whatever the umask says
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            unfinished.replace(path)
        finally:
            unfinished.unlink(missing_ok=True)
        _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Let one process (and one thread) at a time make things in `folder`, which must exist. Ends with the holder."""
    path = folder / ".lock"
    with _writable(path):
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE)
    with os.fdopen(descriptor, "rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def made_folder(path: Path, *, mode: int = 0o777) -> Path:
    """The folder `path`, made if missing."""
    with _writable(path):
        path.mkdir(mode=mode, parents=True, exist_ok=True)
    return path


def private_folder(path: Path) -> Path:
    """The folder `path`, made if missing, for its owner alone; raises ConfigError when others may look in."""
    made_folder(path, mode=PRIVATE_FOLDER)
    if path.stat().st_mode & _OTHERS:
        raise ConfigError(f"the folder `{path}` is open to others", f"chmod 700 {path}")
    return path


def read_private(path: Path) -> bytes:
    """The content of a secret file; raises ConfigError when others may read or write it, OSError as usual."""
    with path.open("rb") as file:
        if os.fstat(file.fileno()).st_mode & _OTHERS:
            raise ConfigError(f"the secret in `{path}` is open to others", f"chmod 600 {path}, and consider it known")
        return file.read()


@contextlib.contextmanager
def _writable(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise unwritable(path, error) from error


def unwritable(path: Path, error: OSError) -> ConfigError:
    """That `path` cannot be written, why not, and what to do about it."""
    mend = _MENDS.get(error.errno or 0, f"let this user write to `{path.parent}`")
    return ConfigError(f"`{path}` cannot be written: {error.strerror or error}", mend)


_MENDS = {
    errno.ENOSPC: "free some of its disk",
    errno.EDQUOT: "free some of what this user may keep there",
    errno.EROFS: "it lies on a file system that is read only: set paths.state and paths.certs to places that are not",
    errno.EMFILE: "let the process open more files: ulimit -n, or LimitNOFILE= of its unit",
}
