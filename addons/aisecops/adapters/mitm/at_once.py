"""Hooks that are over before the layers go on: no turn of the event loop for what did not wait for anything.

The core runs each hook as a task and hands its end to the layers as an event of its own, behind a lock. Between a
handler and its top layer stands `AtOnce`: a hook that nobody hears is over as it is asked for, and the end of one that
did not wait is handed in as soon as the event that asked for it is done. What does wait goes the core's own way.
Leans on a handler that takes what its `layer` yields in the order it comes and runs hooks in `hook_task`; where a core
starts them later or elsewhere, everything goes the core's own way again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

from mitmproxy.proxy import commands, events, layer


class AtOnce:
    """In the place of a handler's top layer. `unheard` says of a hook that running it would do nothing at all.

    INVARIANT: a hook ends once: here (`ends` was True, or it was unheard), or by who was told False.
    """

    def __init__(self, top: layer.Layer, unheard: Callable[[commands.StartHook], bool]) -> None:
        self._top = top
        self._unheard = unheard
        self._over: deque[commands.StartHook] = deque()
        self._busy = False
        self.context = top.context

    def handle_event(self, event: events.Event) -> Iterator[commands.Command]:
        """What the layers want done about `event`, and about the end of every hook that did not wait."""
        self._busy = True
        try:
            yield from self._asked(event)
            while self._over:
                yield from self._asked(events.HookCompleted(self._over.popleft()))
        finally:
            self._busy = False
            self._over.clear()  # left only by a core that broke off, whose connection is dropped

    def ends(self, hook: commands.StartHook) -> bool:
        """True when the layers are told here, in their turn, that `hook` is over."""
        if self._busy:
            self._over.append(hook)
        return self._busy

    def _asked(self, event: events.Event) -> Iterator[commands.Command]:
        for command in self._top.handle_event(event):
            if isinstance(command, commands.StartHook) and self._unheard(command):
                if command.blocking:
                    self._over.append(command)
            else:
                yield command

    def __getattr__(self, name: str) -> Any:
        return getattr(self._top, name)
