"""What was found in a text of a tree is found again without looking; another tree is asked anew."""

from __future__ import annotations

import asyncio

import pytest
from msgspec.structs import replace

from aisecops.gateway.aside import in_steps
from aisecops.gateway.origins.traced import TracedBefore, labelled
from aisecops.gateway.recent import OfTexts
from aisecops.model.ids import RunId
from aisecops.model.provenance import Origin, Span, Traced, TrustTier

ONE, TWO = RunId("run_1"), RunId("run_2")
SAID = "the harbour opens at seven in the morning"


class Tracer:
    """Finds all of each text, and says which ones it was asked for."""

    def __init__(self, *, most: int = 100) -> None:
        self.asked: list[str] = []
        self.before = TracedBefore(self.trace, OfTexts(str.encode), most=most)

    def trace(self, _: RunId, text: str, _asked: object = None) -> tuple[Traced, ...]:
        self.asked.append(text)
        origin = Origin(origin_id="prv_1", tier=TrustTier.EXTERNAL, source="https://a.test", sha256="", at_ms=1)
        return (Traced(span=Span(start=0, end=len(text)), origin=origin),)


async def at_hand(tracer: Tracer, root: RunId, *texts: str) -> list[str]:
    return list(await in_steps(tracer.before.at_hand(root, texts)))


async def test_a_text_is_looked_at_once_in_each_tree():
    tracer = Tracer()
    assert await at_hand(tracer, ONE, SAID) == []
    found = [tracer.before.look(ONE, SAID) for _ in range(2)]
    assert found[0] == found[1] == (await in_steps(tracer.before.at_hand(ONE, [SAID])))[SAID] != ()
    assert await at_hand(tracer, TWO, SAID) == []
    assert tracer.asked == [SAID]


async def test_a_plain_word_is_never_looked_at():
    tracer = Tracer()
    assert await in_steps(tracer.before.at_hand(ONE, ["user", "user"])) == {"user": ()}
    assert tracer.asked == []


@pytest.mark.parametrize("count", [1, 300])
async def test_however_many_texts_each_is_told(count):
    tracer = Tracer(most=10_000)
    texts = [f"{SAID}, {number}" for number in range(count)]
    for text in texts:
        tracer.before.look(ONE, text)
    assert await at_hand(tracer, ONE, *texts, *texts) == texts
    await asyncio.sleep(0)


async def test_a_text_in_use_stays_and_others_go_when_there_are_too_many():
    tracer = Tracer(most=4)
    for number in range(20):
        tracer.before.look(ONE, f"{SAID}, {number}")
        tracer.before.look(ONE, SAID)
        assert await at_hand(tracer, ONE, SAID) == [SAID]
    assert tracer.asked.count(SAID) == 1
    assert await at_hand(tracer, ONE, f"{SAID}, 0") == []


async def test_what_has_a_label_is_told_once_for_each_place_and_origin():
    (found,) = Tracer().trace(ONE, SAID)
    secret = replace(found, origin=replace(found.origin, label="hr"))
    parts, traced = [("body:/a", SAID), ("body:/b", SAID)], [(found, secret, secret), (found,)]
    carried = await in_steps(labelled(parts, traced))
    assert [(one.where, one.label) for one in carried.values()] == [("body:/a", "hr")]
