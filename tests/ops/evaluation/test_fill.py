"""Values go where they are named, written in the ways that are asked for, and made-up secrets are the seed's."""

import base64

import pytest
from stdnum import iban, luhn

from aisecops.model.errors import ConfigError
from aisecops.ops.evaluation.fill import FAKES, Filler, names_in, texts_in
from aisecops.ops.evaluation.scenario import Asks, Reads


def test_a_value_may_hold_places_and_is_written_in_one_way_after_the_other():
    fill = Filler("seed", {"a": "see {b|upper}", "b": "this"}, {"b": "that"})

    assert fill("{a}!") == "see THAT!"
    assert base64.b64decode(fill("{b|upper|base64}")) == b"THAT"
    assert fill.json(b'{"x": ["{b}", 1], "{b}": true}') == {"x": ["that", 1], "that": True}


def test_what_fills_itself_or_is_not_there_is_a_mistake():
    with pytest.raises(ConfigError, match="fills itself"):
        Filler("seed", {"a": "{b}", "b": "{a}"})("{a}")
    with pytest.raises(ConfigError, match="no value `c`"):
        Filler("seed")("{c}")


def test_made_up_secrets_are_valid_in_form_the_same_for_a_seed_and_others_for_another():
    one, again, other = Filler("1"), Filler("1"), Filler("2")

    assert luhn.is_valid(one("{fake.card|compact}"))
    assert iban.is_valid(one("{fake.iban}"))
    for kind in FAKES:
        assert one(f"{{fake.{kind}}}") == again(f"{{fake.{kind}}}") != other(f"{{fake.{kind}}}")


def test_places_are_found_anywhere_in_a_step():
    steps = [Asks(user="{a}", heard=("{b|hex}",), arguments=b'{"to": "{c}"}'), Reads(text='{"d": 1} {e.f}')]

    assert sorted(pair for text in texts_in(steps) for pair in names_in(text)) == [
        ("a", ()), ("b", ("hex",)), ("c", ()), ("e.f", ()),
    ]  # fmt: skip
