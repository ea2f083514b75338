"""A login lasts for a while and no longer, and rests on a proof that is asked for every time."""

import itertools

from aisecops.ops.dashboard import visits as module
from aisecops.ops.dashboard.visits import FAILURES, IDLE_MS, LASTS_MS, WITHIN_MS, Failures, Visits
from support.gateway import SetClock


class Somebody:
    async def asker(self):
        raise NotImplementedError


def made(clock):
    names = itertools.count(1)
    return Visits(clock, lambda: f"secret-{next(names)}")


def test_a_login_is_found_by_its_cookie_alone():
    visits = made(SetClock())
    cookie = visits.begin(Somebody())

    assert visits.find(cookie) is not None
    assert visits.find(cookie + "x") is None
    assert visits.find("") is None


def test_a_login_that_nobody_uses_ends():
    clock = SetClock()
    visits = made(clock)
    cookie = visits.begin(Somebody())
    clock.ms += IDLE_MS

    assert visits.find(cookie) is None


def test_a_login_in_use_ends_too():
    clock = SetClock()
    visits = made(clock)
    cookie = visits.begin(Somebody())
    for _ in range(LASTS_MS // (IDLE_MS // 2) - 1):
        clock.ms += IDLE_MS // 2
        assert visits.find(cookie) is not None
    clock.ms += IDLE_MS // 2

    assert visits.find(cookie) is None


def test_the_oldest_login_gives_way(monkeypatch):
    monkeypatch.setattr(module, "MOST_VISITS", 2)
    visits = made(SetClock())
    first, second, third = (visits.begin(Somebody()) for _ in range(3))

    assert [visits.find(cookie) is not None for cookie in (first, second, third)] == [False, True, True]


def test_a_form_of_another_login_is_not_from_this_one():
    visits = made(SetClock())
    one, other = (visits.find(visits.begin(Somebody())) for _ in range(2))

    assert one.is_from(one.csrf)
    assert not one.is_from(other.csrf)
    assert not one.is_from("")
    assert not one.is_from("\udc80")


def test_wrong_secrets_from_one_address_are_not_compared_any_more():
    clock = SetClock()
    failures = Failures(clock)
    for _ in range(FAILURES):
        assert failures.wait_s("192.0.2.1") == 0
        failures.failed("192.0.2.1")

    assert failures.wait_s("192.0.2.1") == WITHIN_MS // 1000
    assert failures.wait_s("192.0.2.2") == 0
    clock.ms += WITHIN_MS
    assert failures.wait_s("192.0.2.1") == 0


def test_wrong_secrets_from_everywhere_are_bounded_together():
    failures = Failures(SetClock())
    for number in range(module.FAILURES_TOGETHER):
        failures.failed(f"address-{number}")

    assert failures.wait_s("192.0.2.9") > 0


def test_addresses_are_forgotten_when_there_are_too_many(monkeypatch):
    monkeypatch.setattr(module, "MOST_SOURCES", 3)
    failures = Failures(SetClock())
    for number in range(10):
        failures.failed(f"address-{number}")

    assert len(failures._of) == 3
