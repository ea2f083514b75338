"""Where the words of one request came from, and the form in which untrusted ones may reach a model.

Labels each piece of a model's input and traces each declared argument of a tool request, with what `known.py` knows.
What follows from that is decided in `judge.py`; here it is only found out, and carried out when it was allowed.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence

from msgspec.structs import replace

from aisecops.controls.firewall.arguments import leaves, source_of
from aisecops.controls.firewall.assess import total
from aisecops.controls.firewall.envelope import NOTICE, wrapped
from aisecops.controls.firewall.label import INSTRUCTING, UNTRUSTED, label, told_bytes
from aisecops.controls.firewall.suspect import MAX_SUSPECTED, hostile, suspected, untrusted_spans
from aisecops.controls.policy.jmes import JmesError, found_in
from aisecops.controls.provenance.words import addresses
from aisecops.gateway.aside import in_steps, in_thread
from aisecops.gateway.origins.chains import Chains
from aisecops.gateway.origins.known import KnownAgain
from aisecops.gateway.origins.links import Links
from aisecops.gateway.origins.offers import suspected_offers
from aisecops.gateway.origins.traced import labelled
from aisecops.gateway.origins.undeclared import undeclared
from aisecops.gateway.origins.undressed import read_anyhow, without_dresses
from aisecops.gateway.origins.vouched import looked_at
from aisecops.gateway.ports import Clock, ContentScanner, Ids
from aisecops.gateway.step.classify import Step
from aisecops.model.action import ActionRequest, Principal
from aisecops.model.chain import Join, Way
from aisecops.model.envelope import ArgumentSource, Carried, Descent, LabelledSegment, Suspected, TracedArgument
from aisecops.model.errors import Fault, WireError
from aisecops.model.exchange import HttpRequest, HttpResponse
from aisecops.model.ids import RunId
from aisecops.model.json_places import containers, quoted, string_values, with_values
from aisecops.model.provenance import Origin, Span, TrustTier, joined
from aisecops.model.readings import readings
from aisecops.model.rules import FirewallRules, HttpMatch, NamedBy, RuleSet, ToolRule
from aisecops.wire.answer_pieces import Piece
from aisecops.wire.dialects import with_notice
from aisecops.wire.files.kind import kind_of
from aisecops.wire.files.shelf import ASIDE, File
from aisecops.wire.json_parts import JOINED
from aisecops.wire.limits import JsonValue
from aisecops.wire.llm import LlmAnswer, LlmCall, Segment, SegmentKind

LOOKED_AT_HERE = 8 * 1024
"""Bytes of an answer whose texts are found on the event loop: a page of so many costs about a millisecond."""
_UNSEEN = "\N{REPLACEMENT CHARACTER}"
"""Stands for an argument that is in the body in a form we cannot look it up in: nobody can have said it."""
RECIPIENT_DIGITS = 16
"""Hex digits by which recipients are told apart: two of a thousand look alike once in 10^13 times."""
UNSEEN = "the model's provider"
"""The source of what a provider puts before its model by itself."""
MAX_CARRIED = 100
"""One is enough to refuse; the rest explain."""
_SAID_ELSEWHERE = ("header:", "host:", JOINED)
"""Headers say how something is to be done, and the rules where; what is put together is said in its pieces."""
OWN = frozenset({TrustTier.OPERATOR, TrustTier.USER})
"""What a text is worth that was theirs already, also where it has been kept in a memory meanwhile."""
_READ = frozenset({SegmentKind.TEXT, SegmentKind.TOOL_RESULT, SegmentKind.TOOL_CALL})


class Descents:
    """Finds out where words came from. `secret` keys the marks of envelopes."""

    def __init__(self, known: KnownAgain, files: ContentScanner, *, clock: Clock, ids: Ids, secret: bytes) -> None:
        self._known = known
        self._links = Links(known)
        self._chains = Chains(known, clock=clock, ids=ids)
        self._files = files
        self._clock = clock
        self._ids = ids
        self._secret = secret

    async def of(
        self, rules: RuleSet, root_run_id: RunId, step: Step, request: HttpRequest, parts: Sequence[tuple[str, str]]
    ) -> Descent | None:
        """Where the words of `step` came from; None for a step that has none to ask about.

        `parts` are all texts that would leave, those in files included. Raises `StoreError`.
        """
        found: Descent | None = None
        if step.tool is not None:
            found = await self._of_tool(root_run_id, step.tool, step, request, parts)
        if step.call is not None:
            # behind a tool's rule the model may have chosen what the roles are: nobody said it because they say so
            read = await self.of_call(rules, root_run_id, step.call, vouched=step.model is not None)
            found = read if found is None else _both(found, read)
        if rules.egress.labels or any(rule.label for rule in rules.egress.detectors):
            carried = await self.carried(root_run_id, parts)
            found = replace(found or Descent(), carried=carried)
        return found

    async def of_call(self, rules: RuleSet, root_run_id: RunId, call: LlmCall, *, vouched: bool = True) -> Descent:
        """Where the words of `call` came from; its model may propose what it is offered. Raises `StoreError`.

        `vouched`: operator and user said what stands in their roles.
        """
        found = await self._of_call(rules.firewall, root_run_id, call, vouched=vouched)
        await self._links.offered(root_run_id, call)
        if rules.risk.join is not Join.OFF:
            read = [part.text for part in call.segments if part.kind in _READ and part.role not in INSTRUCTING]
            found = replace(found, drawn=await self._chains.found_in(root_run_id, read))
        return found

    async def _of_tool(
        self, root_run_id: RunId, tool: ToolRule, step: Step, request: HttpRequest, parts: Sequence[tuple[str, str]]
    ) -> Descent | None:
        link = await self._links.of(root_run_id, step)
        unseen = step.json is None and bool(step.body)
        said = [(where, text) for where, text in parts if not where.startswith(_SAID_ELSEWHERE)]
        found = await self.of_arguments(root_run_id, tool, step.json, said, unseen=unseen)
        destination = None
        if any(isinstance(match, HttpMatch) and "*" in match.host for match in tool.match):
            destination = await self._traced(root_run_id, "host", request.host)
        if link is None and destination is None:
            return found
        return replace(found or Descent(), proposal=link, destination=destination)

    async def learn(
        self, principal: Principal, request: ActionRequest, tool: ToolRule | None, response: HttpResponse, body: bytes
    ) -> Origin:
        """Know the content of an answer again from now on, of a document too. `body` is the response's, decoded.

        Raises `StoreError`, `Fault` when a document was not opened in time.
        """
        look = functools.partial(looked_at, tool, response, body)
        sha256, texts, vouched = look() if len(body) <= LOOKED_AT_HERE else await in_thread(look)
        if body and (not texts or kind_of(body) is not None):
            texts = [*texts, *await self._texts_in(body)] or await in_thread(read_anyhow, response.headers, body)
        origin = self._origin(principal, request, sha256=sha256)
        return await self._known.learn_once(origin, await without_dresses(texts), vouched)

    async def _texts_in(self, body: bytes) -> list[str]:
        """The texts in an answer that is a file. What cannot be read is not known again."""
        try:
            opened = await self._files.open_files([File(where="", data=body, reason="body")])
        except WireError:
            return []
        return [text for where, text in opened.parts if not where.endswith(ASIDE)]

    async def learn_piece(
        self, principal: Principal, request: ActionRequest, piece: Piece, *, first: Origin | None, number: int
    ) -> Origin:
        """Know a piece of an answer that is passed on in pieces; `first` is the origin of its first, `number` from 1.

        Later pieces are known as the first with their number behind. Raises `StoreError`.
        """
        origin = self._origin(principal, request, sha256=piece.sha256)
        if first is not None:
            origin = replace(origin, origin_id=f"{first.origin_id}.{number}")
        await self._known.learn(origin, piece.texts)
        return origin

    def _origin(self, principal: Principal, request: ActionRequest, *, sha256: str) -> Origin:
        return Origin(
            origin_id=self._ids.new("prv_"),
            tier=request.returns_tier,
            source=f"https://{request.host}",
            sha256=sha256,
            at_ms=self._clock.now_ms(),
            tool=request.tool,
            label=request.label,
            agent_id=principal.agent_id,
            run_id=principal.run_id,
            root_run_id=principal.root_run_id,
        )

    def reaching(self, request: ActionRequest, recipients: tuple[str, ...]) -> ActionRequest:
        """`request` with the keyed digests of whom it reaches."""
        digests = tuple(self._known.digest(one)[:RECIPIENT_DIGITS] for one in recipients)
        return replace(request, recipients=digests) if digests else request

    async def answered(self, principal: Principal, answer: LlmAnswer, *, joins: bool) -> None:
        """A model has said `answer`: nobody's own words where they come again. Raises `StoreError`."""
        await self._known.model_said(principal.root_run_id, answer.texts, answer.kept_as)
        if joins:
            await self._chains.put_out(principal, Way.MODEL, answer.texts)

    @property
    def chains(self) -> Chains:
        """What runs put out."""
        return self._chains

    @property
    def links(self) -> Links:
        """The calls that models proposed, and the requests that are of them."""
        return self._links

    def enveloped(self, body: bytes, call: LlmCall, descent: Descent) -> bytes | None:
        """`body` with every untrusted text in its envelope and the notice in place; None when there is none.

        Of a text that was masked since it was labelled the whole is put into one envelope. Raises `Fault` when the
        body is not the one that was labelled: then nothing may leave.
        """
        fixed = {segment.position for segment in call.segments if segment.fixed}
        wraps = [segment for segment in descent.segments if segment.wrapped and segment.position not in fixed]
        if not wraps:
            return None
        labelled = {segment.position: segment.text for segment in call.segments}
        try:
            text = body.decode("utf-8")
            standing, structured = string_values(text), containers(text)
            new: dict[str, str] = {}
            objects: dict[str, str] = {}
            for segment in wraps:
                at = segment.position
                if at in standing:
                    now = standing[at][0]
                    new[at] = self._wrapped(now, segment, whole=now != labelled[at])
                else:
                    now = text[structured[at].start : structured[at].end]
                    objects[at] = _in_object(self._wrapped(now, segment, whole=True))
            changed = with_values(text, new, objects=objects)
            return with_notice(changed, call, NOTICE).encode("utf-8", "surrogatepass")
        except (ValueError, KeyError) as error:
            raise Fault("the model's input cannot be put into envelopes") from error

    def _wrapped(self, text: str, segment: LabelledSegment, *, whole: bool) -> str:
        """The whole of a tool's answer, else each untrusted stretch."""
        untrusted = [part for part in segment.stretches if part.tier in UNTRUSTED]
        if whole or segment.role == "tool":
            worst = max(untrusted, key=lambda part: (part.tier.rank, part.span.end - part.span.start))
            return wrapped(text, worst, self._secret)
        for part in reversed(untrusted):
            inside = wrapped(text[part.span.start : part.span.end], part, self._secret)
            text = f"{text[: part.span.start]}{inside}{text[part.span.end :]}"
        return text

    async def _of_call(self, lines: FirewallRules, root_run_id: RunId, call: LlmCall, *, vouched: bool) -> Descent:
        read = [part for part in call.segments if part.kind in _READ]
        traced = await self._known.recognise(root_run_id, [part.text for part in read])
        segments: list[LabelledSegment] = []
        tier = TrustTier.OPERATOR
        for part, known in zip(read, traced, strict=True):
            labelled = label(
                position=part.position,
                role=str(part.role),
                kind=str(part.kind),
                length=len(part.text),
                known=known,
                unknown=lines.unknown_content,
                so_far=tier,
            )
            tier = tier if labelled.tier is tier else joined(tier, labelled.tier)
            segments.append(labelled)
        own = _told(read, segments) if vouched else []
        # content that nobody saw is no better for it: from now on the tree has read what it cannot vouch for
        unseen = (*call.unseen, *call.fetching, *await self._known.unheard(root_run_id, call.continues))
        others = [*_others(read, segments), *((name, "", UNSEEN) for name in unseen)]
        await self._known.heard(root_run_id, trusted=own, untrusted=others)
        found = await self._suspected(read, segments, flag_at=float(lines.flag_at))
        flagged = {one.position for one in found}
        segments = [hostile(segment) if segment.position in flagged else segment for segment in segments]
        offers = await suspected_offers(self._known, root_run_id, call.tools, flag_at=float(lines.flag_at))
        return Descent(
            segments=tuple(segments),
            suspected=(*offers, *found),
            read_untrusted=tier in UNTRUSTED or bool(unseen),
            told_bytes=told_bytes([part.text for part in read], segments) if vouched else 0,
        )

    async def _suspected(
        self, read: Sequence[Segment], segments: Sequence[LabelledSegment], *, flag_at: float
    ) -> tuple[Suspected, ...]:
        """Every untrusted text in which detectors see enough to flag it."""
        places = [
            (part, segment, span)
            for part, segment in zip(read, segments, strict=True)
            if segment.stretches
            for span in untrusted_spans(segment, len(part.text))
        ]
        seen = await self._known.assessed([part.text[span.start : span.end] for part, _, span in places])
        found = [
            suspected(segment, span, signs, score)
            for (_, segment, span), signs in zip(places, seen, strict=True)
            if (score := total(signs)) >= flag_at and signs
        ]
        # the surest first: what is left out explains less, and blocks nothing that is kept would not
        return tuple(sorted(found, key=lambda one: -one.score)[:MAX_SUSPECTED])

    async def carried(self, root_run_id: RunId, parts: Sequence[tuple[str, str]]) -> tuple[Carried, ...]:
        """The labelled content in what would leave, once for each place and origin."""
        traced = await self._known.recognise(root_run_id, [text for _, text in parts])
        found = await in_steps(labelled(parts, traced)) if any(traced) else {}
        # INVARIANT: one of each label is kept, however many there are: each label is judged
        kept = {one.label: one for one in reversed(found.values())}
        return tuple(dict.fromkeys((*kept.values(), *tuple(found.values())[:MAX_CARRIED])))

    async def of_arguments(
        self,
        root_run_id: RunId,
        tool: ToolRule,
        data: JsonValue,
        said: Sequence[tuple[str, str]],
        *,
        unseen: bool = False,
    ) -> Descent | None:
        """Where the values of the declared arguments of `tool` in `data` come from, and what else is `said` in a call.

        `unseen`: they are in a form that cannot be looked into. None when there is nothing to tell. Raises
        `StoreError`.
        """
        arguments = []
        for rule in tool.arguments:
            try:
                value = found_in(rule.at, data)
            except JmesError:
                value = _UNSEEN
            if unseen:
                value = _UNSEEN
            traced = await self._traced(root_run_id, rule.name, value, copies=not rule.steering)
            if rule.steering:
                traced = await self._echoed(root_run_id, traced, value)
            if rule.named_by is NamedBy.USER:
                traced = replace(traced, said=await self._known.said(root_run_id, value))
            arguments.append(replace(traced, steering=rule.steering))
        beside = await undeclared(self._known, root_run_id, tool, data, said)
        if beside is not None:
            arguments.append(beside)
        if not arguments:
            return None
        _, untrusted = await self._known.sayings(root_run_id)
        return Descent(arguments=tuple(arguments), read_untrusted=len(untrusted.said) > 0)

    async def _traced(self, root_run_id: RunId, name: str, value: JsonValue, *, copies: bool = False) -> TracedArgument:
        """Where `value` was named. With `copies` also a part of it counts that was copied from untrusted content."""
        trusted, untrusted = await self._known.sayings(root_run_id)
        source = source_of(value, trusted=trusted, untrusted=untrusted)
        if source is ArgumentSource.UNTRUSTED:
            named = list(leaves(value))
            named += [address for leaf in named for address in untrusted.addresses(leaf)]
            origin_id, origin = await self._known.named_in(root_run_id, named)
            return TracedArgument(name=name, source=source, origin_id=origin_id, origin=origin)
        if copies and source is ArgumentSource.NOWHERE:
            texts = list(leaves(value))
            for text, known in zip(texts, await self._known.recognise(root_run_id, texts), strict=True):
                for one in known:
                    if one.origin.tier in UNTRUSTED and not trusted.holds(text[one.span.start : one.span.end]):
                        copied = one.origin
                        return TracedArgument(
                            name=name,
                            source=ArgumentSource.UNTRUSTED,
                            origin_id=copied.origin_id,
                            origin=copied.source,
                        )
        return TracedArgument(name=name, source=source)

    async def _echoed(self, root_run_id: RunId, traced: TracedArgument, value: JsonValue) -> TracedArgument:
        """`traced`, and who else names it when nobody but a field of a tool's answer vouches for it."""
        if traced.source is not ArgumentSource.TRUSTED:
            return traced
        for leaf in leaves(value):
            ways = [way for reading in readings(leaf) for way in (reading.text, *addresses(reading.text))]
            named = await self._known.echo(root_run_id, ways)
            if named is not None:
                return replace(traced, echoes=True, origin_id=named[0], origin=named[1])
        return traced


