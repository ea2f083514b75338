"""Our mode and listener, as the core finds them. Running: `end_to_end/test_host_life.py`."""

from __future__ import annotations

import contextlib
import logging
from types import SimpleNamespace

import pytest
from mitmproxy.proxy.mode_servers import ServerInstance
from mitmproxy.proxy.mode_specs import ProxyMode

from aisecops.adapters.mitm.listener import GovernedHandler, GovernedInstance, GovernedMode


def test_the_core_finds_our_mode_and_its_listener():
    mode = ProxyMode.parse("governed@127.0.0.1:8080")
    assert isinstance(mode, GovernedMode)
    assert isinstance(ServerInstance.make(mode, SimpleNamespace(connections={})), GovernedInstance)


def test_an_unknown_way_to_listen_is_refused():
    assert ProxyMode.parse("governed:shared@8080").data == "shared"
    with pytest.raises(ValueError, match="unknown mode data"):
        ProxyMode.parse("governed:other@8080")


def test_a_crash_is_logged_without_content_and_drops_the_connection(caplog):
    caplog.set_level(logging.DEBUG)
    dropped = []
    handler = object.__new__(GovernedHandler)
    handler.client = SimpleNamespace(peername=("192.0.2.7", 4711))
    handler.abort = lambda: dropped.append(1)
    handler.log("content in words", logging.ERROR)
    assert dropped == []
    fault = AssertionError("content")
    with contextlib.suppress(AssertionError):
        raise fault
    handler.log("content in words", logging.ERROR, exc_info=(type(fault), fault, fault.__traceback__))
    assert dropped == [1]
    assert "content" not in caplog.text
    assert "AssertionError at test_listener.py" in caplog.text
