"""The SQLite file: how it is made, opened and brought up to date.

Knows tables and settings. Does not know what the store does with them (`sqlite.py`) or when (`worker.py`).
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from aisecops.adapters.store.turn import Turn
from aisecops.model.errors import ConfigError, StoreError

# Each entry brings the file one version further; what is here never changes, new versions are added below.
_STEPS: tuple[tuple[str, ...], ...] = (
    (
        "CREATE TABLE trees (root_run_id TEXT PRIMARY KEY, version INTEGER NOT NULL, state TEXT NOT NULL)",
        """CREATE TABLE runs (
            run_id TEXT PRIMARY KEY,
            root_run_id TEXT NOT NULL REFERENCES trees,
            agent_id TEXT NOT NULL,
            opened_ms INTEGER NOT NULL,
            run TEXT NOT NULL
        )""",
        "CREATE INDEX runs_newest ON runs (opened_ms, run_id)",
        "CREATE INDEX runs_of_agent ON runs (agent_id, opened_ms, run_id)",
        "CREATE TABLE implicit_runs (agent_id TEXT PRIMARY KEY, run_id TEXT NOT NULL, used_ms INTEGER NOT NULL)",
        """CREATE TABLE revocations (
            kind TEXT NOT NULL,
            name TEXT NOT NULL,
            at_ms INTEGER NOT NULL,
            why TEXT NOT NULL,
            PRIMARY KEY (kind, name)
        ) WITHOUT ROWID""",
        "CREATE TABLE uses (token_id TEXT PRIMARY KEY, used INTEGER NOT NULL, expires_ms INTEGER NOT NULL)",
        "CREATE INDEX uses_oldest ON uses (expires_ms)",
        """CREATE TABLE approvals (
            approval_id TEXT PRIMARY KEY,
            run_id TEXT NOT NULL,
            digest TEXT NOT NULL,
            opened_ms INTEGER NOT NULL,
            expires_ms INTEGER NOT NULL,
            state TEXT NOT NULL,
            approval TEXT NOT NULL
        )""",
        "CREATE INDEX approvals_newest ON approvals (opened_ms, approval_id)",
        "CREATE INDEX approvals_of_request ON approvals (run_id, digest)",
    ),
    (
        # what came in and was said, in the order in which it did; `place` never comes twice
        "CREATE TABLE known (place INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE, size INTEGER, known BLOB)",
    ),
    (
        # who was given which stand-in; `value` and `text` are keyed digests, `sealed` is the two themselves
        """CREATE TABLE given (
            place INTEGER PRIMARY KEY AUTOINCREMENT,
            root_run_id TEXT NOT NULL,
            receiver BLOB NOT NULL,
            value BLOB NOT NULL,
            text BLOB NOT NULL,
            kept_ms INTEGER NOT NULL,
            sealed BLOB NOT NULL,
            UNIQUE (root_run_id, receiver, value)
        )""",
        "CREATE INDEX given_values ON given (root_run_id, value)",
        "CREATE INDEX given_texts ON given (root_run_id, text)",
        "CREATE INDEX given_oldest ON given (kept_ms)",
    ),
    (
        # `place` grows with every write, so that the lowest of a kind was written longest ago
        """CREATE TABLE entries (
            kind TEXT NOT NULL,
            name TEXT NOT NULL,
            version INTEGER NOT NULL,
            place INTEGER NOT NULL,
            at_ms INTEGER NOT NULL,
            value BLOB NOT NULL,
            PRIMARY KEY (kind, name)
        ) WITHOUT ROWID""",
        "CREATE INDEX entries_oldest ON entries (kind, place)",
    ),
    (
        # what texts of one request may be parts of values with; `receiver` is a keyed digest
        """CREATE TABLE pieces (
            place INTEGER PRIMARY KEY AUTOINCREMENT,
            root_run_id TEXT NOT NULL,
            receiver BLOB NOT NULL,
            said_ms INTEGER NOT NULL,
            sealed BLOB NOT NULL
        )""",
        "CREATE INDEX pieces_said ON pieces (root_run_id, receiver, place)",
        "CREATE INDEX pieces_oldest ON pieces (said_ms)",
    ),
)
VERSION = len(_STEPS)


def prepare(path: Path, *, busy_ms: int) -> None:
    """Make the file at `path` if there is none, for its owner alone, and bring it to `VERSION`.

    Several processes may do this at once. Raises `ConfigError` when the file is of a newer version, `StoreError`
    when it cannot be made or is no database.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with closing(Turn(path)) as turn, turn:
            if not path.exists():
                # SQLite would make it readable for others
                os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
            path.chmod(0o600)
            with closing(connect(path, busy_ms=busy_ms)) as connection:
                (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
                if mode != "wal":
                    raise StoreError(f"the store `{path}` cannot use WAL here; put it on a local disk")
                _migrate(connection, path)
    except (sqlite3.Error, OSError) as error:
        raise StoreError(f"the store `{path}` cannot be opened: {error}") from error


def connect(path: Path, *, busy_ms: int) -> sqlite3.Connection:
    """A connection that begins and ends its transactions only when told; durable at each commit."""
    # mode=rw: a file that vanished is an error, never a new and empty store
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=rw", uri=True, isolation_level=None, check_same_thread=False
    )
    try:
        connection.execute(f"PRAGMA busy_timeout = {busy_ms}")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def identity(path: Path) -> tuple[int, int]:
    """Which file this is, whatever its name. Raises `OSError` when there is none."""
    found = os.stat(path)  # noqa: PTH116 - before each piece of work; `Path.stat` costs twice as much
    return found.st_dev, found.st_ino


def require_same(path: Path, file: tuple[int, int]) -> None:
    """Raises `StoreError` when `path` is no longer the file that was opened, `OSError` when it is gone.

    Without this, a process could go on charging a file that nobody else sees any more.
    """
    if identity(path) != file:
        raise StoreError("the store was replaced while in use; start again")


def fault(error: Exception) -> StoreError:
    """`error` as the port names it, without the file's place: agents are told it."""
    if isinstance(error, StoreError):
        return error
    said = (error.strerror or "").lower() if isinstance(error, OSError) else str(error)
    return StoreError(f"the store cannot be asked: {said}")


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("CREATE TABLE IF NOT EXISTS schema (version INTEGER NOT NULL)")
    row = connection.execute("SELECT max(version) FROM schema").fetchone()
    version = row[0] or 0
    if version > VERSION:
        raise ConfigError(
            f"the store `{path}` is of version {version}, and only versions up to {VERSION} are known here",
            "upgrade, or name another file under `paths.state`",
        )
    for number, statements in enumerate(_STEPS[version:], start=version + 1):
        for statement in statements:
            connection.execute(statement)
        connection.execute("INSERT INTO schema VALUES (?)", (number,))
    connection.execute("COMMIT")
