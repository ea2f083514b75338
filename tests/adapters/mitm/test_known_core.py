"""What the core does not call any more is noticed before anything is served, and nothing of ours is left out of that."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from typing import override

import pytest
from mitmproxy.proxy.layers.http import HttpStream

import aisecops.adapters.mitm as adapters
from aisecops.adapters.mitm import known_core
from aisecops.adapters.mitm.known_core import OURS, check_core, missing, unheard
from aisecops.model.errors import ConfigError

THEIRS = {"mitmproxy", "h11", "h2", "wsproto"}


def overriding() -> Iterator[tuple[type, str, object]]:
    """Every method of ours that stands in the place of one of theirs, looked for in all modules."""
    for info in pkgutil.walk_packages(adapters.__path__, f"{adapters.__name__}."):
        module = importlib.import_module(info.name)
        for ours in vars(module).values():
            if not inspect.isclass(ours) or ours.__module__ != info.name:
                continue
            theirs = [base for base in ours.__mro__[1:] if base.__module__.partition(".")[0] in THEIRS]
            for name, made in vars(ours).items():
                if inspect.isfunction(made) and name[:2] != "__" and any(name in vars(base) for base in theirs):
                    yield ours, name, made


def test_the_core_that_is_installed_calls_everything_of_ours():
    check_core()


def test_whatever_stands_in_the_place_of_something_is_marked_and_looked_at():
    found = list(overriding())
    assert len(found) > 40
    assert [f"{ours.__name__}.{name}" for ours, name, made in found if not getattr(made, "__override__", False)] == []
    assert {ours for ours, _, _ in found} == set(OURS)


class Stream(HttpStream):
    @override
    def check_body_size(self, request: bool):
        yield

    @override
    def check_something_that_was_renamed(self):  # type: ignore[misc]
        yield


def test_a_method_that_has_another_name_now_stops_the_start(monkeypatch):
    assert list(unheard([Stream])) == ["HttpStream.check_something_that_was_renamed"]
    assert list(missing([(HttpStream, "_no_such_name"), (HttpStream, "state_done")])) == ["HttpStream._no_such_name"]
    monkeypatch.setattr(known_core, "OURS", [Stream])
    with pytest.raises(ConfigError, match=r"has no `HttpStream\.check_something_that_was_renamed` any more") as raised:
        check_core()
    assert "requirements.txt" in raised.value.mend
