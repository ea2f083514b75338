"""Long work beside the event loop that nobody waits for at the end: it is left where it stands when the process ends.

The loop's own threads are waited for, and reading a record of millions of lines takes minutes.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable


async def behind[T](work: Callable[[], T]) -> T:
    """What `work` returns or raises, done in a thread of its own. It must be work that may be left half done."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def tell(result: T | None, error: BaseException | None) -> None:
        if done.done():
            return
        if error is not None:
            done.set_exception(error)
        else:
            done.set_result(result)  # type: ignore[arg-type] # `work` returned it

    def run() -> None:
        result, error = None, None
        try:
            result = work()
        except BaseException as raised:  # noqa: BLE001 - not swallowed: it is raised where it is waited for
            error = raised
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(tell, result, error)

    threading.Thread(target=run, daemon=True).start()
    return await done
