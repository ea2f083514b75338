from __future__ import annotations

import json
from pathlib import Path

import pytest

from aisecops.controls.dlp.names import names_detectors
from support.detecting import seen
from support.names import NAMES, small_model


def test_names_in_prose_are_found_each_by_its_kind_and_in_code_they_are_not(tmp_path: Path) -> None:
    detectors = names_detectors(small_model(tmp_path))
    assert {one.entity for one in detectors} == {"PERSON", "LOCATION", "ORGANIZATION", "NRP"}
    text = "x = user_name(y)\nMeet Ada Marlow of Heron Works in Port Ellis."
    assert sorted(seen(detectors, text)) == [
        ("names.location", NAMES["GPE"]),
        ("names.organization", NAMES["ORG"]),
        ("names.person", NAMES["PERSON"]),
    ]
    assert seen(detectors, json.dumps({"first_name": NAMES["PERSON"], "a_b": [1]})) == []


def test_a_model_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="no_such_model"):
        names_detectors("no_such_model")
