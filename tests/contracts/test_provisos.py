"""What every store promises of what a charge depends on in its other parts (`gateway/ports.py: Proviso`)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from aisecops.gateway.ports import KNOWN_AT_ONCE
from aisecops.gateway.proviso import Proviso
from aisecops.model.budget import TreeState
from aisecops.model.errors import Moved, Stale
from aisecops.model.ids import RunId
from aisecops.model.known import AskedAbout, KnownContent, KnownOutput, SaidWords
from aisecops.model.piece import Piece
from aisecops.model.state import RevocationKind
from support.origins import origin
from support.stores import STORES, Opened, opened_together
from support.trees import ROOT, run_of, tree_of

SEEN = tree_of()
CHARGED = replace(SEEN, risk_micros=1)
TO = "api.test:443"
OURS, THEIRS, SHARED = b"%-8d" % 1, b"%-8d" % 2, b"%-8d" % 3
"""Fingerprints: of what is asked about, of something else, of both."""


@pytest.fixture(params=STORES)
async def parts(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Opened]:
    async with opened_together(request.param, tmp_path) as opened:
        await opened.store.open_run(run_of(ROOT), SEEN, seen=None)
        yield opened


def piece(text: str) -> Piece:
    return Piece(place="body:/text", head=text)


def words(name: str, root: str) -> SaidWords:
    return SaidWords(root_run_id=RunId(root), name=name, trusted=True, words=OURS, pairs=b"")


def content(name: str, prints: bytes) -> KnownContent:
    return KnownContent(origin=origin(name), prints=prints)


async def charged(parts: Opened, *provided: Proviso, durable: bool = True) -> Sequence[Any]:
    return await parts.store.reserve(SEEN, CHARGED, provided=provided, durable=durable)


async def not_charged(parts: Opened, *provided: Proviso) -> Sequence[Any]:
    with pytest.raises(Moved) as moved:
        await charged(parts, *provided)
    assert await tree(parts) == SEEN
    return moved.value.found


async def tree(parts: Opened) -> TreeState:
    found = await parts.store.snapshot(ROOT)
    assert found is not None
    return found.tree


async def said(parts: Opened, to: str = TO) -> list[list[Piece]]:
    return [list(pieces) for _, pieces in await parts.pieces.newer(ROOT, to, 0)]


async def test_what_is_said_is_kept_with_the_charge_and_told_where(parts: Opened) -> None:
    before, _ = await parts.pieces.say(ROOT, TO, [piece("a")], after=0)
    other = parts.pieces.unless_said(ROOT, "*", [piece("c")], after=0)
    at, elsewhere = await charged(parts, parts.pieces.unless_said(ROOT, TO, [piece("b")], after=before), other)
    assert await tree(parts) == CHARGED
    assert [(place, list(one)) for place, one in await parts.pieces.newer(ROOT, TO, before)] == [(at, [piece("b")])]
    assert [(place, list(one)) for place, one in await parts.pieces.newer(ROOT, "*", 0)] == [(elsewhere, [piece("c")])]


async def test_nothing_to_say_depends_on_what_was_said_all_the_same(parts: Opened) -> None:
    nothing = parts.pieces.unless_said(ROOT, TO, [], after=0)
    await parts.pieces.say(ROOT, TO, [piece("a")], after=0)
    await not_charged(parts, nothing)
    assert await said(parts) == [[piece("a")]]


async def test_nothing_is_charged_nor_said_where_somebody_else_has_said_something(parts: Opened) -> None:
    mine = parts.pieces.unless_said(ROOT, TO, [piece("b")], after=0)
    elsewhere = parts.pieces.unless_said(ROOT, "*", [piece("c")], after=0)
    await parts.pieces.say(ROOT, TO, [piece("a")], after=0)
    await not_charged(parts, elsewhere, mine)
    assert await said(parts) == [[piece("a")]]
    assert await said(parts, "*") == []


async def test_what_is_said_to_others_and_in_other_trees_does_not_matter(parts: Opened) -> None:
    mine = parts.pieces.unless_said(ROOT, TO, [piece("b")], after=0)
    await parts.pieces.say(ROOT, "other.test:443", [piece("a")], after=0)
    await parts.pieces.say(RunId("run_2"), TO, [piece("a")], after=0)
    await charged(parts, mine, durable=False)
    assert await said(parts) == [[piece("b")]]


async def test_what_was_taken_back_meanwhile_was_not_judged_with(parts: Opened) -> None:
    place, _ = await parts.pieces.say(ROOT, TO, [piece("a")], after=0)
    mine = parts.pieces.unless_said(ROOT, TO, [piece("b")], after=place)
    await parts.pieces.take_back(ROOT, TO, place)
    await not_charged(parts, mine)


async def test_of_many_that_say_something_at_once_each_but_the_first_must_hear_it(parts: Opened) -> None:
    says = [parts.pieces.unless_said(ROOT, TO, [piece(str(n))], after=0) for n in range(20)]
    trees = [replace(SEEN, risk_micros=n) for n in range(21)]

    async def step(n: int) -> bool:
        while True:
            now = (await parts.store.snapshot(ROOT)).tree  # type: ignore[union-attr]
            try:
                await parts.store.reserve(now, replace(now, risk_micros=now.risk_micros + 1), provided=[says[n]])
            except Stale:
                continue
            except Moved:
                return False
            return True

    done = await asyncio.gather(*map(step, range(20)))
    assert sum(done) == 1
    assert (await tree(parts)) == trees[1]
    assert len(await said(parts)) == 1


async def test_a_charge_depends_on_nothing_that_is_not_newer(parts: Opened) -> None:
    place = await parts.content.keep(content("a", SHARED), words("x", ROOT))
    ((upto, told),) = await charged(
        parts, parts.content.unless_known(place, ROOT, lambda: AskedAbout(prints=OURS + SHARED))
    )
    assert (upto, list(told)) == (place, [])
    assert await tree(parts) == CHARGED


@pytest.mark.parametrize("prints", [b"", OURS, OURS + OURS])
async def test_what_came_in_elsewhere_and_shares_nothing_is_told_with_the_charge(parts: Opened, prints: bytes) -> None:
    place = await parts.content.keep(content("a", SHARED))
    newer = [content("b", THEIRS), words("x", "run_2"), KnownOutput(origin=origin("c"), prints=THEIRS + SHARED)]
    asked = parts.content.unless_known(place, ROOT, lambda: AskedAbout(prints=prints))
    last = await parts.content.keep(*newer, after=place)
    ((upto, told),) = await charged(parts, asked)
    assert (upto, list(told)) == (last, newer)
    assert await tree(parts) == CHARGED


@pytest.mark.parametrize(
    "newer",
    [
        content("b", THEIRS + SHARED),
        KnownOutput(origin=origin("b"), prints=SHARED + THEIRS),
        words("x", ROOT),
    ],
)
async def test_nothing_is_charged_where_what_is_asked_about_came_in_elsewhere(parts: Opened, newer: Any) -> None:
    asked = parts.content.unless_known(0, ROOT, lambda: AskedAbout(prints=OURS + SHARED))
    says = parts.pieces.unless_said(ROOT, TO, [piece("b")], after=0)
    last = await parts.content.keep(content("a", THEIRS), newer)
    (upto, told), _ = await not_charged(parts, asked, says)
    assert (upto, list(told)) == (last, [content("a", THEIRS), newer])
    assert await said(parts) == []
    assert await charged(parts, parts.content.unless_known(last, ROOT, lambda: AskedAbout(prints=OURS + SHARED)))


async def test_what_is_said_in_the_tree_is_kept_with_the_charge_and_need_not_be_read_again(parts: Opened) -> None:
    await parts.content.keep(content("a", THEIRS))
    asked = parts.content.unless_known(
        0, ROOT, lambda: AskedAbout(prints=OURS), keep=[words("x", ROOT), content("b", OURS)]
    )
    ((upto, told),) = await charged(parts, asked)
    assert list(told) == [content("a", THEIRS)]
    assert list((await parts.content.newer(upto))[1]) == []
    assert list((await parts.content.newer(0))[1]) == [content("a", THEIRS), words("x", ROOT), content("b", OURS)]
    assert list(await parts.content.of_tree(ROOT)) == [words("x", ROOT)]


async def test_nothing_is_kept_where_nothing_is_charged(parts: Opened) -> None:
    asked = parts.content.unless_known(0, ROOT, lambda: AskedAbout(prints=OURS), keep=[words("x", ROOT)])
    says = parts.pieces.unless_said(ROOT, TO, [], after=0)
    await parts.pieces.say(ROOT, TO, [piece("a")], after=0)
    await not_charged(parts, asked, says)
    assert list((await parts.content.newer(0))[1]) == []


async def test_what_is_kept_twice_is_kept_once(parts: Opened) -> None:
    await parts.content.keep(words("x", "run_2"), words("y", "run_2"))
    place, _ = await parts.content.newer(0)
    keep = [words("x", "run_2"), words("z", "run_2")]
    ((upto, _),) = await charged(parts, parts.content.unless_known(place, ROOT, AskedAbout, keep=keep))
    assert list((await parts.content.newer(place))[1]) == [words("z", "run_2")]
    assert list((await parts.content.newer(upto))[1]) == []


async def test_any_output_can_be_what_is_asked_about(parts: Opened) -> None:
    asked = parts.content.unless_known(0, ROOT, lambda: AskedAbout(outputs=True))
    await parts.content.keep(content("a", THEIRS))
    await parts.content.keep(KnownOutput(origin=origin("b"), prints=THEIRS))
    ((last, _),) = await not_charged(parts, asked)
    assert await charged(parts, parts.content.unless_known(last, ROOT, lambda: AskedAbout(outputs=True)))


async def test_a_charge_never_rests_on_less_than_all_that_is_newer(parts: Opened) -> None:
    asked = parts.content.unless_known(0, ROOT, lambda: AskedAbout(prints=OURS))
    await parts.content.keep(*(content(str(n), THEIRS) for n in range(KNOWN_AT_ONCE + 1)), content("last", OURS))
    ((upto, told),) = await not_charged(parts, asked)
    rest = (await parts.content.newer(upto))[1]
    assert [*told, *rest][-1] == content("last", OURS)
    assert len([*told, *rest]) == KNOWN_AT_ONCE + 2


async def test_a_tree_that_has_changed_is_stale_whatever_else_has(parts: Opened) -> None:
    asked = parts.content.unless_known(0, ROOT, lambda: AskedAbout(prints=SHARED))
    await parts.content.keep(content("a", SHARED))
    with pytest.raises(Stale):
        await parts.store.reserve(CHARGED, SEEN, provided=[asked])
    await parts.store.revoke(RevocationKind.RUN, ROOT, now_ms=1, why="")
    with pytest.raises(Stale):
        await parts.store.reserve(SEEN, CHARGED, provided=[asked], unless=[(RevocationKind.RUN, ROOT)])
