"""Gateways killed at any moment, under load: what was charged, what was recorded and what arrived must still agree.

Every request carries a name of its own, which comes back in the upstream's bytes and in the record's scopes.
"""

from __future__ import annotations

import os
import re
import secrets
import signal
import threading
import time
from collections import Counter
from dataclasses import dataclass, field

import pytest

from support.installation import Installation, fresh, installed, until
from support.processes import listens

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

KILLS, WORKERS, AGENTS_AT_WORK = 15, 4, 6
CALLS, WRITES = 60, 25  # of the agent `crasher`
CLEAN = {
    "",
    "budget_exceeded",
    "human_approval_required",
    "token_replayed",
    "store_unavailable",
    "record_unavailable",
    "internal",
}


@dataclass
class Seen:
    """What the agents did and were told."""

    runs: dict[str, set[str]] = field(default_factory=dict)
    once: set[str] = field(default_factory=set)
    held: set[str] = field(default_factory=set)
    said: Counter[tuple[int, str]] = field(default_factory=Counter)
    answered: set[str] = field(default_factory=set)
    cut: int = 0
    strange: list[object] = field(default_factory=list)


@pytest.fixture(scope="module")
def story(tmp_path_factory):
    """An installation that went through it, still up, and what was seen."""
    with installed(tmp_path_factory.mktemp("crash"), workers=WORKERS, drain_seconds="2s") as own:
        seen, stop = Seen(), threading.Event()
        threads = [threading.Thread(target=work, args=(own, seen, stop, number)) for number in range(AGENTS_AT_WORK)]
        for thread in threads:
            thread.start()
        kill_at_random(own, seen)
        stop.set()
        for thread in threads:
            thread.join(60)
            assert not thread.is_alive()
        until(lambda: serving(own), 60, what="a gateway back")
        yield own, seen


def kill_at_random(own: Installation, seen: Seen) -> None:
    """Kill a gateway that is at work, at any moment of it; then let the agents get somewhere, and do it again."""
    for _ in range(KILLS):
        before = seen.said.total()
        until(lambda: (seen.said.total() > before + 3) and serving(own), 60, what="work")  # noqa: B023
        time.sleep(secrets.randbelow(300) / 1000)
        os.kill(secrets.choice(until(lambda: serving(own), 60, what="a gateway")), signal.SIGKILL)


def serving(own: Installation) -> list[int]:
    """The gateways that answer now."""
    return [pid for pid in own.workers("gateway") if listens(pid, own.proxy_port)]


def work(own: Installation, seen: Seen, stop: threading.Event, number: int) -> None:
    """One agent: runs of reads, writes, held steps, and tokens for one use shown until they are taken."""
    while not stop.is_set():
        run = own.run("crasher")
        mine = seen.runs.setdefault(run.run_id, set())
        reading = own.with_token(run, "crm.read", "crm.customers.*")
        writing = own.with_token(run, "orders.write", "orders.*")
        careful = own.run("careful")
        stepping = own.with_token(careful, "step.run", "steps.*")
        for turn in range(CALLS + 10):
            if stop.is_set():
                return
            name = fresh(f"k{number}n")
            mine.add(name)
            if turn % 10 == 9:
                seen.held.add(name)
                tell(
                    seen, name, own.ask(careful, "POST", f"https://db.internal/steps/{name}", headers=stepping, body={})
                )
            elif turn % 10 == 5:
                seen.once.add(name)
                only = own.with_token(run, "crm.read", f"crm.customers.{name}", uses=1)
                for _ in range(3):
                    tell(seen, name, own.ask(run, "GET", f"https://crm.internal/v1/customers/{name}", headers=only))
            elif turn % 2:
                tell(
                    seen,
                    name,
                    own.ask(run, "POST", f"https://db.internal/orders/{name}", headers=writing, body={"a": 1}),
                )
            else:
                tell(seen, name, own.ask(run, "GET", f"https://crm.internal/v1/customers/{name}", headers=reading))


def tell(seen: Seen, name, said) -> None:
    if not said.status:
        seen.cut += 1
        time.sleep(0.02)
        return
    seen.said[said.status, said.code] += 1
    if said.status == 200:
        seen.answered.add(name)
    elif said.code not in CLEAN:
        seen.strange.append(said)


def arrivals(own: Installation) -> Counter[str]:
    """How often each name came out at the upstream, and as what."""
    every = b"".join(bytes(data) for data in own.upstream.connections)
    return Counter(name.decode() for name in re.findall(rb"(?:GET|POST) /\S*?/(k\d+n\w+) HTTP", every))


def test_there_was_load_enough_to_mean_something(story):
    own, seen = story

    assert sum(arrivals(own).values()) > 150, seen.said
    assert seen.cut > 0
    assert len(seen.runs) >= AGENTS_AT_WORK


def test_agents_saw_answers_clean_refusals_or_the_end_of_a_connection(story):
    _, seen = story

    assert seen.strange == []
    assert seen.said[200, ""] > 100, seen.said


def test_no_budget_was_overrun_and_whatever_arrived_was_charged(story):
    own, seen = story
    came = arrivals(own)
    writes = set(re.findall(rb"POST /orders/(k\w+)", b"".join(bytes(data) for data in own.upstream.connections)))

    for run_id, names in seen.runs.items():
        calls = sum(came[name] for name in names - seen.held)
        written = sum(name.encode() in writes for name in names)
        used = own.api(own.operator, "GET", f"/v1/runs/{run_id}").json["budget_consumption"]
        assert calls <= CALLS
        assert written <= WRITES
        assert calls <= used["tool_calls"] <= CALLS
        assert written <= used["write_operations"] <= WRITES


def test_whatever_arrived_was_decided_and_recorded_before(story):
    own, _ = story
    invoked = {event["scope"].rpartition(".")[2]: event["decision_id"] for event in own.events("tool_invoked")}
    allowed = {event["decision_id"] for event in own.events("decision", enforced="allow")}

    came = arrivals(own)

    assert {name for name in came if name not in invoked} == set()
    assert {name for name in came if invoked[name] not in allowed} == set()


def test_nothing_arrived_twice_and_what_serves_once_served_once(story):
    own, seen = story
    came = arrivals(own)

    assert {name: count for name, count in came.items() if count > 1} == {}
    assert any(came[name] for name in seen.once)


def test_whoever_was_answered_had_arrived(story):
    own, seen = story

    assert {name for name in seen.answered if name not in arrivals(own)} == set()


def test_held_steps_did_not_pass(story):
    own, seen = story

    assert seen.held
    assert {name for name in seen.held if name in arrivals(own)} == set()


def test_the_record_is_whole_and_every_decision_in_it_comes_out_again(story):
    own, seen = story

    done = own.command("audit", "verify")
    assert done.returncode == 0, done.stdout + done.stderr
    for run_id in list(seen.runs)[:2]:
        replayed = own.command("replay", run_id)
        assert replayed.returncode == 0, replayed.stdout + replayed.stderr


def test_afterwards_it_works_as_before(story):
    own, _ = story
    run, name = own.run("clerk"), fresh()
    headers = own.with_token(run, "crm.read", f"crm.customers.{name}")

    said = until(
        lambda: (
            (found := own.ask(run, "GET", f"https://crm.internal/v1/customers/{name}", headers=headers)).status
            and found
        )
    )

    assert said.status == 200
