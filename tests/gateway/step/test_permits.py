from aisecops.gateway.step.permits import Permits
from support.gateway import House, request


async def forwarded(house):
    run = await house.run()
    token = await house.token(run, "crm.read", "crm.customers.7")
    outcome = await house.ask(run, request("GET", "https://crm.internal/v1/customers/7", token=token))
    return outcome.permit


async def test_a_step_that_left_stands_until_it_is_taken_and_is_taken_once():
    house = House()
    name = await forwarded(house)

    permits = house.permits
    assert [*permits.standing()] == [name]
    permit = permits.find(name)
    assert permit is not None
    assert permit.decision_id == name
    assert len(permits) == 1

    assert permits.take(name) == permit
    assert permits.take(name) is None
    assert permits.find(name) is None
    assert len(permits) == 0


async def test_what_stands_is_told_as_it_is_and_not_as_it_becomes():
    house = House()
    name = await forwarded(house)
    standing = house.permits.standing()
    house.permits.take(name)

    assert [*standing] == [name]


def test_a_permit_that_nobody_opened_is_none():
    assert Permits().take("dec_made_up") is None
