"""The outermost guard: whatever escapes a hook becomes a refusal, by the kind of what the hook was about.

The proxy's own addon manager logs an exception and lets the traffic go on. This one does the reverse. It also
keeps, per event, the list of functions that listen, so that an event nobody hears costs nothing.
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable
from dataclasses import fields
from typing import TYPE_CHECKING, Any, override

from mitmproxy import addonmanager, connection, dns, exceptions, flow, hooks, http, tcp, tls, udp
from mitmproxy.proxy import layer, server_hooks
from mitmproxy.proxy.layers import modes, quic

from aisecops.adapters.mitm.faults import describe, is_our_own_end, refusal_of
from aisecops.adapters.mitm.gate import Gate
from aisecops.adapters.mitm.weighing import Weighing

if TYPE_CHECKING:
    from mitmproxy.master import Master

logger = logging.getLogger(__name__)

# Nothing can be let through by these any more; after a fault the rest of the chain still has to tidy up.
_TOO_LATE = frozenset(
    {
        "client_disconnected",
        "server_disconnected",
        "server_connect_error",
        "tls_failed_client",
        "tls_failed_server",
        "http_connect_error",
        "request_unread",
        "error",
        "tcp_end",
        "tcp_error",
        "udp_end",
        "udp_error",
        "dns_error",
        "websocket_end",
        "update",
        "done",
        "add_log",
    }
)
_ENDS_A_FLOW = frozenset({"response", "error", "http_connected", "http_connect_error"})


class CrashLogFilter(logging.Filter):
    """The proxy core logs crashes with the event that it was about, body and all; this keeps kind and place only."""

    def filter(self, record: logging.LogRecord) -> bool:
        fault = record.exc_info[1] if isinstance(record.exc_info, tuple) else None
        if fault is not None:
            record.msg, record.args = "the proxy core failed: %s", (describe(fault),)
            record.exc_info, record.exc_text, record.stack_info = None, None, None
            return True
        return record.levelno >= logging.WARNING


class FailClosedAddonManager(addonmanager.AddonManager):
    """Runs hooks; what escapes one is a refusal. Has to know the gate before the first hook: `gate` is set by the host.

    Takes the place of a running manager in `mitmdump` by changing that object's class, so it adds its state lazily.
    """

    gate: Gate

    @override
    def register(self, addon: Any) -> Any:
        self._forget_listeners()
        registered = super().register(addon)
        self._forget_listeners()
        return registered

    @override
    def remove(self, addon: Any) -> None:
        self._forget_listeners()
        super().remove(addon)
        self._forget_listeners()

    @override
    def add(self, *addons: Any) -> None:
        super().add(*addons)
        self._forget_listeners()

    @override
    def clear(self) -> None:
        super().clear()
        self._forget_listeners()

    def _forget_listeners(self) -> None:
        self.__dict__["listeners"] = {}

    def _listeners(self, event: str) -> tuple[Callable[..., Any], ...]:
        known: dict[str, tuple[Callable[..., Any], ...]] = self.__dict__.setdefault("listeners", {})
        found = known.get(event)
        if found is None:
            candidates = (getattr(addon, event, None) for addon in addonmanager.traverse(self.chain))
            found = known[event] = tuple(func for func in candidates if callable(func))
        return found

    @override
    async def handle_lifecycle(self, event: hooks.Hook) -> None:
        await self.trigger_event(event)
        (subject,) = _arguments(event)
        if isinstance(subject, flow.Flow) and self._listeners("update"):
            await self.trigger_event(hooks.UpdateHook([subject]))
        if isinstance(subject, http.HTTPFlow):
            # its body is still to come, and it is answered only after the next hook; until then nothing is written
            if event.name != "requestheaders" or not self.gate.unjudged(subject):
                self.gate.write_refusal(subject)
            if event.name == "websocket_end" or (event.name in _ENDS_A_FLOW and subject.websocket is None):
                self.gate.forget(subject)

    def is_unheard(self, event: hooks.Hook) -> bool:
        """True when running `event` would do nothing: nobody listens, and it is about no flow, which has an answer."""
        if self._listeners(event.name):
            return False
        (subject,) = _arguments(event)
        return not isinstance(subject, flow.Flow)

    @override
    async def trigger_event(self, event: hooks.Hook) -> None:
        arguments = _arguments(event)
        for listener in self._listeners(event.name):
            try:
                result = listener(*arguments)
                if inspect.isawaitable(result):
                    await result
            except BaseException as fault:
                self._refuse(event.name, arguments, fault)
                if is_our_own_end(fault):
                    raise
                if event.name not in _TOO_LATE:
                    return

    @override
    def trigger(self, event: hooks.Hook) -> None:
        arguments = _arguments(event)
        for listener in self._listeners(event.name):
            try:
                listener(*arguments)
            except exceptions.OptionsError:
                raise
            except BaseException as fault:  # noqa: BLE001 - the outermost guard
                self._refuse(event.name, arguments, fault)

    def _refuse(self, event: str, arguments: list[Any], fault: BaseException) -> None:
        logger.error("hook %s failed and was refused: %s", event, describe(fault))
        refuse_by_kind(self.gate, event, arguments[0] if arguments else None, fault)
        if event == "running":
            self._end_the_host(event)
        self.ends_with(fault, event)

    def ends_with(self, fault: BaseException, event: str) -> None:
        """End the host where `fault`, raised in `event`, wants nothing less."""
        if isinstance(fault, (SystemExit, KeyboardInterrupt)):
            self._end_the_host(event)

    def _end_the_host(self, event: str) -> None:
        self.gate.trip(f"hook `{event}` ended the host")
        master: Master = self.master
        master.shutdown()


def _arguments(event: hooks.Hook) -> list[Any]:
    return [getattr(event, name) for name in _field_names(type(event))]


_FIELDS: dict[type[hooks.Hook], tuple[str, ...]] = {}


def _field_names(kind: type[hooks.Hook]) -> tuple[str, ...]:
    names = _FIELDS.get(kind)
    if names is None:
        names = _FIELDS[kind] = tuple(field.name for field in fields(kind))  # type: ignore[arg-type]
    return names


def refuse_by_kind(gate: Gate, event: str, subject: Any, fault: BaseException) -> None:  # noqa: C901, PLR0912 - one table
    """Stop `subject`, of which hook `event` failed. What is of no known kind trips the wire."""
    match subject:
        case _ if event in _TOO_LATE:
            pass
        case http.HTTPFlow():
            _refuse_http(gate, event, subject, fault)
        case tcp.TCPFlow() | udp.UDPFlow():
            empty_messages(subject)
            gate.abort(subject.client_conn)
        case dns.DNSFlow():
            gate.abort(subject.client_conn)
        case server_hooks.ServerConnectionHookData(server=server, client=client):
            server.error = "refused: a check failed"
            gate.fail(client, server)
            if event != "server_connect":
                gate.abort(client)
        case tls.ClientHelloData(context=context):
            subject.ignore_connection = False
            gate.abort(context.client)
        case tls.TlsData(context=context):
            if event.startswith("tls_start"):
                subject.ssl_conn = None
                gate.fail(context.client)
            else:
                gate.abort(context.client)
        case quic.QuicTlsData(context=context):
            subject.settings = None
            gate.abort(context.client)
        case layer.NextLayer(context=context):
            gate.abort(context.client)
        case modes.Socks5AuthData():
            subject.valid = False
        case connection.Client():
            subject.error = "refused: a check failed"
        case Weighing(exchange=exchange):
            subject.pieces = []
            if exchange.client_id in gate.connected:
                gate.connected[exchange.client_id].abort()
        case _:
            gate.trip(f"hook `{event}` failed")


def _refuse_http(gate: Gate, event: str, subject: http.HTTPFlow, fault: BaseException) -> None:
    already = gate.refused(subject)
    if already is None or gate.unjudged(subject):
        gate.refuse(subject, refusal_of(fault))
    if event.startswith("websocket"):
        drop_messages(subject)
        gate.abort(subject.client_conn)
    elif event == "http_connected" or (event in {"responseheaders", "response"} and _streams(gate, subject)):
        gate.abort(subject.client_conn)
    elif event == "responseheaders":
        gate.abort_upstream(subject.client_conn)


def _streams(gate: Gate, subject: http.HTTPFlow) -> bool:
    exchange = gate.exchanges.get(subject.id)
    return exchange is not None and exchange.stream is not None


def empty_messages(subject: tcp.TCPFlow | udp.UDPFlow) -> None:
    """Take the content out of every message, so that none is relayed and none is kept."""
    for message in subject.messages:
        message.content = b""


def drop_messages(subject: http.HTTPFlow) -> None:
    """Drop the newest WebSocket message and keep none."""
    if subject.websocket is not None and subject.websocket.messages:
        subject.websocket.messages[-1].drop()
        del subject.websocket.messages[:-1]
