"""`aisecops config` shows values and origins, and no password."""

from __future__ import annotations

import json

import pytest

from aisecops.ops.cli import main


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_every_value_is_listed_with_its_origin(capsys, monkeypatch):
    monkeypatch.setenv("AISECOPS_HOLD_SECONDS", "1m")

    assert main(["config", "--json", "--proxy-workers", "2"]) == 0

    listed = json.loads(capsys.readouterr().out)
    assert listed["hold_seconds"] == {"value": 60, "origin": "AISECOPS_HOLD_SECONDS"}
    assert listed["proxy.workers"] == {"value": 2, "origin": "--proxy-workers"}
    assert listed["proxy.listen"] == {"value": "127.0.0.1:8080", "origin": "default"}


def test_a_password_in_a_url_is_not_printed(capsys):
    assert main(["config", "--control-public-url", "http://me:hunter2@proxy.test:3128"]) == 0

    out = capsys.readouterr().out
    assert "hunter2" not in out
    assert "http://me:...@proxy.test:3128" in out


def test_the_plain_listing_is_one_line_per_setting(capsys):
    several = (f"{name}.test:443=127.0.0.1:8443" for name in ("a", "b", "c", "d"))
    assert main(["config", *(word for one in several for word in ("--upstream-resolve", one))]) == 0

    lines = {line.split()[0]: line for line in capsys.readouterr().out.splitlines()}
    assert "d.test:443=127.0.0.1:8443" in lines["upstream.resolve"]
    assert len(lines["proxy.transparent"]) < 100  # one long value leaves the others where they can be read
    assert lines["proxy.transparent"].split()[1:] == ["false", "default"]
