"""The decisions that both lanes call. What becomes of them on the wire: `end_to_end/test_doors.py`, `lane/`."""

from __future__ import annotations

from aisecops.adapters.mitm.host_refusals import TWO_IDENTITIES
from aisecops.adapters.mitm.judging import identify
from support.flows import CALLER, a_flow, a_gate
from support.raw import CREDENTIALS

VALUE = CREDENTIALS.partition(b": ")[2].strip()


async def test_a_plain_request_is_known_by_its_own_credentials():
    flow = a_flow((b"Proxy-Authorization", VALUE))
    flow.client_conn.peername = ("127.0.0.1", 4711)
    assert await identify(a_gate(), flow.request, flow.client_conn) == CALLER


async def test_two_credentials_are_none():
    flow = a_flow((b"Proxy-Authorization", VALUE), (b"proxy-authorization", VALUE))
    assert await identify(a_gate(), flow.request, flow.client_conn) is TWO_IDENTITIES
