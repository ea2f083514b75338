from __future__ import annotations

import jsonschema
import pytest

from aisecops.controls.policy.parse import parse
from aisecops.controls.policy.sections import schema
from aisecops.model.recogniser import RecogniserPattern, RecogniserRule
from aisecops.model.rules import RuleSet

WHOLE = """version: 1
egress:
  detectors:
    - {entity: [STAFF_ID, JWT], to: any, action: block}
  recognizers:
    - name: "Staff number"
      supported_entity: STAFF_ID
      supported_language: en
      type: custom
      patterns:
        - {name: "strong", regex: '\\bST-[0-9]{4}\\b', score: 0.6}
      deny_list: [heron, otter]
      context: [staff, badge]
"""


def mended(text: str) -> list[tuple[int, str]]:
    found = parse({"a.yaml": text.encode()})
    assert not isinstance(found, RuleSet)
    return [(problem.place.line, f"{problem.what}; {problem.mend}") for problem in found]


def test_a_recogniser_is_read_as_presidios_own_files_have_it() -> None:
    found = parse({"a.yaml": WHOLE.encode()})
    assert isinstance(found, RuleSet), found
    assert found.egress.recognisers == (
        RecogniserRule(
            name="Staff number",
            entity="STAFF_ID",
            patterns=(RecogniserPattern(name="strong", regex=r"\bST-[0-9]{4}\b", score=0.6),),
            deny_list=("heron", "otter"),
            context=("staff", "badge"),
        ),
    )
    assert found.egress.own_entities == {"STAFF_ID"}


def test_the_schema_takes_it_too() -> None:
    one = {"name": "n", "supported_entity": "A", "patterns": [{"regex": "a", "score": 0.5}]}
    jsonschema.validate({"version": 1, "egress": {"recognizers": [one]}}, schema())


@pytest.mark.parametrize(
    ("regex", "why"),
    [
        ("(a", "missing"), ("(?=a)b", "look-around and back references do not exist"), (r"(a)\1", "back references"),
        ("a*", "matches where nothing stands"), ("a" * 2001, "at most 2000 characters"), ("(?:a{1000}){1000}", "repetition"),
    ],
)  # fmt: skip
def test_a_bad_expression_refuses_to_load_and_names_its_line(regex: str, why: str) -> None:
    ((line, words),) = mended(WHOLE.replace("\\bST-[0-9]{4}\\b", regex))
    assert line == 11
    assert why in words


@pytest.mark.parametrize(
    ("before", "after", "why"),
    [
        ("supported_entity: STAFF_ID", "supported_entity: staff", "capitals"),
        ("supported_entity: STAFF_ID", "supported_entitty: STAFF_ID", "supported_entity"),
        ("score: 0.6", "score: 6", "0"),
        ("entity: [STAFF_ID, JWT]", "entity: [STAF_ID]", "nothing that can be looked for"),
    ],
)
def test_other_mistakes_are_named(before: str, after: str, why: str) -> None:
    assert any(why in words for _, words in mended(WHOLE.replace(before, after)))


def test_a_recogniser_that_looks_for_nothing_or_too_many_words_is_a_mistake() -> None:
    bare = "version: 1\negress:\n  recognizers:\n    - {name: n, supported_entity: A"
    assert "`patterns` or `deny_list`" in mended(bare + "}\n")[0][1]
    words = ", ".join(f"w{n}" for n in range(1001))
    assert "egress.known" in mended(bare + f", deny_list: [{words}]}}\n")[0][1]
