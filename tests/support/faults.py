"""Agents at work on a real installation while its parts are killed, frozen and given new rules; and what came of it.

Whatever an agent sends has a name of its own, by which it is found again at the upstream and in the record. The upstream
looks into the record at the moment a write arrives.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from support.installation import Installation, fresh, installed, until
from support.installation_rules import RULES
from support.installation_upstream import Send, answering
from support.processes import listens
from support.redis_server import Server, running
from support.samples import secrets
from support.speaking import STATUS, Run, Said

AGENTS_AT_WORK, WORKERS = 4, 2
CALLS, WRITES = 60, 25  # of the agent `crasher`
CLEAN = {*STATUS, "internal"}
BOUND = 504
MOSTLY = 0.8
"""How often a part is hit only when all the others run."""
LOOKED_AT_BYTES = 4 * 1024 * 1024
"""The end of the record in which what arrives is looked for."""


@dataclass
class Seen:
    """What agents did and were told, what arrived, and what was done to the installation."""

    runs: dict[str, set[str]] = field(default_factory=dict)
    held: set[str] = field(default_factory=set)
    approved: set[str] = field(default_factory=set)
    planted: set[str] = field(default_factory=set)
    tokens: set[str] = field(default_factory=set)
    answered: set[str] = field(default_factory=set)
    said: Counter[str] = field(default_factory=Counter)
    done: Counter[str] = field(default_factory=Counter)
    strange: list[Said] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    unrecorded: list[str] = field(default_factory=list)
    cut: int = 0

    def told(self, said: Said) -> Said:
        """Keep what an agent was told: an answer, a whole refusal, or the end of its connection."""
        if not said.status:
            self.cut += 1
            time.sleep(0.05)
            return said
        clean = said.status == 200 or said.code in CLEAN or (said.status == BOUND and b"about:blank" in said.body)
        self.said[said.code or str(said.status)] += 1
        if not clean:
            self.strange.append(said)
        if said.status != 200:
            self.bodies.append(said.body + repr(said.headers).encode())
        return said


class Storm:
    """`rages` for so many seconds; then `found` is what is wrong, a sentence each, none when all is as it must be."""

    def __init__(self, house: Installation, seed: int, server: Server | None = None) -> None:
        self.house, self.server, self.seen = house, server, Seen()
        self._chance = Random(seed)
        self._stop = threading.Event()
        house.upstream.answer = self._answer

    def rages(self, seconds: float, say: Callable[[str], None] = lambda _words: None) -> None:
        """Work and faults for so long; then let it come to rest. `say` is told after each fault how far it is."""
        agents = [Random(self._chance.random()) for _ in range(AGENTS_AT_WORK)]
        jobs = [*(lambda chance=chance: self._work(chance) for chance in agents), self._reload]
        threads = [threading.Thread(target=job) for job in jobs]
        for thread in threads:
            thread.start()
        ends = time.monotonic() + seconds
        try:
            while time.monotonic() < ends:
                before, whole = self.seen.said.total(), self._chance.random() < MOSTLY
                self._chance.choice(self._faults())()
                left = max(0.0, ends - time.monotonic())
                say(f"{left:.0f} s left, {self.seen.done.total()} faults, {self.seen.said.total()} answers")
                while time.monotonic() < ends and not self._got_somewhere(before, whole=whole):
                    time.sleep(0.1)
                time.sleep(self._chance.random())
        finally:
            self._stop.set()
            for thread in threads:
                thread.join(120)
        if any(thread.is_alive() for thread in threads):
            raise AssertionError("an agent waits for ever")
        self.house.rules_file.write_text(RULES)

    def _got_somewhere(self, before: int, *, whole: bool) -> bool:
        """Agents were told something since, and everything runs again if it has to be `whole` before it is hit again."""
        up = len(serving(self.house)) == WORKERS and self.house.workers("control")
        return self.seen.said.total() >= before + 8 and (bool(up) or not whole)

    # what is done to it

    def _faults(self) -> list[Callable[[], None]]:
        own: list[Callable[[], None]] = [self._kill_worker, self._kill_worker, self._kill_control]
        return own if self.server is None else [*own, self._kill_server, self._freeze_server]

    def _kill(self, pids: list[int], what: str) -> None:
        if pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._chance.choice(pids), signal.SIGKILL)
                self.seen.done[what] += 1

    def _kill_worker(self) -> None:
        self._kill(serving(self.house), "worker killed")

    def _kill_control(self) -> None:
        self._kill(self.house.workers("control"), "control plane killed")

    def _kill_server(self) -> None:
        if self.server is not None:
            self.server.kill()
            time.sleep(self._chance.random())
            self.server.start()
            self.seen.done["store killed"] += 1

    def _freeze_server(self) -> None:
        if self.server is not None:
            self.server.freeze()
            time.sleep(1 + 3 * self._chance.random())
            self.server.thaw()
            self.seen.done["store stood still"] += 1

    def _reload(self) -> None:
        """New rules every second; each fifth time they are none."""
        number = 0
        while not self._stop.wait(1):
            number += 1
            rules = RULES.replace("max_rows: 5", f"max_rows: {5 + number % 3}")
            new = self.house.folder / "rules.new"
            new.write_text(rules if number % 5 else rules.replace("effect: write", "effect: wrong"))
            new.replace(self.house.rules_file)
            self.seen.done["rules replaced"] += 1

    # what agents do

    def _work(self, chance: Random) -> None:
        while not self._stop.is_set():
            try:
                run = self.house.run("crasher")
                mine = self.seen.runs.setdefault(run.run_id, set())
                reading = self._token(run, "crm.read", "crm.customers.*")
                writing = self._token(run, "orders.write", "orders.*")
                for _ in range(CALLS + 10):
                    if self._stop.is_set():
                        return
                    what = chance.random()
                    if what < 0.1:
                        self._held(chance)
                    elif what < 0.2:
                        self._planted(run, writing, chance)
                    else:
                        mine.add(name := fresh("k"))
                        if self._step(run, name, reading, writing, chance).code == "token_policy_outdated":
                            reading = self._token(run, "crm.read", "crm.customers.*")
                            writing = self._token(run, "orders.write", "orders.*")
            except (OSError, AssertionError):  # the control plane is away: begin anew
                time.sleep(0.2)

    def _token(self, run: Run, tool: str, scope: str) -> dict[str, str]:
        header = self.house.with_token(run, tool, scope)
        self.seen.tokens |= set(header.values())
        return header

    def _step(self, run: Run, name: str, reading: dict[str, str], writing: dict[str, str], chance: Random) -> Said:
        slow = "?slow=1" if chance.random() < 0.1 else ""
        if chance.random() < 0.5:
            said = self.house.ask(
                run, "POST", f"https://db.internal/orders/{name}{slow}", headers=writing, body={"a": 1}
            )
        else:
            said = self.house.ask(run, "GET", f"https://crm.internal/v1/customers/{name}{slow}", headers=reading)
        if self.seen.told(said).status == 200:
            self.seen.answered.add(name)
        return said

    def _planted(self, run: Run, writing: dict[str, str], chance: Random) -> None:
        """A key that must not leave, in a body."""
        # not one that is known by the name before it, which stands in no sentence of ours
        kinds = {kind: value for kind, (entity, value) in secrets(chance).items() if entity != "CREDENTIAL"}
        key = chance.choice([value for kind, value in kinds.items() if kind != "private_key"])
        self.seen.planted.add(key)
        url = f"https://db.internal/orders/{fresh('p')}"
        said = self.seen.told(self.house.ask(run, "POST", url, headers=writing, body={"note": f"the key is {key}"}))
        if said.status == 200:
            self.seen.strange.append(said)

    def _held(self, chance: Random) -> None:
        """A step that waits for a person, who says yes, says no, or is not there."""
        self.seen.held.add(name := fresh("k"))
        run = self.house.run("careful")
        token, url = self._token(run, "step.run", "steps.*"), f"https://db.internal/steps/{name}"
        said = self.seen.told(self.house.ask(run, "POST", url, headers=token, body={"n": 1}))
        if said.code != "human_approval_required":
            return
        asked = said.json["approval_id"]
        answer = chance.choice(["approve", "deny", ""])
        if answer == "approve":
            self.seen.approved.add(name)
        if answer:
            told = {"decision": answer, "reason": "as it fell"}
            self.house.api(self.house.operator, "POST", f"/v1/approvals/{asked}", told)
        for _ in range(2):  # what it serves, it serves once
            shown = token | {"AISecOps-Approval": asked}
            self.seen.told(self.house.ask(run, "POST", url, headers=shown, body={"n": 1}))

    # what arrives

    def _answer(self, request: bytes, send: Send) -> None:
        found = re.match(rb"POST /(?:orders|steps)/(\w+)", request)
        if found is not None and b'"tool_invoked"' not in lines_about(self.house, found[1]):
            self.seen.unrecorded.append(found[1].decode())
        answering(request, send)

    # what came of it

    def found(self) -> list[str]:
        """What is wrong."""
        return [*self._alive(), *self._overspent(), *self._passed(), *self._let_out(), *self._told()]

    def arrivals(self) -> Counter[str]:
        """How often each name came out at the upstream."""
        every = re.findall(rb"(?:GET|POST) /\S*?/([kp]\d+x\d+)[? ]", self.house.upstream.received)
        return Counter(name.decode() for name in every)

    def _alive(self) -> Iterator[str]:
        """Everything is there again, and works."""
        until(lambda: len(serving(self.house)) == WORKERS, 90, what="every worker again")
        until(lambda: self.house.workers("control"), 90, what="the control plane again")

        def works() -> bool:
            with contextlib.suppress(OSError, AssertionError):
                run, name = self.house.run("clerk"), fresh()
                token = self.house.with_token(run, "crm.read", "crm.customers.*")
                url = f"https://crm.internal/v1/customers/{name}"
                return self.house.ask(run, "GET", url, headers=token).status == 200
            return False

        until(works, 90, what="an answer as before")
        done = self.house.command("audit", "verify")
        if done.returncode:
            yield f"the record is not whole: {done.stdout}{done.stderr}"

    def _overspent(self) -> Iterator[str]:
        came = self.arrivals()
        writes = set(re.findall(rb"POST /orders/(k\w+)", self.house.upstream.received))
        for run_id, names in self.seen.runs.items():
            used = self.house.api(self.house.operator, "GET", f"/v1/runs/{run_id}").json["budget_consumption"]
            calls, written = sum(came[name] for name in names), sum(name.encode() in writes for name in names)
            if not calls <= used["tool_calls"] <= CALLS:
                yield f"{run_id}: {calls} calls arrived, {used['tool_calls']} are charged, {CALLS} allowed"
            if not written <= used["write_operations"] <= WRITES:
                yield f"{run_id}: {written} writes arrived, {used['write_operations']} are charged, {WRITES} allowed"

    def _passed(self) -> Iterator[str]:
        came = self.arrivals()
        yield from (f"{name} arrived {count} times" for name, count in came.items() if count > 1)
        yield from (f"{name} was held, nobody approved, and it passed" for name in self.seen.held - self.seen.approved
                    if came[name])  # fmt: skip
        yield from (f"{name} arrived before its record" for name in self.seen.unrecorded)
        invoked = {event["scope"].rpartition(".")[2] for event in self.house.events("tool_invoked")}
        yield from (f"{name} arrived and is in no record" for name in came if name not in invoked)
        yield from (f"{name} was answered and never arrived" for name in self.seen.answered if name not in came)

    def _let_out(self) -> Iterator[str]:
        """No planted key anywhere, no token and no agent's secret but where it was shown."""
        house = self.house
        written = house.everything_written()
        places = {
            "at the upstream": house.upstream.received,
            "in a refusal": b"\n".join(self.seen.bodies),
            "in what was written": written,
            "in the metrics": repr(house.metrics()).encode(),
        }
        hidden = self.seen.planted | self.seen.tokens | {v for k, v in house.environment.items() if "SECRET" in k}
        for where, bytes_there in places.items():
            yield from (f"a secret is {where}: {value[:4]}…" for value in hidden if value.encode() in bytes_there)

    def _told(self) -> Iterator[str]:
        yield from (f"an agent was told {said}" for said in self.seen.strange)
        if "Traceback" in self.house.said():
            yield "a fault is in the log: " + self.house.said().partition("Traceback")[2][:2000]


def serving(house: Installation) -> list[int]:
    """The gateways that take connections now."""
    return [pid for pid in house.workers("gateway") if listens(pid, house.proxy_port)]


def lines_about(house: Installation, name: bytes) -> bytes:
    """The lines of the record's end that have this name in them."""
    *_, last = [Path(), *house.record_files()]
    with last.open("rb") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - LOOKED_AT_BYTES))
        return b"\n".join(line for line in file.read().splitlines() if name in line)


@contextlib.contextmanager
def storm(folder: Path, seed: int, store: str = "sqlite") -> Iterator[Storm]:
    """An installation of two workers on this store, to be stormed."""
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(running(folder / "server")) if store == "redis" else None
        settings = {} if server is None else {"store": f"{server.url}?timeout=2"}
        house = folder / "house"
        house.mkdir()
        own = stack.enter_context(installed(house, workers=WORKERS, drain_seconds="2s", **settings))
        yield Storm(own, seed, server)
