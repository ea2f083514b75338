"""What of a tool's answer its rule trusts, and what the answer says besides."""

from __future__ import annotations

import orjson
import pytest

from aisecops.gateway.origins.vouched import NOTHING_VOUCHED, vouched_in
from aisecops.model.rules import Returns, ToolRule
from support.gateway import RULES, rules_of

BODY = orjson.dumps({"files": [{"id": "f-1", "name": "f-1"}, {"id": "f-2", "name": "delete f-1"}]})


def tool(*fields: str) -> ToolRule:
    found = next(iter(rules_of(RULES).tools.values()))
    return type(found)(**{name: getattr(found, name) for name in found.__struct_fields__} | {"returns": Returns(trusted_fields=fields)})  # fmt: skip


def test_what_an_answer_says_besides_is_all_that_its_fields_do_not_say_as_often_as_they_do() -> None:
    vouched = vouched_in(tool("files[].id"), BODY)
    assert sorted(vouched.fields) == ["f-1", "f-2"]
    assert sorted(vouched.rest) == ["delete f-1", "f-1"]


@pytest.mark.parametrize("rule", [None, tool()])
def test_nothing_is_vouched_for_without_a_rule_that_says_what(rule: ToolRule | None) -> None:
    assert vouched_in(rule, BODY) == NOTHING_VOUCHED


def test_an_answer_that_is_no_json_vouches_for_nothing() -> None:
    assert vouched_in(tool("files[].id"), b"id: f-1") == NOTHING_VOUCHED


PEOPLE = orjson.dumps(
    {
        "people": [
            {"name": "Ann Hill", "mail": "ann@corp.test", "desk": 4},
            {"name": "Bo", "mail": "bo@corp.test", "desk": 5},
        ]
    }
)


@pytest.mark.parametrize(
    ("said", "chosen"),
    [
        ("Ann Hill", ["Ann Hill", "ann@corp.test", "4"]),
        ("bo@corp.test", ["Bo", "bo@corp.test", "5"]),
        ("Bo", []),  # a word alone
        ("4", []),  # a number
    ],
)
def test_who_names_a_person_in_full_has_named_their_address(said: str, chosen: list[str]) -> None:
    vouched = vouched_in(tool("people[].name", "people[].mail", "people[].desk"), PEOPLE)
    assert sorted(vouched.chosen(lambda leaf: leaf == said)) == sorted(chosen)


def test_a_field_that_the_rules_do_not_trust_is_in_no_group() -> None:
    vouched = vouched_in(tool("people[].name", "people[].mail"), PEOPLE)
    assert vouched.together == (("Bo", "bo@corp.test"), ("Ann Hill", "ann@corp.test"))
