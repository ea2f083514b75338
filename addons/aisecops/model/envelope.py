"""What is known of where the words of a request came from: the model's input in labelled segments, arguments traced.

Values only, and recorded with the decision: places, origins and tiers, never the words themselves (spec 5.1, 5.4).
"""

from __future__ import annotations

from enum import StrEnum

from aisecops.model.chain import Drawn
from aisecops.model.memory import KeptItem
from aisecops.model.provenance import Span, TrustTier
from aisecops.model.value import Value


class Stretch(Value):
    """A part of a text that is known to come from elsewhere. `origin_id` is empty for content nobody saw come in."""

    span: Span
    tier: TrustTier
    origin_id: str = ""
    source: str = ""
    sha256: str = ""
    label: str = ""


class LabelledSegment(Value):
    """One piece of what a model is told, with the tier it is worth as a whole (CTX-3).

    `position` is its JSON pointer, `role` and `kind` what the request says that it is. `wrapped`: as a whole, or each
    of its untrusted stretches, it reaches the model in an envelope.
    """

    position: str
    role: str
    kind: str
    tier: TrustTier
    stretches: tuple[Stretch, ...] = ()
    wrapped: bool = False


class ArgumentSource(StrEnum):
    """Where an argument's value was found."""

    TRUSTED = "trusted"  # in what operator or user said, or in a field that the rules trust
    UNTRUSTED = "untrusted"  # in retrieved content only
    NOWHERE = "nowhere"
    NONE = "none"  # there is no value, or one that says nothing by itself, such as `true`


class TracedArgument(Value):
    """One argument of a tool request: where its value was found, and in whose content.

    `echoes`: only a field that the rules trust vouches for it, and untrusted content besides names it too, of `origin`.
    `said`: operator or user named it in words of their own.
    """

    name: str
    source: ArgumentSource
    origin_id: str = ""
    origin: str = ""
    steering: bool = False
    echoes: bool = False
    said: bool = False


class Suspicion(Value, omit_defaults=True):
    """What one detector saw in a text: where, and how sure it is, 0 to 1. Never the words.

    `traits`: of what a learned detector knows, the kinds of words in a row that weighed most, the heaviest first.
    """

    detector: str
    span: Span
    score: float
    traits: tuple[str, ...] = ()


class Suspected(Value):
    """Untrusted text of a model's input in which detectors saw an injection: which piece, whose content, how sure.

    The spans of `found` are places in the piece's text; `score` is all of it together, 0 to 1.
    """

    position: str
    tier: TrustTier
    score: float
    found: tuple[Suspicion, ...]
    origin_id: str = ""
    source: str = ""


class Carried(Value):
    """Labelled content that a request would carry out: where in it, and whose content it is."""

    where: str
    label: str
    origin_id: str
    origin: str


class ProposalLink(Value):
    """The call of a model that a request is of. `found` False: models of this tree could propose, and none did.

    Or one did, and its call, which is named then, was withdrawn before the agent had it.
    `differs` names the arguments, or `scope`, in which the request says what the proposal does not; when one of them
    steers, `steered_elsewhere`.
    """

    found: bool
    name: str = ""
    call_id: str = ""
    decision_id: str = ""
    differs: tuple[str, ...] = ()
    steered_elsewhere: bool = False


class NamedDestination(Value):
    """The host of a request, that only remembered text has named. `open`: the rules do not write it out either."""

    host: str
    origin_id: str
    origin: str
    open: bool


class Descent(Value):
    """Where the words of a request came from. `read_untrusted`: the run has read content that nobody vouches for.

    `destination` is where its host was named, when the rules leave that open; `proposal` the call that a model made of
    it before, None when none could have. `kept` are the items that it writes into a memory,
    `remembered` is its host where only a memory has named that. `drawn` are the other trees whose words it holds.
    `told_bytes` are those of the texts that are the user's own.
    """

    segments: tuple[LabelledSegment, ...] = ()
    arguments: tuple[TracedArgument, ...] = ()
    carried: tuple[Carried, ...] = ()
    suspected: tuple[Suspected, ...] = ()
    read_untrusted: bool = False
    destination: TracedArgument | None = None
    proposal: ProposalLink | None = None
    kept: tuple[KeptItem, ...] = ()
    remembered: NamedDestination | None = None
    told_bytes: int = 0
    drawn: tuple[Drawn, ...] = ()
