"""Budgets and rates: from outside, against a real installation."""

from __future__ import annotations

import time

import pytest

from support.installation import fresh, shared_installation  # noqa: F401
from support.speaking import assert_refused

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]


def read(house, run):
    customer = fresh()
    headers = house.with_token(run, "crm.read", f"crm.customers.{customer}")
    return house.ask(run, "GET", f"https://crm.internal/v1/customers/{customer}", headers=headers), customer


def order(house, run):
    name = fresh("o")
    headers = house.with_token(run, "orders.write", f"orders.{name}")
    return house.ask(run, "POST", f"https://db.internal/orders/{name}", headers=headers, body={}), name


def mail(house, run, price):
    to = fresh("m")
    headers = house.with_token(run, "mail.send", f"mail.contacts.{to}")
    return house.ask(run, "POST", "https://mail.example/send", headers=headers, body={"to": to, "price": price}), to


def assert_over_budget(house, answer, budget):
    said, marker = answer
    problem = assert_refused(said, "budget_exceeded")
    assert budget in problem["detail"]
    assert house.received(marker) == []
    assert house.events("budget_exceeded", decision_id=problem["decision_id"])


def test_one_call_more_than_max_tool_calls_is_refused(house):
    run = house.run("counted")

    assert [read(house, run)[0].status for _ in range(3)] == [200, 200, 200]

    assert_over_budget(house, read(house, run), "max_tool_calls")
    assert house.tree(run)["budget_consumption"]["tool_calls"] == 3


def test_one_write_more_than_max_write_operations_is_refused_and_reading_goes_on(house):
    run = house.run("writer")

    assert [order(house, run)[0].status for _ in range(2)] == [200, 200]

    assert_over_budget(house, order(house, run), "max_write_operations")
    assert read(house, run)[0].status == 200


def test_a_run_ends_with_its_time(house):
    run = house.run("hasty")
    opened = time.monotonic()
    headers = house.with_token(run, "crm.read", "crm.customers.*")
    time.sleep(max(0.0, opened + 1.0 - time.monotonic()))
    customer = fresh()

    said = house.ask(run, "GET", f"https://crm.internal/v1/customers/{customer}", headers=headers)

    assert_over_budget(house, (said, customer), "max_execution_time")


def test_a_step_that_would_cost_more_than_is_left_is_refused_and_a_cheaper_one_is_not(house):
    run = house.run("spender")

    assert mail(house, run, 0.20)[0].status == 200
    assert_over_budget(house, mail(house, run, 0.051), "max_cost")
    assert mail(house, run, 0.05)[0].status == 200


def test_the_real_cost_of_a_model_replaces_what_was_reserved(house):
    run = house.run("spender")
    prompt = {"model": "gpt-4o", "max_tokens": 20_000, "messages": [{"role": "user", "content": "hello"}]}

    said = house.ask(run, "POST", "https://api.openai.com/v1/chat/completions", body=prompt)

    assert said.status == 200, said  # 20,000 x 10 / 10^6 = 0.20 was reserved
    cost = house.tree(run)["budget_consumption"]["cost"]
    assert cost == pytest.approx(1000 * 2.50e-6 + 100 * 10.00e-6)


def test_a_model_call_that_could_cost_more_than_is_left_is_refused(house):
    run, marker = house.run("spender"), fresh()
    prompt = {"model": "gpt-4o", "max_tokens": 25_001, "messages": [{"role": "user", "content": marker}]}

    said = house.ask(run, "POST", "https://api.openai.com/v1/chat/completions", body=prompt)

    assert_over_budget(house, (said, marker), "max_cost")


def test_too_many_at_once_are_told_when_to_come_again(house):
    run = house.run("quick")

    assert [read(house, run)[0].status for _ in range(2)] == [200, 200]
    said, customer = read(house, run)

    problem = assert_refused(said, "rate_limited")
    assert 0 < int(said.headers["retry-after"]) <= 30
    assert problem["retry_after"] == int(said.headers["retry-after"])
    assert house.received(customer) == []


def test_what_is_refused_before_its_budget_costs_none_of_it(house):
    run = house.run("counted")

    for _ in range(5):
        assert_refused(house.ask(run, "GET", f"https://crm.internal/v1/customers/{fresh()}"), "token_missing")

    assert [read(house, run)[0].status for _ in range(3)] == [200, 200, 200]
