"""The same content that a run fetches again and again is learned once; whatever differs is learned."""

from __future__ import annotations

import pytest

from aisecops.gateway.origins import known
from aisecops.model.exchange import HttpResponse
from support.gateway import RULES, House, request

PAGE = (
    b"The archive of the town keeps the letters of the mill for as long as anybody remembers it, and then for longer."
)


@pytest.fixture
def house():
    return House(RULES)


async def fetched(house, run, page=PAGE, *headers):
    """The provenance that the agent is shown."""
    outcome = await house.ask(run, request("GET", "https://en.wiki.example/mill"))
    said = HttpResponse(status=200, headers=(("Content-Type", "text/plain"), *headers), body=page)
    answer = await house.enforcement.settle(outcome.permit, said)
    return dict(answer.headers)["AISecOps-Provenance"]


async def kept(house):
    return len((await house.content.newer(0))[1])


async def test_what_comes_again_is_known_by_its_first_origin_and_kept_once(house):
    run = await house.run()
    first = await fetched(house, run)
    before = await kept(house)
    assert [await fetched(house, run) for _ in range(3)] == [first] * 3
    assert await kept(house) == before


async def test_other_content_and_another_run_have_an_origin_of_their_own(house):
    run, other = await house.run(), await house.run()
    found = {await fetched(house, run), await fetched(house, other), await fetched(house, run, PAGE + b"!")}
    found.add(await fetched(house, run, PAGE, ("Location", "https://en.wiki.example/other")))
    assert len(found) == 4


async def test_after_a_while_it_is_kept_anew(house, monkeypatch):
    run = await house.run()
    first = await fetched(house, run)
    house.clock.ms += known.AGAIN_MS
    assert await fetched(house, run) != first


async def test_what_was_forgotten_meanwhile_is_learned_again(house):
    run = await house.run()
    first = await fetched(house, run)
    house.known._index.__init__()
    assert await fetched(house, run) != first