def _both(tool: Descent, call: Descent) -> Descent:
    """Of a tool's request that is a call to a model besides: what is known of it as either."""
    untrusted = tool.read_untrusted or call.read_untrusted
    return replace(tool, segments=call.segments, suspected=call.suspected, read_untrusted=untrusted, drawn=call.drawn)


def _in_object(wrapped_text: str) -> str:
    """What stands in the place of an object that a tool answered, where no text may stand."""
    return f'{{"output":{quoted(wrapped_text)}}}'


def _told(read: Sequence[Segment], segments: Sequence[LabelledSegment]) -> list[tuple[str, list[Span]]]:
    """The segments of operator and user, each with the stretches of it that are known to come from elsewhere."""
    return [
        (part.text, [one.span for one in segment.stretches if one.tier not in OWN])
        for part, segment in zip(read, segments, strict=True)
        if segment.role in INSTRUCTING or segment.role == "user"
    ]


def _others(read: Sequence[Segment], segments: Sequence[LabelledSegment]) -> list[tuple[str, str, str]]:
    """What was retrieved: the untrusted stretches, and of a tool's answer the whole."""
    found = []
    for part, segment in zip(read, segments, strict=True):
        for stretch in segment.stretches:
            if stretch.tier in UNTRUSTED:
                span = stretch.span
                text = part.text if segment.role == "tool" else part.text[span.start : span.end]
                found.append((text, stretch.origin_id, stretch.source))
    return found
