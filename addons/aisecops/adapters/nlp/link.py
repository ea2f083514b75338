"""The gateway's end of one worker: starts it, asks it one thing at a time, ends it.

Never blocks the event loop. A worker that did not answer in order is of no more use: whoever sees that ends it.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

import aisecops
from aisecops.adapters.nlp.frames import (
    HEADER_BYTES,
    MAX_FRAME_BYTES,
    Begin,
    Broke,
    Done,
    Files,
    FromWorker,
    Job,
    NotRead,
    Ready,
    Texts,
    ToWorker,
    Watch,
    packed,
    read_from_worker,
)
from aisecops.model.errors import ConfigError, Fault, WireError
from aisecops.model.finding import Finding
from aisecops.model.watchlist import Watchlist
from aisecops.wire.files.opened import Opened
from aisecops.wire.files.shelf import File

# the package may have been found through `sys.path` alone, as under `mitmdump -s` from a bare clone
_BOOT = "import sys; sys.path.insert(0, sys.argv[1]); from aisecops.adapters.nlp.worker import main; main()"
_SOURCE_ROOT = str(Path(aisecops.__file__).resolve().parents[1])


class WorkerLink:
    """One living worker process."""

    def __init__(self, process: asyncio.subprocess.Process, watches: Watchlist) -> None:
        self._process = process
        self._watches = watches

    @classmethod
    async def open(cls, begin: Begin, *, within_s: float) -> WorkerLink:
        """Start a worker and wait until it is ready. Raises `ConfigError` when it cannot start."""
        optimised = ["-O"] * sys.flags.optimize
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-W", "ignore", *optimised, "-c", _BOOT, _SOURCE_ROOT),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        link = cls(process, begin.watchlist)
        try:
            async with asyncio.timeout(within_s):
                frame = await link._exchange(begin)
        except BaseException as error:
            await link.end()
            if isinstance(error, TimeoutError | EOFError | OSError | msgspec.MsgspecError):
                raise ConfigError(
                    f"a scanning worker did not start within {within_s:g} s ({type(error).__name__})",
                    "check that presidio-analyzer imports in this environment",
                ) from error
            raise
        if isinstance(frame, Ready):
            return link
        await link.end()
        why = frame.why if isinstance(frame, Broke) else "an answer out of order"
        raise ConfigError(f"a scanning worker cannot start: {why}", "install what it names, and start again")

    @property
    def pid(self) -> int:
        """The worker's process id."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """False once the worker is known to be gone."""
        return self._process.returncode is None

    async def scan(
        self, texts: Sequence[bytes], entities: Sequence[str], watchlist: Watchlist, *, whole: bool = True
    ) -> tuple[tuple[Finding, ...], ...]:
        """Findings of each text. Raises `WireError`, and `Fault`: after that one the worker must be ended."""
        try:
            if watchlist is not self._watches:
                self._send(Watch(watchlist=watchlist))
                self._watches = watchlist
            frame = await self._exchange(Job(texts=tuple(texts), entities=tuple(entities), whole=whole))
        except (EOFError, OSError, msgspec.MsgspecError) as error:
            raise Fault("a scanning worker died before it answered") from error
        if isinstance(frame, NotRead):
            raise WireError(frame.detail, frame.code)
        if not isinstance(frame, Done) or len(frame.findings) != len(texts):
            raise Fault(f"a scanning worker failed ({frame.why if isinstance(frame, Broke) else 'a wrong answer'})")
        return frame.findings

    async def open_files(self, files: Sequence[File]) -> list[Opened]:
        """What is in each of `files`. Raises as `scan` does."""
        try:
            frame = await self._exchange(Files(files=tuple(files)))
        except (EOFError, OSError, msgspec.MsgspecError) as error:
            raise Fault("a scanning worker died before it answered") from error
        if isinstance(frame, NotRead):
            raise WireError(frame.detail, frame.code)
        if not isinstance(frame, Texts) or len(frame.files) != len(files):
            raise Fault(f"a scanning worker failed ({frame.why if isinstance(frame, Broke) else 'a wrong answer'})")
        return [
            Opened(
                parts=tuple((where, text.decode("utf-8", "surrogatepass")) for where, text in one.parts),
                unread=one.unread,
            )
            for one in frame.files
        ]

    async def end(self) -> None:
        """Kill the worker and wait until it is gone."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        if self._process.stdin is not None:
            self._process.stdin.close()
        # reading to the end closes the pipe, so that nothing is left for the loop to find
        if self._process.stdout is not None:
            await self._process.stdout.read()
        await self._process.wait()

    async def _exchange(self, frame: ToWorker) -> FromWorker:
        """One frame there, one back. Raises EOFError or OSError when the worker is gone."""
        stdin = self._send(frame)
        if self._process.stdout is None:
            raise EOFError
        await stdin.drain()
        size = int.from_bytes(await self._process.stdout.readexactly(HEADER_BYTES), "big")
        if size > MAX_FRAME_BYTES:
            raise EOFError
        return read_from_worker(await self._process.stdout.readexactly(size))

    def _send(self, frame: ToWorker) -> asyncio.StreamWriter:
        if self._process.stdin is None:
            raise EOFError
        self._process.stdin.write(packed(frame))
        return self._process.stdin
