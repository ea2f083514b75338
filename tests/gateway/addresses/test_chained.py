"""What may be asked of the operator's own proxy, and what not."""

from __future__ import annotations

import pytest

from aisecops.gateway.addresses.chained import through_proxy
from aisecops.model.decision import Verdict

PROXY = (("10.0.0.9", 3128),)
OWN = frozenset({("203.0.113.8", 8080)})


class Names:
    """A resolver that knows what it is told."""

    def __init__(self, **known: str) -> None:
        self._known = {name.replace("_", "."): address for name, address in known.items()}

    async def resolve(self, host, port):
        if host not in self._known:
            raise OSError(host)
        return ((self._known[host], port),)

    def is_fixed(self, host, port):
        return False

    def is_at_hand(self, host, port):
        return False


class Through:
    def __init__(self, *, resolves: bool = True, found: bool = True) -> None:
        self.resolves, self._found = resolves, found

    def leads_to(self, host, port):
        return True

    async def addresses(self):
        if not self._found:
            raise OSError("proxy")
        return PROXY


async def asked(host: str, names: Names, **how):
    return await through_proxy(Through(**how), names, host, 443, own=OWN)


async def test_a_public_name_leads_to_the_proxy_and_not_to_its_own_address():
    assert await asked("api.example.org", Names(api_example_org="93.184.216.34")) == (PROXY, None)


async def test_a_name_that_only_the_proxy_resolves_may_be_asked_of_it():
    assert await asked("api.example.org", Names()) == (PROXY, None)


@pytest.mark.parametrize("address", ["10.0.0.1", "127.0.0.1", "169.254.169.254", "::ffff:10.0.0.1", "203.0.113.8"])
async def test_a_name_that_we_know_to_be_private_is_not(address):
    addresses, objection = await asked("api.example.org", Names(api_example_org=address))
    assert (addresses, objection.verdict) == ((), Verdict.DENY)


@pytest.mark.parametrize("host", ["localhost", "intranet", "metadata.google.internal", "db.corp"])
async def test_a_name_of_the_inside_that_nobody_here_knows_is_not(host):
    addresses, objection = await asked(host, Names())
    assert (addresses, objection.verdict) == ((), Verdict.DENY)
    assert "upstream.resolve" in objection.reasons[0].detail


async def test_where_the_setting_says_so_everything_must_resolve_here():
    addresses, objection = await asked("api.example.org", Names(), resolves=False)
    assert addresses == ()
    assert "`upstream.proxy_resolves` is false" in objection.reasons[0].detail
    assert await asked("api.example.org", Names(api_example_org="93.184.216.34"), resolves=False) == (PROXY, None)


async def test_a_proxy_that_cannot_be_found_is_a_no():
    addresses, objection = await asked("api.example.org", Names(), found=False)
    assert addresses == ()
    assert "`upstream.proxy`" in objection.reasons[0].detail
