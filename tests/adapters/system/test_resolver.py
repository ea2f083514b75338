"""Fixed addresses first, the system's otherwise, in time."""

from __future__ import annotations

import asyncio
import threading

import pytest

from aisecops.adapters.system.resolver import MOST_OTHERS, SystemResolver, system_lookup
from aisecops.gateway.addresses.resolving import Resolver
from aisecops.model.errors import ConfigError


class Clock:
    """Seconds, moved by hand."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


class Names:
    """A look-up that counts."""

    def __init__(self, *addresses: tuple[str, int]) -> None:
        self.addresses, self.asked = addresses, 0

    def __call__(self, _host: str, _port: int):
        self.asked += 1
        return self.addresses


async def test_a_fixed_place_is_answered_without_asking():
    names = Names()
    resolver = SystemResolver({"crm.internal:443": "127.0.0.1:9443"}, lookup=names)
    assert await resolver.resolve("CRM.internal.", 443) == (("127.0.0.1", 9443),)
    assert resolver.is_fixed("crm.internal", 443)
    assert not resolver.is_fixed("crm.internal", 80)
    assert names.asked == 0


async def test_a_name_is_at_hand_while_nobody_need_be_asked_for_it():
    clock = Clock()
    resolver: Resolver = SystemResolver(
        {"crm.internal:443": "127.0.0.1:9443"}, lookup=Names(("192.0.2.1", 443)), clock=clock, ttl_s=5
    )
    assert resolver.is_at_hand("CRM.internal.", 443)
    assert not resolver.is_at_hand("mail.example", 443)
    await resolver.resolve("mail.example", 443)
    assert resolver.is_at_hand("mail.example", 443)
    assert not resolver.is_at_hand("mail.example", 80)
    clock.now += 5
    assert not resolver.is_at_hand("mail.example", 443)


async def test_an_answer_is_kept_for_a_while_only():
    clock, names = Clock(), Names(("192.0.2.1", 443), ("192.0.2.1", 443))
    resolver = SystemResolver({}, lookup=names, clock=clock, ttl_s=5)
    for _ in range(3):
        assert await resolver.resolve("api.test", 443) == (("192.0.2.1", 443),)
    assert names.asked == 1
    clock.now += 6
    await resolver.resolve("api.test", 443)
    assert names.asked == 2


async def test_no_address_is_an_error_and_is_asked_again():
    names = Names()
    resolver = SystemResolver({}, lookup=names)
    for _ in range(2):
        with pytest.raises(OSError, match="no address"):
            await resolver.resolve("api.test", 443)
    assert names.asked == 2


async def test_a_slow_answer_is_an_error():
    let_go = threading.Event()
    resolver = SystemResolver({}, lookup=lambda _host, _port: let_go.wait(5) and (), timeout_s=0.05)
    with pytest.raises(OSError, match="not resolved in"):
        await resolver.resolve("api.test", 443)
    let_go.set()


class Slow:
    """A look-up that does not return for names that begin with `slow`, until it is let go."""

    def __init__(self) -> None:
        self.let_go = threading.Event()
        self.asked: list[str] = []

    def __call__(self, host: str, port: int):
        self.asked.append(host)
        if host.startswith("slow"):
            self.let_go.wait(30)
        return (("192.0.2.1", port),)


@pytest.fixture
def slow():
    found = Slow()
    yield found
    found.let_go.set()


async def refused(resolver: SystemResolver, host: str) -> str:
    with pytest.raises(OSError, match=r"look|resolved") as raised:
        await resolver.resolve(host, 443)
    return str(raised.value)


async def test_however_many_ask_for_one_name_it_is_looked_up_once(slow):
    resolver = SystemResolver({}, lookup=slow, timeout_s=0.05)
    said = await asyncio.gather(*(refused(resolver, "slow.test") for _ in range(100)))
    assert set(said) == {"`slow.test` was not resolved in 0.05 s"}
    assert slow.asked == ["slow.test"]
    slow.let_go.set()
    assert await resolver.resolve("slow.test", 443) == (("192.0.2.1", 443),)


async def test_names_whose_servers_are_silent_keep_nobody_from_a_name_that_was_answered_before(slow):
    clock = Clock()
    resolver = SystemResolver({}, lookup=slow, timeout_s=0.05, clock=clock, ttl_s=5)
    await resolver.resolve("api.test", 443)
    said = await asyncio.gather(*(refused(resolver, f"slow{number}.test") for number in range(MOST_OTHERS + 1)))
    assert said[-1] == "too many names are being looked up"
    clock.now += 6
    assert await resolver.resolve("api.test", 443) == (("192.0.2.1", 443),)
    assert await refused(resolver, "new.test") == "too many names are being looked up"
    slow.let_go.set()
    while not resolver.is_at_hand(f"slow{MOST_OTHERS - 1}.test", 443):
        await asyncio.sleep(0.01)
    assert await resolver.resolve("new.test", 443) == (("192.0.2.1", 443),)


def test_the_system_knows_itself():
    assert ("127.0.0.1", 443) in system_lookup("127.0.0.1", 443)


@pytest.mark.parametrize("entry", ["api.test", ":443", "api.test:", "api.test:x", "api.test:70000"])
def test_a_fixed_place_without_a_port_is_refused(entry):
    with pytest.raises(ConfigError, match="not a host and a port"):
        SystemResolver({entry: "127.0.0.1:443"})


async def test_an_ipv6_address_may_be_fixed():
    resolver = SystemResolver({"api.test:443": "[::1]:9443"})
    assert await resolver.resolve("api.test", 443) == (("::1", 9443),)
