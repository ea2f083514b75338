"""What was said in a tree of runs: words of those it trusts, words of what it retrieved, calls that models proposed.

Sorted arrays of keyed hashes; what is new is merged when somebody looks. Where they are kept and who may look is
`known.py`'s.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from msgspec.structs import replace

from aisecops.controls.firewall.label import UNTRUSTED
from aisecops.controls.provenance.fingerprint import unpacked
from aisecops.controls.provenance.words import EMPTY, Vocabulary, addresses, together
from aisecops.model.known import Part, ProposedWords, SaidWords

PROPOSALS_KEPT = 200
"""Proposed calls of one tree that a request may be of: the newest."""
HARDLY_MORE = 0.5
"""A text of so many vouched words, which nobody saw come in, is an agent's own table of them and no stranger's."""


@dataclass(frozen=True, slots=True)
class Sayings:
    """Texts of one kind, in which values can be looked up (`controls/firewall/arguments.py`)."""

    said: Vocabulary
    key: bytes
    exactly: bool = True
    """False for texts that nobody trusts: there a value is one whatever marks are before it."""

    def holds(self, value: str) -> bool:
        """True when `value` stands in the texts."""
        return self.said.holds(value, self.key, exactly=self.exactly)

    def addresses(self, value: str) -> list[str]:
        """What in `value` says where something goes."""
        return addresses(value)


@dataclass(frozen=True, slots=True)
class Proposal:
    """A call that a model proposed, in whose arguments values can be looked up; `withdrawn`: no agent got it."""

    name: str
    call_id: str
    decision_id: str
    said: Vocabulary
    key: bytes
    withdrawn: bool = False

    def holds(self, value: str) -> bool:
        """True when `value` stands in the arguments."""
        return self.said.holds(value, self.key)


@dataclass(slots=True)
class Tree:
    """The words of one tree of runs.

    `own` said operator and user, `fields` are the values that rules vouch for, of each answer by itself, `untrusted`
    what was retrieved, `models` what models said. `proposed` is None until a model of the tree could have proposed
    anything.
    """

    key: bytes
    own: list[Vocabulary] = field(default_factory=list)
    fields: list[tuple[Vocabulary, SaidWords]] = field(default_factory=list)
    untrusted: list[tuple[Vocabulary, SaidWords]] = field(default_factory=list)
    models: list[Vocabulary] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    proposed: OrderedDict[str, ProposedWords] | None = None
    _merged: tuple[Sayings, Sayings] | None = None

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
        self._merged = None
        said = Vocabulary(words=unpacked(one.words), pairs=unpacked(one.pairs))
        bare = replace(one, words=b"", pairs=b"")  # the words are unpacked already
        if one.part is Part.FIELDS:
            self.fields.append((said, bare))
        elif one.part is Part.MODEL:
            self.models.append(said)
        elif one.trusted:
            self.own.append(said)
        else:
            self.untrusted.append((said, bare))

    def sayings(self) -> tuple[Sayings, Sayings]:
        """What was said by whom the tree trusts, fields included, and what was retrieved."""
        if self._merged is None:
            self.own = [together(*self.own)] if self.own else []
            trusted = together(*self.own, *(said for said, _ in self.fields))
            untrusted = together(*(said for said, _ in self.untrusted)) if self.untrusted else EMPTY
            self._merged = Sayings(trusted, self.key), Sayings(untrusted, self.key, exactly=False)
        return self._merged

    def by_models(self) -> Vocabulary:
        """What models of this tree have said and proposed, if it has read anything untrusted."""
        if not self.untrusted:
            return EMPTY
        self.models = [together(*self.models)] if self.models else []
        proposed = self.proposed.values() if self.proposed is not None else ()
        return together(
            *self.models, *(Vocabulary(words=unpacked(one.words), pairs=unpacked(one.pairs)) for one in proposed)
        )

    def own_words(self) -> Sayings:
        """What operator and user said, without the fields that rules vouch for."""
        return Sayings(together(*self.own), self.key)

    def named_in(self, values: Sequence[str], *, of: str = "") -> tuple[str, str]:
        """The origin (id and source) of the first retrieved text that names one of `values`; its source begins so."""
        for said, one in self.untrusted:
            if one.origin.startswith(of) and any(said.holds(value, self.key, exactly=False) for value in values):
                return one.origin_id, one.origin
        return "", ""

    def echo(self, values: Sequence[str]) -> tuple[str, str] | None:
        """Who names one of `values` (one thing, written in several ways) besides the field that alone vouches for it.

        The origin (id and source) of an untrusted text that does. None when operator or user named it, when no field
        vouches for it, and when nobody else names it.
        """
        if any(said.holds(value, self.key) for said in self.own for value in values):
            return None
        vouching = [(said, one) for said, one in self.fields if any(said.holds(value, self.key) for value in values)]
        if not vouching:
            return None
        for said, one in self._beside(vouching):
            if any(said.holds(value, self.key, exactly=False) for value in values):
                return one.origin_id, one.origin
        return None

    def _beside(self, vouching: Sequence[tuple[Vocabulary, SaidWords]]) -> Iterator[tuple[Vocabulary, SaidWords]]:
        """The untrusted texts that are not the answers in which the fields of `vouching` stand."""
        ids, sources = {one.origin_id for _, one in vouching}, {one.origin for _, one in vouching}
        here = {one.origin_id for _, one in (*self.fields, *self.untrusted) if one.part is not Part.HEARD}
        vouched = together(*(said for said, _ in vouching))
        for said, one in self.untrusted:
            if one.tier not in UNTRUSTED:
                continue
            if one.part is Part.REST:
                yield said, one
            elif one.origin_id in ids or (one.origin_id not in here and one.origin in sources):
                continue  # that answer itself, or as an earlier run read it
            elif one.origin_id or said.share_in(vouched) < HARDLY_MORE:
                yield said, one


def said_as(name: str, *, trusted: bool) -> str:
    """By what a text is known once in a tree."""
    return f"{'t' if trusted else 'u'}:{name}"
