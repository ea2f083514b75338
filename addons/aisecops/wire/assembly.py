"""Put together what a streamed answer brings in pieces, within a bound: texts, proposed calls, and the answer itself.

Knows pieces and their places. Which event carries a piece, and when a call is whole, is each dialect's to know.
"""

from __future__ import annotations

from aisecops.model.errors import WireError
from aisecops.model.refusals import Code
from aisecops.wire.llm import LlmAnswer, Place, ProposedCall, Usage

MAX_ANSWER_CHARS = 16 * 1024 * 1024


class _Bound:
    """Counts what is kept."""

    def __init__(self) -> None:
        self._chars = 0

    def add(self, *pieces: str) -> None:
        self._chars += sum(map(len, pieces))
        if self._chars > MAX_ANSWER_CHARS:
            raise WireError(f"the streamed answer is over {MAX_ANSWER_CHARS} characters", Code.TOO_LARGE)


class Texts:
    """The texts of an answer, one for each place that text arrives at."""

    def __init__(self) -> None:
        self._pieces: dict[int, list[str]] = {}
        self._bound = _Bound()
        self.reasoning_chars = self.refusal_chars = 0

    def add(self, place: int, piece: str) -> None:
        """Add to the text at `place`; an empty piece still opens it."""
        self._bound.add(piece)
        self._pieces.setdefault(place, []).append(piece)

    def add_reasoning(self, piece: str) -> None:
        """Reasoning is weighed, not kept."""
        self.reasoning_chars += len(piece)

    def add_refusal(self, piece: str) -> None:
        """Neither are the words with which a model declines."""
        self.refusal_chars += len(piece)

    @property
    def whole(self) -> tuple[str, ...]:
        """Every text as far as it has come, in the order of places."""
        return tuple("".join(self._pieces[place]) for place in sorted(self._pieces))


class Calls:
    """Proposed calls growing, each in a group (a choice, a message) at an index, until they are closed."""

    def __init__(self) -> None:
        self._growing: dict[int, dict[int, tuple[list[str], list[str], list[str]]]] = {}
        self._whole: list[ProposedCall] = []
        self._places: list[tuple[int, int]] = []
        self._placed: tuple[tuple[tuple[int, int], ProposedCall], ...] = ()
        self._bound = _Bound()

    @property
    def pending(self) -> bool:
        """True while a call has begun and is not closed."""
        return bool(self._growing)

    @property
    def whole(self) -> tuple[ProposedCall, ...]:
        """The closed calls, in the order they were closed."""
        return tuple(self._whole)

    @property
    def placed(self) -> tuple[tuple[tuple[int, int], ProposedCall], ...]:
        """The closed calls with group and index of each, in the order they were closed."""
        if len(self._placed) != len(self._whole):  # asked for with each event, most of which bring no call
            self._placed = tuple(zip(self._places, self._whole, strict=True))
        return self._placed

    def grow(self, group: int, index: int, *, call_id: str = "", name: str = "", arguments: str = "") -> None:
        """Begin the call at `index`, or add to it.

        Of several ids the first counts; a name that is said twice some put together and some not: raises WireError.
        """
        self._bound.add(call_id, name, arguments)
        ids, names, pieces = self._growing.setdefault(group, {}).setdefault(index, ([], [], []))
        if name and names:
            raise WireError("a proposed call of the stream has two names")
        if call_id and not ids:
            ids.append(call_id)
        names += [name] if name else []
        pieces.append(arguments)

    def grown(self, group: int, index: int) -> bool:
        """True when the call at `index` has arguments by now."""
        return any(self._growing.get(group, {}).get(index, ((), (), ()))[2])

    def add(self, group: int, call: ProposedCall) -> None:
        """A call that came whole."""
        self._places.append((group, len(self._whole)))
        self._whole.append(call)

    def close(self, group: int) -> None:
        """The calls of `group` are whole."""
        for index, (ids, names, pieces) in sorted(self._growing.pop(group, {}).items()):
            if not names:
                raise WireError("a proposed call of the stream has no name")
            self._places.append((group, index))
            self._whole.append(
                ProposedCall(name="".join(names), call_id="".join(ids), arguments="".join(pieces)),
            )

    def close_all(self) -> None:
        """All calls are whole."""
        for group in sorted(self._growing):
            self.close(group)


class AnswerInPieces:
    """A streamed answer as far as it has come. A dialect's reader puts in what its events bring."""

    def __init__(self) -> None:
        self._model = self._finish = ""
        self._usage: Usage | None = None
        self._texts = Texts()
        self._calls = Calls()
        self._hosted: list[ProposedCall] = []
        self._done = False

    @property
    def pending(self) -> bool:
        """True while a call has begun and is not whole."""
        return self._calls.pending

    @property
    def proposals(self) -> tuple[ProposedCall, ...]:
        """Every whole call, first those that the provider makes itself."""
        return (*self._hosted, *self._calls.whole)

    @property
    def placed(self) -> tuple[tuple[Place, ProposedCall], ...]:
        """The calls for the agent that are whole, each with its place."""
        return self._calls.placed

    def answer(self) -> LlmAnswer:
        """What has come, as an answer; `complete` when its end has come too."""
        return LlmAnswer(
            model=self._model,
            usage=self._usage,
            proposals=self.proposals,
            texts=self._texts.whole,
            reasoning_chars=self._texts.reasoning_chars,
            refusal_chars=self._texts.refusal_chars,
            finish=self._finish,
            complete=self._done,
        )
