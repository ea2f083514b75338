"""Stand-ins in what leaves and in what comes back: which, for whom, and what happens when they cannot be had."""

from __future__ import annotations

import json
import re

import pytest
from msgspec.structs import replace

from aisecops.adapters.store.pseudonyms import MemoryPseudonyms
from aisecops.gateway.leaving.pseudonyms import Pseudonyms
from aisecops.model.errors import Fault, StoreError
from aisecops.model.finding import Finding, FindingAction, JudgedFinding
from aisecops.model.ids import RunId
from aisecops.model.place import Place
from aisecops.model.provenance import Span, TrustTier
from aisecops.model.rules import DetectorRule, EgressRules

RUN, CHILD, ROOT = RunId("run_a"), RunId("run_b"), RunId("run_root")
TO, WORDS = "api.test:443", frozenset({"any", "model"})
PLACE = Place(file="e", line=1)
MAIL = "ann@corp.com"


def rule(entity: str, action: FindingAction = FindingAction.PSEUDONYMISE) -> DetectorRule:
    return DetectorRule(place=PLACE, entities=(entity,), to="model", action=action)


PEOPLE = EgressRules(detectors=(rule("EMAIL_ADDRESS"), rule("PERSON")))
RULES = EgressRules(detectors=(rule("EMAIL_ADDRESS"), rule("UK_NHS")))


def seen(text: str, value: str = MAIL, *, where: str = "body:/t", entity: str = "EMAIL_ADDRESS", action=FindingAction.PSEUDONYMISE):  # fmt: skip
    at = text.index(value)
    finding = Finding(
        entity=entity, where=where, span=Span(start=at, end=at + len(value)), confidence=1.0, fingerprint="00"
    )
    return JudgedFinding(finding=finding, action=action)


class Case:
    """One process; `sent` is what left."""

    def __init__(self, store=None) -> None:
        self.store = store or MemoryPseudonyms()
        self.pseudonyms = Pseudonyms(self.store, b"s" * 32)

    async def sent(self, body, judged=(), *, run=RUN, root=ROOT, to=TO, rules=RULES, words=WORDS) -> str:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        left = await self.pseudonyms.replaced(rules, judged, data, run=(run, root), to=to, words=words)
        return left.decode()

    async def back(self, text: str, *, run=RUN, root=ROOT, to=TO, rules=RULES) -> str:
        meanings = await self.pseudonyms.coming_back(rules, run=(run, root), to=to)
        return text if meanings is None else meanings.replaced(text)


@pytest.fixture
def case() -> Case:
    return Case()


TEXT = {"t": f"to {MAIL} now", "n": 1}


async def test_what_is_found_leaves_as_a_stand_in_and_comes_back(case: Case) -> None:
    left = await case.sent(TEXT, [seen(TEXT["t"])])
    assert re.fullmatch(r'\{"t": "to [a-z0-9]+@mail\.example now", "n": 1\}', left)
    assert json.loads(await case.back(left)) == TEXT


async def test_a_known_value_is_replaced_where_no_detector_saw_it(case: Case) -> None:
    first = json.loads(await case.sent(TEXT, [seen(TEXT["t"])]))["t"].split()[1]
    history = {"t": "nothing", "m": [f"Dear {MAIL}!", {"arguments": json.dumps({"to": MAIL})}]}
    left = json.loads(await case.sent(history))
    assert left["m"][0] == f"Dear {first}!"
    assert json.loads(left["m"][1]["arguments"]) == {"to": first}


async def test_another_process_and_another_run_of_the_tree_say_the_same(case: Case) -> None:
    left = await case.sent(TEXT, [seen(TEXT["t"])])
    assert await Case(case.store).sent(TEXT, [seen(TEXT["t"])]) == left
    assert await case.sent(TEXT, [seen(TEXT["t"])], run=CHILD) == left
    assert await case.sent(TEXT, [seen(TEXT["t"])], root=RunId("run_other")) != left


async def test_only_what_this_run_gave_to_this_host_comes_back(case: Case) -> None:
    left = await case.sent(TEXT, [seen(TEXT["t"])])
    assert await case.back(left, run=CHILD) == left
    assert await case.back(left, to="other.test:443") == left
    assert await case.back(left, root=RunId("run_other")) == left
    assert MAIL in await case.back(left)


async def test_where_the_rules_say_nothing_of_the_kind_known_values_leave_as_they_are(case: Case) -> None:
    await case.sent(TEXT, [seen(TEXT["t"])])
    assert await case.sent({"t": MAIL}, words=frozenset({"any", "internal"})) == json.dumps({"t": MAIL})
    counted = EgressRules(detectors=(rule("EMAIL_ADDRESS", FindingAction.COUNT), rule("UK_NHS")))
    assert await case.sent({"t": MAIL}, rules=counted) == json.dumps({"t": MAIL})


async def test_masks_and_stand_ins_stand_side_by_side(case: Case) -> None:
    text = f"{MAIL} and 943 476 5919"
    found = [seen(text), seen(text, "943 476 5919", entity="UK_NHS", action=FindingAction.MASK)]
    left = json.loads(await case.sent({"t": text}, found))["t"]
    assert left.endswith("@mail.example and <UK_NHS>")


