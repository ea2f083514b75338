"""Our own listeners, as the destination check is told of them."""

from __future__ import annotations

import pytest

from aisecops.controls.egress.destination import judge_addresses
from aisecops.model.decision import Verdict
from aisecops.ops.settings_read import load
from aisecops.ops.wiring.addresses import own_addresses


def judged(listen: str, address: str) -> Verdict:
    """May `address` be dialled at the control plane's port, fixed by the operator, with every address ours?"""
    own = own_addresses(load({"control.listen": listen, "control.insecure": True, "proxy.insecure": True}))
    return judge_addresses([(address, 8081)], fixed=True, own=own, here=frozenset({address})).verdict


@pytest.mark.parametrize("listen", ["0.0.0.0:8081", "[::]:8081", "localhost:8081", "gateway.example:8081"])
@pytest.mark.parametrize("address", ["127.0.0.1", "127.0.0.53", "::1", "10.1.2.3", "::ffff:10.1.2.3"])
def test_a_listener_on_every_address_is_reached_by_none(listen, address):
    assert judged(listen, address) is Verdict.DENY


def test_a_listener_on_one_address_is_that_address():
    assert judged("10.1.2.3:8081", "10.1.2.3") is Verdict.DENY
    assert judged("127.0.0.1:8081", "10.1.2.3") is Verdict.ALLOW
