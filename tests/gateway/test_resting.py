"""A step that rests on what is at hand is charged only if that is so: two gateways on one store, and what comes between.

What happens between the look and the charge happens in the store's own call, before it acts.
"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from msgspec.structs import replace

from aisecops.adapters.store.content import MemoryContent
from aisecops.adapters.store.pieces import MemoryPieces
from aisecops.adapters.store.provisos import held_if_so
from aisecops.gateway.leaving.trails import Trails
from aisecops.gateway.origins.additions import one_look
from aisecops.gateway.origins.known import KnownAgain
from aisecops.gateway.resting import Rests
from aisecops.gateway.runs.trees import Trees
from aisecops.model.errors import Moved
from aisecops.model.exchange import HttpResponse
from aisecops.model.known import KnownContent, KnownOutput
from aisecops.model.outcome import Forward
from aisecops.model.piece import Piece
from aisecops.model.refusals import Code
from support.gateway import code
from support.origins import origin
from support.senders import AWS, GITHUB, Scanner, cut
from support.stores import Failure
from support.two_gateways import EASY, OWN, PAGE, ROOT, SAID, STEERING, Gateways, trips


async def test_a_step_with_new_texts_asks_the_store_once_before_it_leaves_and_once_for_its_answer() -> None:
    two = await Gateways().begin()
    outcome = await two.mails(OWN)
    assert isinstance(outcome, Forward), outcome
    assert trips(two.asked) == ["reserve"]
    assert OWN in await two.said()
    two.asked.clear()
    headers = (("Content-Type", "text/plain"),)
    await two.one.enforcement.settle(outcome.permit, HttpResponse(status=200, headers=headers, body=b"it was sent"))
    assert trips(two.asked) == ["keep"]


async def test_what_came_in_elsewhere_between_look_and_charge_is_known_and_nothing_is_charged() -> None:
    two = await Gateways().begin()
    elsewhere = await two.other.run()
    before = await two.calls()
    two.store.first = lambda: two.reads(PAGE, by=two.other, run=elsewhere)
    assert code(await two.mails(PAGE)) is Code.EGRESS_BLOCKED
    assert await two.calls() == before
    assert two.store.asked.count("newer") == 0, "what came in was told where it was found"


async def test_what_a_model_is_told_is_kept_with_the_charge_and_known_from_then_on() -> None:
    two = await Gateways().begin()
    assert isinstance(await two.tells(OWN), Forward)
    two.asked.clear()
    assert isinstance(await two.tells(OWN, SAID), Forward)
    assert trips(two.asked) == ["reserve"]
    root = two.run.run.run_id
    for house in (two.one, two.other):
        trusted, _ = await house.known.sayings(root)
        assert trusted.holds("blue ribbon")
        assert trusted.holds("the letter of the ninth")


async def test_what_came_in_elsewhere_before_the_charge_is_nobodys_own_word() -> None:
    two = await Gateways().begin()
    elsewhere = await two.other.run()
    assert isinstance(await two.tells(OWN), Forward)
    two.store.first = lambda: two.reads(PAGE, by=two.other, run=elsewhere, at="https://en.wiki.example/page")
    assert isinstance(await two.tells(OWN, PAGE), Forward)
    for house in (two.one, two.other):
        trusted, untrusted = await house.known.sayings(two.run.run.run_id)
        assert not trusted.holds("signed by all")
        assert untrusted.holds("signed by all")
        assert trusted.holds("blue ribbon")


async def test_what_a_refused_call_says_is_heard_as_ever_and_once() -> None:
    two = await Gateways().begin()
    assert isinstance(await two.tells(OWN), Forward)
    await two.reads(PAGE, by=two.one, at="https://en.wiki.example/page")
    assert code(await two.tells(OWN, SAID, system=PAGE)) is Code.CONTEXT_REJECTED
    trusted, _ = await two.one.known.sayings(two.run.run.run_id)
    assert trusted.holds("the letter of the ninth")


async def test_what_came_in_elsewhere_and_is_not_quoted_does_not_hold_a_step_up() -> None:
    two = await Gateways().begin()
    elsewhere = await two.other.run()
    two.store.first = lambda: two.reads(PAGE, by=two.other, run=elsewhere)
    outcome = await two.mails(OWN)
    assert isinstance(outcome, Forward), outcome
    assert trips(two.asked) == ["reserve"]
    assert code(await two.mails(PAGE)) is Code.EGRESS_BLOCKED, "and it is known from then on"


async def test_what_came_into_the_same_tree_elsewhere_is_known() -> None:
    two = await Gateways(STEERING).begin()
    two.store.first = lambda: two.reads(PAGE, by=two.other)
    assert code(await two.mails("signed by all")) is Code.ARGUMENT_UNTRUSTED


async def test_what_is_found_in_a_text_alone_is_found_however_often_it_is_looked_at() -> None:
    two = await Gateways(
        EASY.replace("detectors: [", "detectors: [{entity: EMAIL_ADDRESS, to: any, action: mask}, ")
    ).begin()
    text = f"{OWN} Answer to ann@harbour.test, please."
    assert b"ann@" not in (await two.mails(text)).body
    two.store.first = lambda: two.reads(PAGE, by=two.other)
    outcome = await two.mails(text)
    assert "newer" in two.asked or two.asked.count("reserve") > 1, "it was looked at again"
    assert b"ann@" not in outcome.body


@pytest.mark.parametrize("value", [AWS, GITHUB])
@pytest.mark.parametrize("first", [0, 1])
async def test_half_of_a_secret_that_was_said_elsewhere_between_look_and_charge_is_heard(
    value: str, first: int
) -> None:
    two = await Gateways().begin()
    halves = cut(value, 9)

    async def said() -> None:
        assert isinstance(await two.mails(halves[first], by=two.other), Forward)

    two.store.first = said
    assert code(await two.mails(halves[1 - first])) is Code.EGRESS_BLOCKED
    assert await two.calls() == 3
    assert halves[1 - first] not in await two.said(), "what was refused was not said"
    assert code(await two.mails(halves[1 - first])) is Code.EGRESS_BLOCKED, "and is found again"


@pytest.mark.parametrize("first", [0, 1])
async def test_half_of_it_said_to_another_receiver_is_heard_too(first: int) -> None:
    hosts = EASY.replace("host: mail.example,", 'host: "*.example",')
    two = await Gateways(hosts).begin()
    halves = cut(GITHUB, 17)
    await two.mails("good day", host="post.example")

    async def said() -> None:
        assert isinstance(await two.mails(halves[first], by=two.other, host="post.example"), Forward)

    two.store.first = said
    assert code(await two.mails(halves[1 - first])) is Code.EGRESS_BLOCKED


async def test_of_two_halves_at_once_in_one_gateway_one_is_refused() -> None:
    two = await Gateways().begin()
    outcomes = await asyncio.gather(*(two.mails(half) for half in cut(AWS, 9)))
    assert sorted(map(str, map(code, outcomes))) == sorted(map(str, ["Forward", Code.EGRESS_BLOCKED]))


async def test_a_step_that_is_judged_again_is_charged_once_and_asks_no_more_than_it_did() -> None:
    two = await Gateways().begin()

    async def said() -> None:
        piece = Piece(place="body:/text", head="and who is this?")
        await two.pieces.say(two.run.run.run_id, "mail.example:443", [piece], after=0)

    two.store.first = said
    before = await two.calls()
    assert isinstance(await two.mails(OWN), Forward)
    assert trips(two.asked) == ["reserve", "say", "reserve"]
    assert await two.calls() == before + 1
    assert (await two.said()).count(OWN) == 1


async def test_a_tree_that_others_changed_is_read_and_nothing_else_is_asked_again() -> None:
    two = await Gateways().begin()
    store, root = two.other.store, two.run.run.run_id

    async def changed() -> None:
        seen = await store.snapshot(root)
        await store.swap_tree(root, seen=seen.version, new=replace(seen.tree, risk_micros=1))

    two.store.first = changed
    before = await two.calls()
    assert isinstance(await two.mails(OWN), Forward)
    assert trips(two.asked) == ["reserve", "snapshot", "reserve"]
    assert await two.calls() == before + 1
    assert (await two.said()).count(OWN) == 1


@pytest.mark.parametrize("at_hand", [True, False])
async def test_a_refusal_has_been_said_as_ever_though_nothing_was_charged(
    at_hand: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not at_hand:
        monkeypatch.setattr(Trees, "guess", lambda *_: None)
    two = await Gateways().begin()
    elsewhere = await two.other.run()
    await two.reads(PAGE, by=two.one, run=elsewhere)
    assert code(await two.mails(PAGE)) is Code.EGRESS_BLOCKED
    assert "say" in two.asked
    assert "snapshot" in two.asked


async def test_a_charge_of_which_nobody_knows_refuses_and_what_it_may_have_said_is_heard_by_the_next() -> None:
    two = await Gateways().begin()
    two.store.failing["reserve"] = Failure.AFTER
    first, second = cut(AWS, 9)
    assert code(await two.mails(first)) is Code.STORE_UNAVAILABLE
    two.store.failing.clear()
    assert code(await two.mails(second)) is Code.EGRESS_BLOCKED


class Slow(MemoryPieces):
    """Says nothing until it may."""

    def __init__(self) -> None:
        super().__init__()
        self.is_asked, self.may = asyncio.Event(), asyncio.Event()

    async def say(self, *place: Any, after: int) -> Any:
        self.is_asked.set()
        await self.may.wait()
        return await super().say(*place, after=after)


async def test_what_is_being_said_is_not_at_hand_yet() -> None:
    pieces = Slow()
    trails, where, kinds = Trails(pieces, Scanner()), ("api.test", 443), frozenset({"AWS_KEY"})
    one, two = cut(AWS, 9)
    said = asyncio.create_task(trails.scanned(ROOT, where, [("body:/a", one)], kinds))
    await pieces.is_asked.wait()
    rests = Rests()
    other = asyncio.create_task(trails.scanned(ROOT, where, [("body:/a", two)], kinds, rests))
    await asyncio.sleep(0)
    pieces.may.set()
    assert [finding.entity for finding in await other] == ["AWS_KEY"]
    assert not rests
    assert await said == ()


async def test_of_several_steps_at_one_place_one_rests_on_what_is_at_hand_and_it_is_let_go_when_that_is_over() -> None:
    trails = Trails(MemoryPieces(), Scanner())
    where, kinds = ("api.test", 443), frozenset({"AWS_KEY"})
    one, other, later = Rests(), Rests(), Rests()
    await trails.scanned(ROOT, where, [("body:/a", OWN)], kinds, one)
    await trails.scanned(ROOT, where, [("body:/a", PAGE)], kinds, other)
    assert (bool(one), bool(other)) == (True, False)
    assert not one.stand(), "somebody said something there meanwhile"
    one.let_go()
    await trails.scanned(ROOT, where, [("body:/a", f"{OWN} {PAGE}")], kinds, later)
    assert later.stand()


async def test_the_first_output_of_all_matters_to_whoever_has_looked_for_none() -> None:
    content = MemoryContent()
    known = KnownAgain(content, b"p" * 32)
    with one_look(ROOT, rests := Rests()):
        assert await known.put_out_in(ROOT, [OWN]) == []
    await content.keep(KnownContent(origin=origin("prv_1"), prints=b""))
    held_if_so(rests.provided())
    await content.keep(KnownOutput(origin=origin("out_1"), prints=b""))
    with pytest.raises(Moved):
        held_if_so(rests.provided())
    known.close()


JOINING = EASY.replace("risk:\n  sequences", "risk:\n  join: hold\n  sequences")


async def test_what_a_run_puts_out_is_kept_with_the_charge() -> None:
    two = await Gateways(JOINING).begin()
    outcome = await two.mails(f"{OWN} {SAID}")
    assert isinstance(outcome, Forward)
    assert trips(two.asked) == ["reserve"]
    _, known = await two.content.newer(0)
    assert [one.origin.source for one in known if isinstance(one, KnownOutput)][-1:] == ["tool"]
    two.asked.clear()
    headers = (("Content-Type", "text/plain"),)
    answer = HttpResponse(status=200, headers=headers, body=b"it was sent on the very same morning, with the others")
    await two.one.enforcement.settle(outcome.permit, answer)
    assert trips(two.asked) == ["keep"]


async def test_what_a_run_puts_out_and_came_in_elsewhere_before_the_charge_is_none_of_its_own() -> None:
    two = await Gateways(JOINING.replace("labels: {confidential: {to: [internal]}}", "labels: {}")).begin()
    elsewhere = await two.other.run()
    page = f"{PAGE} {SAID}"
    two.store.first = lambda: two.reads(page, by=two.other, run=elsewhere)
    before, _ = await two.content.newer(0)
    assert isinstance(await two.mails(page), Forward)
    _, known = await two.content.newer(before)
    assert [one for one in known if isinstance(one, KnownOutput)] == []
