"""What the port `ContentScanner` promises, held against each adapter of it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import msgspec
import pytest
import pytest_asyncio

from aisecops.adapters.nlp.pool import ScannerPool
from aisecops.controls.dlp.scan import scan
from aisecops.gateway.ports import ContentScanner
from aisecops.model.errors import Fault, WireError
from support.detectors import CANARY_VALUE, KEY, STRONG, WATCHLIST, every_detector
from support.dressing import ENCODED
from support.samples import Random, personal, secrets

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scanner() -> AsyncIterator[ContentScanner]:
    pool = ScannerPool(workers=1, deadline_s=20.0, queue=8, key=KEY, watchlist=lambda: WATCHLIST)
    yield pool
    await pool.close()


async def test_it_finds_what_a_full_scan_in_this_process_finds(scanner: ContentScanner) -> None:
    chance = Random(1)
    values = [*personal(chance).values(), *(value for _, value in secrets(chance).values()), CANARY_VALUE]
    parts = [(f"body:/{n}", f"see {value}, please") for n, value in enumerate(values)]
    parts += [("query:q", "nothing here"), ("body:/all", " ".join(values)), ("header:x", "")]
    assert await scanner.scan(parts, STRONG) == scan(parts, STRONG, every_detector(), KEY)


async def test_the_second_answer_is_the_first(scanner: ContentScanner) -> None:
    parts = [("body:", f"card {personal(Random(2))['CREDIT_CARD']}")]
    assert await scanner.scan(parts, STRONG) == await scanner.scan(parts, STRONG) != ()


async def test_nothing_asked_for_is_nothing_found(scanner: ContentScanner) -> None:
    assert await scanner.scan([("body:", CANARY_VALUE)], frozenset()) == ()
    assert await scanner.scan([], STRONG) == ()


async def test_a_kind_it_does_not_know_is_a_fault_and_no_pass(scanner: ContentScanner) -> None:
    with pytest.raises(Fault):
        await scanner.scan([("body:", "text")], frozenset({"NO_SUCH_KIND"}))


async def test_what_is_encoded_beyond_every_bound_is_turned_down_and_the_next_scan_is_made(
    scanner: ContentScanner,
) -> None:
    endless = ENCODED["base64 of gzip"]("0" * 9_000_000)
    with pytest.raises(WireError) as told:
        await scanner.scan([("body:", endless)], STRONG)
    assert told.value.code == "too_large"
    assert [found.entity for found in await scanner.scan([("body:", CANARY_VALUE)], STRONG)] == ["CANARY"]


async def test_no_finding_holds_a_value(scanner: ContentScanner) -> None:
    values = [value for _, value in secrets(Random(3)).values()]
    found = await scanner.scan([("body:", "\n".join(values))], STRONG)
    shown = json.dumps(msgspec.to_builtins(found))
    assert found
    assert not any(value in shown for value in values)
