"""What escapes a hook is a refusal, by the kind of what the hook was about. On live connections: `end_to_end`."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mitmproxy import tls
from mitmproxy.exceptions import OptionsError
from mitmproxy.hooks import ConfigureHook, RunningHook, UpdateHook, all_hooks
from mitmproxy.options import Options
from mitmproxy.proxy.layers.http import HttpRequestHeadersHook, HttpRequestHook
from mitmproxy.proxy.layers.modes import Socks5AuthData
from mitmproxy.proxy.server_hooks import ServerConnectHook, ServerConnectionHookData
from mitmproxy.test import tflow

from aisecops.adapters.mitm.faults import describe
from aisecops.adapters.mitm.guard import CrashLogFilter, FailClosedAddonManager, refuse_by_kind
from aisecops.adapters.mitm.weighing import Weighing
from aisecops.model.errors import StoreError
from support.flows import a_flow, a_gate, admitted
from support.proxy import Stranger, raising


class Master:
    """As much of a master as an addon manager looks at."""

    def __init__(self) -> None:
        self.options = Options()
        self.commands = SimpleNamespace(collect_commands=lambda _addon: None)
        self.ended = False

    def shutdown(self) -> None:
        self.ended = True


@pytest.fixture
def manager() -> FailClosedAddonManager:
    manager = FailClosedAddonManager(Master())
    manager.gate = a_gate()
    return manager


def caught(fault: Exception) -> Exception:
    """`fault` with a traceback."""
    with contextlib.suppress(type(fault)):
        raise fault
    return fault


class Connected:
    """Counts how often it is dropped."""

    def __init__(self) -> None:
        self.aborted = 0

    def abort(self) -> None:
        self.aborted += 1

    def abort_upstream(self) -> bool:
        self.aborted += 1
        return True


def test_every_hook_of_the_core_with_a_subject_is_stopped_or_over():
    """A hook that a new version of the core brings has to be placed by hand."""
    known = {
        "add_log", "client_connected", "client_disconnected", "configure", "dns_error", "dns_request", "dns_response",
        "done", "error", "http_connect", "http_connect_error", "http_connect_upstream", "http_connected", "load",
        "next_layer", "quic_start_client", "quic_start_server", "request", "request_unread", "requestheaders", "response",
        "responseheaders", "running", "server_connect", "server_connect_error", "server_connected",
        "server_disconnected", "socks5_auth", "stream_waits", "tcp_end", "tcp_error", "tcp_message", "tcp_start", "tls_clienthello",
        "tls_established_client", "tls_established_server", "tls_failed_client", "tls_failed_server",
        "tls_start_client", "tls_start_server", "udp_end", "udp_error", "udp_message", "udp_start", "update",
        "websocket_end", "websocket_message", "websocket_start",
    }  # fmt: skip
    assert {name for name in all_hooks if not name.startswith("test")} <= known


async def test_a_fault_of_ours_is_told_by_its_code(manager):
    stranger = Stranger()
    stranger.does["request"] = raising(StoreError("down"))
    manager.add(stranger)
    flow = admitted(manager.gate)
    await manager.handle_lifecycle(HttpRequestHook(flow))
    assert (flow.response.status_code, flow.response.reason) == (503, "store_unavailable")
    assert not manager.gate.may_leave(flow)


async def test_after_a_fault_no_later_addon_is_asked(manager):
    first, second = Stranger(), Stranger()
    second.name = "second"
    first.does["request"] = raising(KeyError("x"))
    manager.add(first, second)
    await manager.handle_lifecycle(HttpRequestHook(admitted(manager.gate)))
    assert "request" not in second.heard


async def test_a_coroutine_that_fails_is_refused_too(manager):
    async def fail(_flow):
        await asyncio.sleep(0)
        raise KeyError("x")

    stranger = Stranger()
    stranger.does["request"] = fail
    manager.add(stranger)
    flow = admitted(manager.gate)
    await manager.handle_lifecycle(HttpRequestHook(flow))
    assert not manager.gate.may_leave(flow)


async def test_what_is_held_is_answered_when_nobody_judged_it(manager):
    flow = a_flow()
    flow.response = None
    manager.gate.hold(flow)
    await manager.handle_lifecycle(HttpRequestHeadersHook(flow))
    assert flow.response is None
    assert not manager.gate.may_leave(flow)
    await manager.handle_lifecycle(HttpRequestHook(flow))
    assert (flow.response.status_code, flow.response.reason) == (503, "internal")


async def test_a_hook_is_unheard_only_if_nobody_listens_and_it_is_about_no_flow(manager):
    data = ServerConnectionHookData(tflow.tserver_conn(), tflow.tclient_conn())
    assert manager.is_unheard(ServerConnectHook(data))
    assert not manager.is_unheard(HttpRequestHook(a_flow()))
    manager.add(Stranger())
    assert not manager.is_unheard(ServerConnectHook(data))


async def test_a_cancelled_task_ends_and_lets_nothing_out(manager):
    stranger = Stranger()
    stranger.does["server_connect"] = lambda _data: asyncio.sleep(60)
    manager.add(stranger)
    data = ServerConnectionHookData(tflow.tserver_conn(), tflow.tclient_conn())
    data.server.error = None
    task = asyncio.ensure_future(manager.handle_lifecycle(ServerConnectHook(data)))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert data.server.error


async def test_an_addon_that_cannot_start_ends_the_host(manager):
    stranger = Stranger()
    stranger.does["running"] = raising(KeyError("x"))
    manager.add(stranger)
    await manager.trigger_event(RunningHook())
    assert manager.gate.closed is not None
    assert manager.master.ended


def test_an_addon_that_fails_on_options_closes_the_gate(manager):
    class Bad:
        def configure(self, _updated):
            raise KeyError("x")

    manager.add(Bad())
    manager.trigger(ConfigureHook({"mode"}))
    assert manager.gate.closed is not None


def test_a_no_to_an_option_is_handed_on(manager):
    class Says:
        def configure(self, _updated):
            raise OptionsError("no")

    manager.add(Says())
    with pytest.raises(OptionsError):
        manager.trigger(ConfigureHook({"mode"}))


async def test_addons_that_come_and_go_are_heard_at_once(manager):
    stranger = Stranger()
    flow = admitted(manager.gate)
    await manager.trigger_event(UpdateHook([flow]))
    manager.add(stranger)
    await manager.trigger_event(UpdateHook([flow]))
    manager.remove(stranger)
    await manager.trigger_event(UpdateHook([flow]))
    assert stranger.heard.count("update") == 1
    manager.clear()


@pytest.mark.parametrize("kind", ["tcp", "udp"])
def test_raw_messages_are_emptied_and_their_connection_dropped(kind):
    gate, connected = a_gate(), Connected()
    flow = getattr(tflow, f"t{kind}flow")()
    gate.connected[flow.client_conn.id] = connected
    refuse_by_kind(gate, f"{kind}_message", flow, KeyError())
    assert {message.content for message in flow.messages} == {b""}
    assert connected.aborted == 1


def test_a_websocket_message_is_dropped():
    gate, connected, flow = a_gate(), Connected(), tflow.twebsocketflow()
    gate.connected[flow.client_conn.id] = connected
    refuse_by_kind(gate, "websocket_message", flow, KeyError())
    assert [message.dropped for message in flow.websocket.messages] == [True]
    assert connected.aborted == 1


def test_a_tls_handshake_gets_no_context():
    flow = a_flow()
    data = tls.TlsData(flow.client_conn, SimpleNamespace(client=flow.client_conn), ssl_conn=object())
    refuse_by_kind(a_gate(), "tls_start_client", data, KeyError())
    assert data.ssl_conn is None


def test_a_client_and_a_socks_login_are_refused():
    client = tflow.tclient_conn()
    refuse_by_kind(a_gate(), "client_connected", client, KeyError())
    assert client.error
    login = Socks5AuthData(client, "user", "password", valid=True)
    refuse_by_kind(a_gate(), "socks5_auth", login, KeyError())
    assert not login.valid


def test_a_stream_that_could_not_be_judged_is_dropped_and_the_gate_stays_open():
    gate, connected = a_gate(), Connected()
    flow = admitted(gate)
    gate.connected[flow.client_conn.id] = connected
    weighing = Weighing(gate.exchanges[flow.id], [b"judged by nobody"])
    refuse_by_kind(gate, "stream_waits", weighing, KeyError())
    assert (weighing.pieces, connected.aborted, gate.closed) == ([], 1, None)


def test_what_is_of_no_known_kind_closes_the_gate():
    gate = a_gate()
    refuse_by_kind(gate, "new_hook", object(), KeyError())
    assert gate.closed is not None


@given(st.text())
def test_a_fault_is_described_without_the_words_of_strangers(words):
    described = describe(caught(ValueError(f"<{words}>")))
    assert described.startswith("ValueError at test_guard.py:")
    assert f"<{words}>" not in described
    assert describe(StoreError("the disk is full")) == "StoreError: the disk is full"


def test_a_crash_is_logged_by_kind_and_place():
    fault = caught(AssertionError(b"content"))
    told = (type(fault), fault, fault.__traceback__)
    record = logging.LogRecord("core", logging.ERROR, "x.py", 1, "crashed %s", ("content",), told)
    assert CrashLogFilter().filter(record)
    assert "content" not in logging.Formatter().format(record)


def test_the_cores_chatter_is_not_logged():
    record = logging.LogRecord("core", logging.INFO, "x.py", 1, "bytes", (), None)
    assert not CrashLogFilter().filter(record)
