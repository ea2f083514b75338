"""One scanning worker: a process that imports Presidio, reads jobs from its standard input and answers.

It ends when its input does, so it cannot outlive the gateway, however the gateway ended; a scan that takes far
longer than its deadline ends it too. Ctrl-C, SIGTERM and SIGHUP are the gateway's to handle.
"""

from __future__ import annotations

import faulthandler
import gc
import io
import os
import signal
import sys
from collections.abc import Callable

from aisecops.adapters.nlp.frames import (
    Begin,
    Broke,
    Done,
    Files,
    FromWorker,
    InFile,
    Job,
    NotRead,
    Ready,
    Texts,
    Watch,
    packed,
    read_to_worker,
)
from aisecops.controls.dlp.detector import Detector
from aisecops.model.errors import WireError
from aisecops.model.watchlist import Watchlist

_GRACE_S = 5.0

_WARM_UP = "a@b.com 202-555-0143 020 7946 0018 030 123456 01 23 45 67 89 03-123-4567 (11) 2345-6789 +49 30 1234567"
"""Makes detectors load the tables they load late, before the first scan has a deadline."""


def main() -> None:
    """Serve jobs until the input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    answers = _claimed_output()
    with os.fdopen(sys.stdin.fileno(), "rb", closefd=False) as jobs, os.fdopen(answers, "wb") as out:

        def answer(frame: FromWorker) -> None:
            out.write(packed(frame))
            out.flush()

        try:
            _serve(jobs, answer)
        except BrokenPipeError:
            os._exit(0)  # nobody listens any more, and flushing at exit would only say so again


def _claimed_output() -> int:
    """Standard output for answers alone: what a library prints goes nowhere."""
    answers = os.dup(1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    return answers


def _serve(jobs: io.BufferedReader, answer: Callable[[FromWorker], None]) -> None:
    begin = read_to_worker(jobs)
    if not isinstance(begin, Begin):
        return
    try:
        known = _detectors()
        detectors = (*known, *_watching(begin.watchlist, begin.key))
    except Exception as error:  # noqa: BLE001 - whatever an import raises, the gateway must hear why
        answer(Broke(why=f"{type(error).__name__}: {error}"))
        return
    gc.collect()
    gc.freeze()  # what is here now stays: no scan waits for it to be looked through
    answer(Ready())
    while (job := read_to_worker(jobs)) is not None and not isinstance(job, Begin):
        if isinstance(job, Watch):
            detectors = (*known, *_watching(job.watchlist, begin.key))
            continue
        # the last resort if nobody kills us: the watchdog is a thread that needs no interpreter lock
        faulthandler.dump_traceback_later(begin.deadline_s + _GRACE_S, exit=True, file=sys.stderr)
        frame = _guarded(job, detectors, begin.key)
        faulthandler.cancel_dump_traceback_later()
        answer(frame)


def _detectors() -> tuple[Detector, ...]:
    from aisecops.controls.dlp.detectors import PERSONAL_DETECTORS, SECRET_DETECTORS
    from aisecops.controls.dlp.presidio import personal_detectors
    from aisecops.model.entities import PERSONAL

    detectors = (*SECRET_DETECTORS, *PERSONAL_DETECTORS, *personal_detectors(PERSONAL))
    for detector in detectors:
        tuple(detector.find(_WARM_UP))
    return detectors


def _watching(watchlist: Watchlist, key: bytes) -> tuple[Detector, ...]:
    from aisecops.controls.dlp.exact import exact_detectors
    from aisecops.controls.dlp.recogniser import RuleDetector

    named: tuple[Detector, ...] = ()
    if watchlist.names_model:
        from aisecops.controls.dlp.names import names_detectors

        named = names_detectors(watchlist.names_model)
    return (*exact_detectors(watchlist.planted, key=key), *map(RuleDetector, watchlist.recognisers), *named)


def _guarded(job: Job | Files, detectors: tuple[Detector, ...], key: bytes) -> FromWorker:
    try:
        return _opened(job) if isinstance(job, Files) else _scanned(job, detectors, key)
    except WireError as error:
        return NotRead(code=error.code, detail=error.detail)
    except Exception as error:  # noqa: BLE001 - the outermost guard of this process
        return Broke(why=type(error).__name__)  # an error's words may hold content


def _scanned(job: Job, detectors: tuple[Detector, ...], key: bytes) -> Done:
    from aisecops.controls.dlp.scan import scan
    from aisecops.model.inside_bytes import no_file
    from aisecops.wire.files.opened import text_inside

    entities = frozenset(job.entities)
    texts = [data.decode("utf-8", "surrogatepass") for data in job.texts]
    opener = text_inside if job.whole else no_file
    return Done(findings=tuple(scan([("", text)], entities, detectors, key, opener=opener) for text in texts))


def _opened(job: Files) -> Texts:
    from aisecops.wire.files.opened import opened_each

    def in_file(parts: tuple[tuple[str, str], ...]) -> tuple[tuple[str, bytes], ...]:
        return tuple((where, text.encode("utf-8", "surrogatepass")) for where, text in parts)

    return Texts(files=tuple(InFile(parts=in_file(one.parts), unread=one.unread) for one in opened_each(job.files)))


if __name__ == "__main__":
    main()
