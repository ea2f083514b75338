"""Flags, then variables, then the file, then defaults; unknown names refuse."""

from __future__ import annotations

import pytest

from aisecops.model.errors import ConfigError
from aisecops.ops.settings_keys import as_tree
from aisecops.ops.settings_read import changed, load
from aisecops.ops.settings_text import Address


def file(tmp_path, text, name="aisecops.yaml"):
    path = tmp_path / name
    path.write_text(text)
    return path


def test_a_flag_beats_a_variable_beats_the_file_beats_the_default(tmp_path):
    file(tmp_path, "proxy: {listen: '127.0.0.1:1', workers: 3}\nhold_seconds: 1m\n")
    environ = {"AISECOPS_PROXY_LISTEN": "127.0.0.1:2", "AISECOPS_HOLD_SECONDS": "5s"}

    settings = load({"proxy.listen": "127.0.0.1:3"}, environ=environ, folder=tmp_path)

    assert (settings.proxy.listen.port, settings.hold_seconds, settings.proxy.workers) == (3, 5, 3)
    assert settings.origins["proxy.listen"] == "--proxy-listen"
    assert settings.origins["hold_seconds"] == "AISECOPS_HOLD_SECONDS"
    assert settings.origins["proxy.workers"] == "aisecops.yaml:1"
    assert settings.origins["store"] == "default"


@pytest.mark.parametrize(
    ("text", "what", "mend"),
    [
        ("prxy: {}", r"aisecops\.yaml:1:1: unknown key `prxy`", "did you mean `proxy`?"),
        (
            "store: sqlite\nproxy:\n  lissen: 1",
            r"aisecops\.yaml:3:3: unknown key `proxy.lissen`",
            "did you mean `proxy.listen`?",
        ),
        ("store: sqlite\nstore: sqlite", r"aisecops\.yaml:2:1: `store` is there twice", "keep one"),
        ("proxy: 3", r"aisecops\.yaml:1:8: `proxy` must be a mapping", "write `key: value` lines"),
        ("- 1", "`the file` must be a mapping", "write `key: value` lines"),
        ("a: [", r"aisecops\.yaml:\d+:\d+: not YAML", "mend that line"),
        ("hold_seconds: soon", r"hold_seconds \(aisecops\.yaml:1\): `soon` is not a duration", ""),
    ],
)
def test_a_bad_file_is_refused_with_its_place(tmp_path, text, what, mend):
    file(tmp_path, text)

    with pytest.raises(ConfigError, match=what) as refused:
        load(environ={}, folder=tmp_path)

    assert mend in refused.value.mend


def test_an_unknown_variable_is_refused_with_the_nearest_right_one(tmp_path):
    with pytest.raises(ConfigError, match="unknown variable `AISECOPS_PROXY_LISTN`") as refused:
        load(environ={"AISECOPS_PROXY_LISTN": "1"}, folder=tmp_path)

    assert refused.value.mend == "did you mean `AISECOPS_PROXY_LISTEN`?"


def test_a_named_file_must_exist(tmp_path):
    with pytest.raises(ConfigError, match="does not exist"):
        load(file=tmp_path / "none.yaml", environ={}, folder=tmp_path)


def test_the_file_can_be_named_by_a_variable(tmp_path):
    other = file(tmp_path, "hold_seconds: 7", "other.yaml")

    assert load(environ={"AISECOPS_CONFIG": str(other)}, folder=tmp_path).hold_seconds == 7


def test_paths_in_a_file_are_relative_to_the_file(tmp_path):
    (tmp_path / "etc").mkdir()
    named = file(tmp_path / "etc", "paths: {rules: r}\nupstream: {ca: [a.pem]}")

    settings = load(file=named, environ={}, folder=tmp_path)

    assert settings.paths.rules == tmp_path / "etc" / "r"
    assert settings.upstream.ca == (tmp_path / "etc" / "a.pem",)
    assert settings.paths.state == tmp_path / ".aisecops"


def test_settings_written_as_a_tree_read_back_the_same(tmp_path):
    import yaml

    settings = load({"upstream.resolve": ["a.test:1=127.0.0.1:2"], "proxy.workers": "2"}, environ={}, folder=tmp_path)

    again = load(
        file=file(tmp_path, yaml.safe_dump(as_tree(settings)), "again.yaml"), environ={}, folder=tmp_path / "x"
    )

    assert as_tree(again) == as_tree(settings)


def test_a_value_can_be_changed_and_is_checked_again(tmp_path):
    settings = load(environ={}, folder=tmp_path)

    assert changed(settings, proxy__listen=Address(host="127.0.0.1", port=5)).proxy.listen.port == 5
    with pytest.raises(ConfigError, match="others can reach"):
        changed(settings, proxy__listen=Address(host="10.0.0.1", port=5))
