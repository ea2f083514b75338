"""What was worked out lately, so that it is not worked out again: the newest so many, the rest forgotten."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable


class Recent[K: Hashable, V]:
    """The results of the `most` names that were asked for last. For one thread at a time."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._found: OrderedDict[K, V] = OrderedDict()

    def __contains__(self, name: K) -> bool:
        return name in self._found

    def of(self, name: K, work: Callable[[], V], *, keep: bool = True) -> V:
        """The result for `name`, by `work` when it is not at hand. What `work` raises is not remembered.

        Without `keep` a new one is not remembered either: it would take too much room.
        """
        try:
            found = self._found[name]
        except KeyError:
            found = work()
            if not keep:
                return found
            self._found[name] = found
            while len(self._found) > self._most:
                self._found.popitem(last=False)
        else:
            self._found.move_to_end(name)
        return found