async def test_a_value_that_is_half_a_character_is_masked(case: Case) -> None:
    assert await case.sent(b'{"t": "x\\ud800y"}', [seen("x\ud800y", "x\ud800y")]) == '{"t": "<EMAIL_ADDRESS>"}'


async def test_a_value_inside_json_inside_a_string_is_the_value_and_not_its_escapes(case: Case) -> None:
    value = 'o"neil@corp.com'
    inner = json.dumps({"to": value})
    judged = seen(inner, value.replace('"', '\\"'))
    left = json.loads(await case.sent({"t": inner}, [judged]))["t"]
    assert json.loads(left)["to"].endswith("@mail.example")
    assert await case.back(json.loads(left)["to"]) == value


async def test_a_stand_in_is_nothing_that_stood_in_the_request_before(case: Case) -> None:
    taken = json.loads(await Case().sent(TEXT, [seen(TEXT["t"])]))["t"].split()[1]
    left = json.loads(await case.sent({"t": f"{MAIL} or {taken}"}, [seen(f"{MAIL} or {taken}")]))["t"]
    assert left.split()[0] != taken
    assert await case.back(left) == f"{MAIL} or {taken}"


async def test_a_text_body_is_treated_alike_and_a_binary_one_left_alone(case: Case) -> None:
    text = f"write {MAIL}"
    left = await case.sent(text.encode(), [seen(text, where="body:")])
    assert await case.back(left) == text
    raw = b"\xff\xfe\0"
    assert await case.pseudonyms.replaced(RULES, [], raw, run=(RUN, ROOT), to=TO, words=WORDS) == raw


async def test_half_a_name_that_came_back_leaves_as_its_half_again(case: Case) -> None:
    text = "Ren\u00e9e M\u00fcller"
    first, last = json.loads(await case.sent({"t": text}, [seen(text, text, entity="PERSON")], rules=PEOPLE))[
        "t"
    ].split()
    assert (
        json.loads(await case.sent({"t": "Dear Ren\u00e9e, Ms M\u00fcller"}, rules=PEOPLE))["t"]
        == f"Dear {first}, Ms {last}"
    )
    other = "Ren\u00e9e Kurz"
    assert (
        json.loads(await case.sent({"t": other}, [seen(other, other, entity="PERSON")], rules=PEOPLE))["t"].split()[0]
        == first
    )


async def test_a_name_that_is_a_word_as_well_is_left_alone_when_it_stands_alone(case: Case) -> None:
    text = "Will Kurzweil"
    await case.sent({"t": text}, [seen(text, text, entity="PERSON")], rules=PEOPLE)
    assert await case.sent({"t": "Will it rain?"}, rules=PEOPLE) == '{"t": "Will it rain?"}'


async def test_a_rule_for_one_tier_makes_a_value_known_in_every_text(case: Case) -> None:
    narrow = EgressRules(detectors=(replace(rule("EMAIL_ADDRESS"), tier=TrustTier.EXTERNAL),))
    await case.sent(TEXT, [seen(TEXT["t"])], rules=narrow)
    assert MAIL not in await case.sent({"t": f"so it is {MAIL}"}, rules=narrow)


async def test_half_a_name_comes_back_as_half_a_name(case: Case) -> None:
    text = "Ren\u00e9e M\u00fcller"
    first, last = json.loads(await case.sent({"t": text}, [seen(text, text, entity="PERSON")]))["t"].split()
    assert (
        await case.back(f"Dear {first}, Ms {last.upper()}: {first} {last}")
        == f"Dear Ren\u00e9e, Ms M\u00fcller: {text}"
    )


async def test_nothing_leaves_when_a_finding_has_no_place(case: Case) -> None:
    with pytest.raises(Fault):
        await case.sent({"other": 1}, [seen(TEXT["t"])])
    with pytest.raises(Fault):
        await case.pseudonyms.replaced(RULES, [seen(TEXT["t"])], b"\xff", run=(RUN, ROOT), to=TO, words=WORDS)


async def test_nothing_leaves_when_the_store_cannot_be_asked() -> None:
    class Down(MemoryPseudonyms):
        async def keep(self, root_run_id, given) -> None:
            raise StoreError("down")

    with pytest.raises(StoreError):
        await Case(Down()).sent(TEXT, [seen(TEXT["t"])])


async def test_two_processes_at_once_end_with_one_stand_in_for_each_value() -> None:
    class Late(MemoryPseudonyms):
        """Somebody else is always first, with the very stand-in that is about to be kept."""

        def __init__(self) -> None:
            super().__init__()
            self.first = True

        async def keep(self, root_run_id, given) -> None:
            if self.first:
                self.first = False
                thief = given[0].stand_in
                stolen = [
                    type(given[0])(run_id=CHILD, to=TO, stand_in=type(thief)(entity="X", value="z", text=thief.text))
                ]
                await super().keep(root_run_id, stolen)
            await super().keep(root_run_id, given)

    case = Case(Late())
    left = await case.sent(TEXT, [seen(TEXT["t"])])
    assert MAIL not in left
    assert json.loads(await case.back(left)) == TEXT
