"""What is kept so that content is known again: fingerprints of what came in, and words said or proposed in a run.

Keyed hashes only: neither the content nor the words can be read back.
"""

from __future__ import annotations

from enum import StrEnum

from aisecops.model.ids import RunId
from aisecops.model.provenance import Origin, TrustTier
from aisecops.model.value import Value


class KnownContent(Value, tag="content"):
    """One content that came in. `prints` are its fingerprints, packed."""

    origin: Origin
    prints: bytes


class KnownOutput(Value, tag="output"):
    """What a run put out: the fingerprints of its own words, packed. `origin` names the run; its source is a `Way`."""

    origin: Origin
    prints: bytes


class Part(StrEnum):
    """Which part of what was said or retrieved a text is."""

    HEARD = ""  # a text of a model's input
    WHOLE = "whole"  # an answer
    FIELDS = "fields"  # the values in an answer that rules vouch for
    CHOSEN = "chosen"  # those of them that stand beside what operator or user had named before
    REST = "rest"  # what such an answer says besides
    MODEL = "model"  # what a model has said, of which nobody is the speaker


class SaidWords(Value, tag="words"):
    """The words of one text of a run's tree: what operator or user said, or what was retrieved by `origin_id`.

    `name` is the text's keyed digest: the same text is kept once for each tree. `words` and `pairs` are packed. `tier`
    is what a retrieved text is worth.
    """

    root_run_id: RunId
    name: str
    trusted: bool
    words: bytes
    pairs: bytes
    origin_id: str = ""
    origin: str = ""
    tier: TrustTier = TrustTier.EXTERNAL
    part: Part = Part.HEARD


class ProposedWords(Value, tag="proposed"):
    """One call that a model of a run's tree proposed: its name, and the words of its arguments.

    `key` is its place among them; one without a `name` says that a model was offered tools, and no more. `withdrawn`:
    the agent never got it.
    """

    root_run_id: RunId
    key: str
    name: str = ""
    call_id: str = ""
    decision_id: str = ""
    words: bytes = b""
    pairs: bytes = b""
    withdrawn: bool = False


Known = KnownContent | KnownOutput | SaidWords | ProposedWords


class AskedAbout(Value):
    """What of newer content would have mattered to a step: what shares one of `prints`, packed, or all `outputs`."""

    prints: bytes = b""
    outputs: bool = False
