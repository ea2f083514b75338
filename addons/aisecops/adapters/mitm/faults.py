"""What is said of a fault: to whoever reads the log, and to whoever asked."""

from __future__ import annotations

import asyncio
import traceback

from aisecops.model.errors import Fault
from aisecops.model.outcome import Refuse
from aisecops.model.refusals import Code


def describe(fault: BaseException) -> str:
    """What broke and where, without the words of strangers: a foreign message or traceback may quote content."""
    frames = traceback.extract_tb(fault.__traceback__)
    where = f" at {frames[-1].filename.rpartition('/')[2]}:{frames[-1].lineno}" if frames else ""
    words = f": {fault}" if isinstance(fault, Fault) else ""
    return f"{type(fault).__name__}{where}{words}"


def is_our_own_end(fault: BaseException) -> bool:
    """True when this task is being cancelled from outside; a hook that merely raises the same is a fault."""
    task = asyncio.current_task()
    return isinstance(fault, asyncio.CancelledError) and task is not None and task.cancelling() > 0


def refusal_of(fault: BaseException) -> Refuse:
    """What a request is told of which a check failed."""
    code, words = (fault.code, str(fault)) if isinstance(fault, Fault) else (Code.INTERNAL, "")
    return Refuse(code=code, detail="a check failed, so the answer is no; report it", inside=words)
