"""Ending what is under way: an exchange that is cut gets nothing more from its upstream, and an end that says why.

Knows how to find the exchange of a permit and how to drop its upstream. What the agent is told is written where the
end arrives: `stream_layer.py` for answers, `websocket_layer.py` for messages.
"""

from __future__ import annotations

import functools

from aisecops.adapters.mitm.exchange import Exchange
from aisecops.adapters.mitm.gate import Gate
from aisecops.gateway.enforcer import Enforcer
from aisecops.model.errors import Fault
from aisecops.model.outcome import Refuse


async def watched(gate: Gate, enforcer: Enforcer) -> None:
    """Cut what the enforcer says, for as long as the host runs. Raises `Fault` when nobody watches any more."""
    await enforcer.watch(functools.partial(cut, gate))
    raise Fault("nobody watches any more which runs were halted")


def cut(gate: Gate, permit: str, refuse: Refuse) -> None:
    """Cut the exchange that goes by `permit`; none, when it has just ended by itself."""
    for exchange in gate.exchanges.values():
        if exchange.permit == permit:
            cut_exchange(gate, exchange, refuse)
            return


def cut_exchange(gate: Gate, exchange: Exchange, refuse: Refuse) -> None:
    """From this moment nothing of `exchange` is relayed either way; its upstream is gone, so that spending stops.

    The first reason stays. Its end comes back through the core as that of the upstream connection.
    """
    if exchange.cut is not None:
        return
    exchange.cut = refuse
    if exchange.stream is not None:
        exchange.stream.stop()
    exchange.was_cut.set()
    gate.read_on(exchange)  # its end is read there
    connected = gate.connected.get(exchange.client_id)
    if connected is None:
        return
    if exchange.server is not None:
        connected.abort_server(exchange.server)
    elif len(gate.of_client(exchange.client_id)) == 1:
        connected.abort_upstream()  # whatever is being dialled is dialled for it
