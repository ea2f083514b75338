"""Every setting has one name in the file, one flag, one variable, and words."""

from __future__ import annotations

from aisecops.ops.settings_keys import KEYS, as_tree, plain, value_of
from aisecops.ops.settings_read import load


def test_every_key_has_its_own_flag_and_variable_and_words():
    assert len({key.flag for key in KEYS.values()}) == len({key.variable for key in KEYS.values()}) == len(KEYS)
    assert all(key.words for key in KEYS.values())


def test_names_follow_the_contract():
    key = KEYS["proxy.listen"]

    assert (key.flag, key.variable, key.metavar) == ("--proxy-listen", "AISECOPS_PROXY_LISTEN", "HOST:PORT")
    assert KEYS["hold_seconds"].flag == "--hold-seconds"


def test_values_are_written_as_a_file_would_hold_them(tmp_path):
    settings = load(environ={}, folder=tmp_path)

    tree = as_tree(settings)

    assert tree["proxy"]["listen"] == "127.0.0.1:8080"
    assert tree["hold_seconds"] == 30
    assert tree["paths"]["state"] == plain(value_of(settings, "paths.state")) == str(tmp_path / ".aisecops")
