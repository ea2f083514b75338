from __future__ import annotations

from pathlib import Path

import pytest

from aisecops.adapters.system.rule_secrets import RuleSecrets
from aisecops.controls.dlp.exact import exact_detectors
from aisecops.model.errors import ConfigError
from aisecops.model.finding import FindingAction
from aisecops.model.place import Place
from aisecops.model.rules import DetectorRule, EgressRules, RuleSet
from aisecops.ops.watched import Watched, missing_values

KEY = b"a key"


class Rules:
    """A source whose rule set a test changes."""

    def __init__(self, **egress: object) -> None:
        self.change(**egress)

    def change(self, **egress: object) -> None:
        self.rules = RuleSet(policy_version="1", egress=EgressRules(**egress))  # type: ignore[arg-type]

    def current(self) -> RuleSet:
        return self.rules


def kinds_in(watched: Watched, text: str) -> list[str]:
    detectors = exact_detectors(watched().planted, key=KEY)
    return [one.entity for one in detectors if one.holds(text)]


def test_values_of_variables_and_of_lines_in_files_are_looked_for(tmp_path: Path) -> None:
    (tmp_path / "known.txt").write_text("# ours\n\nfirst-value\n-----BEGIN\n second-value \n")
    rules = Rules(known=("env:A", "file:known.txt"), canaries=("env:C",))
    watched = Watched(rules, RuleSecrets({"A": "value-of-a", "C": "a-canary-1"}, tmp_path), key=KEY)
    for value in ("value-of-a", "first-value", "second-value"):
        assert kinds_in(watched, f"x{value}y") == ["KNOWN_SECRET"]
    assert kinds_in(watched, "a-canary-1") == ["CANARY"]
    assert kinds_in(watched, "# ours and -----BEGIN") == []


def test_they_are_read_again_with_new_rules_and_not_before(tmp_path: Path) -> None:
    (tmp_path / "known.txt").write_text("first-value")
    rules = Rules(known=("file:known.txt",))
    watched = Watched(rules, RuleSecrets({}, tmp_path), key=KEY)
    before = watched()
    (tmp_path / "known.txt").write_text("second-value")
    assert watched() is before
    rules.change(known=("file:known.txt",))
    assert kinds_in(watched, "first-value second-value") == ["KNOWN_SECRET"]
    assert kinds_in(watched, "first-value") == []


def test_a_value_that_is_not_there_is_none_and_one_that_cannot_be_looked_for_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "bytes").write_bytes(b"\xff\xfe")
    secrets = RuleSecrets({"SHORT": "abc"}, tmp_path)
    assert Watched(Rules(known=("env:MISSING", "file:none")), secrets, key=KEY)().planted == ()
    with pytest.raises(ConfigError, match="`env:SHORT` cannot be looked for") as caught:
        Watched(Rules(canaries=("env:SHORT",)), secrets, key=KEY)()
    assert "abc" not in str(caught.value)
    with pytest.raises(ConfigError, match="is no text"):
        Watched(Rules(known=("file:bytes",)), secrets, key=KEY)()


def test_places_that_hold_nothing_are_named(tmp_path: Path) -> None:
    rules = Rules(known=("env:MISSING", "env:THERE"), canaries=("file:none",))
    secrets = RuleSecrets({"THERE": "value-there"}, tmp_path)
    assert list(missing_values(rules.current(), secrets)) == ["file:none", "env:MISSING"]


NAMES = DetectorRule(place=Place(file="a", line=1), entities=("PERSON",), to="any", action=FindingAction.BLOCK)


def test_a_language_model_is_looked_for_when_a_rule_asks_and_its_absence_is_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    secrets = RuleSecrets({}, tmp_path)
    assert Watched(Rules(), secrets, key=KEY, model=str(tmp_path))().names_model == ""
    asking = Rules(detectors=(NAMES,))
    assert Watched(asking, secrets, key=KEY, model=str(tmp_path))().names_model == str(tmp_path)
    assert caplog.messages == []
    missing = Watched(asking, secrets, key=KEY, model="no_such_model")
    assert missing().names_model == missing().names_model == ""
    assert len(caplog.messages) == 1
    assert "no spaCy model is there" in caplog.messages[0]
