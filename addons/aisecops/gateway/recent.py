"""What was worked out lately, so that it is not worked out again: the newest so many, the rest forgotten."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, KeysView, Mapping

TEXT_CHARS = 4 * 1024 * 1024
"""Characters of texts by which digests are remembered; each text is kept once, whoever else keeps it."""
_LARGEST_PART = 8
_ENTRY_CHARS = 256


class Recent[K: Hashable, V]:
    """The results of the `most` names that were asked for last. For one thread at a time."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._found: OrderedDict[K, V] = OrderedDict()

    def __contains__(self, name: K) -> bool:
        return name in self._found

    @property
    def names(self) -> KeysView[K]:
        """All of them, the newest last."""
        return self._found.keys()

    def get(self, name: K) -> V | None:
        """The result for `name`; None when it is not at hand. From any thread."""
        found = self._found.get(name)
        if found is not None:
            try:  # noqa: SIM105 - asked of each text of each request
                self._found.move_to_end(name)
            except KeyError:
                pass  # another thread has forgotten it since
        return found

    def put(self, name: K, found: V) -> None:
        """`found` is the result for `name` from now on."""
        self._found[name] = found
        self._found.move_to_end(name)
        while len(self._found) > self._most:
            self._found.popitem(last=False)

    def update(self, found: Mapping[K, V]) -> None:
        """These are the results from now on."""
        for name, one in found.items():
            self.put(name, one)

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
            self.put(name, found)
        else:
            self._found.move_to_end(name)
        return found


class OfTexts[V]:
    """What `work` makes of texts, by the texts themselves, up to `most_chars` characters of them.

    For what follows from a text alone. A text that is the same object again is found without being looked at. From
    any thread: each step on a dictionary is one.
    """

    def __init__(self, work: Callable[[str], V], *, most_chars: int = TEXT_CHARS) -> None:
        self._work = work
        self._room = most_chars // 2
        self._lately: dict[str, V] = {}
        self._before: dict[str, V] = {}
        self._chars = 0

    def __call__(self, text: str) -> V:
        """What is made of `text`. What `work` raises is not remembered."""
        found = self._lately.get(text)
        if found is not None:
            return found
        found = self._before.get(text)
        if found is None:
            found = self._work(text)
        if len(text) * _LARGEST_PART <= self._room:
            self._lately[text] = found
            self._chars += len(text) + _ENTRY_CHARS
            if self._chars > self._room:
                self._before, self._lately, self._chars = self._lately, {}, 0
        return found

    def of_each(self, texts: Iterable[str]) -> dict[str, V]:
        """What is made of each of `texts`."""
        lately = self._lately
        return {text: lately[text] if text in lately else self(text) for text in texts}

    def at_hand(self, texts: Iterable[str]) -> dict[str, V]:
        """What was made of those of `texts` that were asked for lately."""
        lately = self._lately
        return {text: lately[text] for text in texts if text in lately}


class Seen:
    """Which numbers were there lately: the newest half of `most` at least. For one thread at a time."""

    def __init__(self, most: int) -> None:
        self._room = most // 2
        self._lately: set[int] = set()
        self._before: set[int] = set()

    def __contains__(self, number: int) -> bool:
        return number in self._lately or number in self._before

    def among(self, numbers: Iterable[int]) -> set[int]:
        """Those of `numbers` that were there; they count as new again."""
        asked = set(numbers)
        found = asked & self._lately
        if len(found) < len(asked) and (again := asked & self._before):
            self.add(again)
            found |= again
        return found

    def add(self, numbers: Iterable[int]) -> None:
        """They were there."""
        self._lately.update(numbers)
        if len(self._lately) > self._room:
            self._before, self._lately = self._lately, set()
