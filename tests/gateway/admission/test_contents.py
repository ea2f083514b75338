"""What cannot be read is refused, and what was said of it has been said, whatever the step was going to rest on."""

from __future__ import annotations

from typing import Any

from aisecops.gateway.resting import Rests
from aisecops.model.errors import WireError
from aisecops.model.outcome import Forward
from aisecops.model.refusals import Code
from support.gateway import RULES, House, code, read
from support.parts import WordScanner

EASY = (
    RULES.replace("base_risk: 0.2", "base_risk: 0") + "egress: {detectors: [{entity: SECRET, to: any, action: block}]}"
)


class Nested(WordScanner):
    """Finds a text that is dressed beyond every bound."""

    async def scan(self, parts: Any, entities: Any, *, whole: bool = True) -> Any:
        if any("nested" in text for _, text in parts):
            raise WireError("too deep")
        return await super().scan(parts, entities, whole=whole)


async def test_what_cannot_be_read_has_been_said_and_rests_on_nothing() -> None:
    house = House(EASY, scanner=Nested())
    run = await house.run()
    token = await house.token(run, "crm.read", "crm.customers.*")
    assert isinstance(await house.ask(run, read("1", token=token)), Forward)
    before = len(await house.pieces.newer(run.run.run_id, "crm.internal:443", 0))
    assert before > 0
    assert code(await house.ask(run, read("nested", token=token))) is Code.UNREADABLE
    assert len(await house.pieces.newer(run.run.run_id, "crm.internal:443", 0)) == before + 1


def test_nothing_is_what_nothing_rests_on() -> None:
    assert not Rests()
    assert Rests().stand()
    assert Rests().provided() == []
