"""What was said in a tree of runs: words of those it trusts, words of what it retrieved, calls that models proposed."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

from msgspec.structs import replace

from aisecops.controls.provenance.fingerprint import unpacked
from aisecops.controls.provenance.words import Vocabulary, addresses
from aisecops.model.known import ProposedWords, SaidWords

PROPOSALS_KEPT = 200
"""Proposed calls of one tree that a request may be of: the newest."""


@dataclass(frozen=True, slots=True)
class Sayings:
    """Texts of one kind, in which values can be looked up (`controls/firewall/arguments.py`)."""

    said: Vocabulary
    key: bytes

    def holds(self, value: str) -> bool:
        """True when `value` stands in the texts."""
        return self.said.holds(value, self.key)

    def addresses(self, value: str) -> list[str]:
        """What in `value` says where something goes."""
        return addresses(value)


@dataclass(frozen=True, slots=True)
class Proposal:
    """A call that a model proposed, in whose arguments values can be looked up."""

    name: str
    call_id: str
    decision_id: str
    said: Vocabulary
    key: bytes

    def holds(self, value: str) -> bool:
        """True when `value` stands in the arguments."""
        return self.said.holds(value, self.key)


@dataclass(slots=True)
class Tree:
    """The words of one tree of runs. Sorted arrays; what is new is merged when somebody looks.

    `proposed` is None until a model of the tree could have proposed anything.
    """

    trusted: list[Vocabulary] = field(default_factory=list)
    untrusted: list[tuple[Vocabulary, SaidWords]] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    proposed: OrderedDict[str, ProposedWords] | None = None

    def add(self, one: SaidWords | ProposedWords) -> None:
        """Know one text's words, once."""
        if isinstance(one, ProposedWords):
            self.proposed = OrderedDict() if self.proposed is None else self.proposed
            if one.name:
                self.proposed.setdefault(one.key, one)
            while len(self.proposed) > PROPOSALS_KEPT:
                self.proposed.popitem(last=False)
            return
        name = said_as(one.name, trusted=one.trusted)
        if name in self.names:
            return
        self.names.add(name)
        said = Vocabulary(words=unpacked(one.words), pairs=unpacked(one.pairs))
        if one.trusted:
            self.trusted.append(said)
        else:
            # the words are unpacked already
            self.untrusted.append((said, replace(one, words=b"", pairs=b"")))


def said_as(name: str, *, trusted: bool) -> str:
    """The name of one text's words within its tree."""
    return f"{'t' if trusted else 'u'}:{name}"
