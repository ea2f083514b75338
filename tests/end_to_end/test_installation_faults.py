"""Parts that die, disks that are full, files that are gone, stopping: from outside, against a real installation."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import threading
import time

import pytest

from support.installation import Installation, fresh, installed, until
from support.speaking import assert_refused

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    with installed(tmp_path_factory.mktemp("faults")) as installation:
        yield installation


@pytest.fixture
def run(own):
    """A run with tokens for reading and writing, got before anything breaks."""
    opened = own.run("clerk")
    reading = own.with_token(opened, "crm.read", "crm.customers.*")
    writing = own.with_token(opened, "orders.write", "orders.*")

    def both():
        """A read and a write; their answers and their markers."""
        customer, order = fresh(), fresh("o")
        read = own.ask(opened.agent, "GET", f"https://crm.internal/v1/customers/{customer}",
                       headers=reading | {"AISecOps-Run": opened.run_id})  # fmt: skip
        write = own.ask(opened.agent, "POST", f"https://db.internal/orders/{order}",
                        headers=writing | {"AISecOps-Run": opened.run_id}, body={})  # fmt: skip
        return (read, customer), (write, order)

    opened_both = both()
    assert [said.status for said, _ in opened_both] == [200, 200]
    return both


def assert_all_refused(own, both, codes):
    for said, marker in both:
        assert said.status == 503, said
        assert said.code in codes, said
        assert own.received(marker) == []


def goes_on(own, run):
    until(lambda: [said.status for said, _ in run()] == [200, 200], what="going on")
    assert own.command("audit", "verify").returncode == 0


def test_without_the_control_plane_tokens_that_are_out_still_work_and_it_comes_back(own, run):
    (control,) = own.workers("control")
    simple = own.run("simple")

    os.kill(control, signal.SIGSTOP)
    (read, _), (write, _) = run()
    customer = fresh()
    brokered = own.ask(simple.agent, "GET", f"https://crm.internal/v1/customers/{customer}",
                       headers={"AISecOps-Run": simple.run_id})  # fmt: skip
    os.kill(control, signal.SIGKILL)

    assert (read.status, write.status) == (200, 200)
    assert_refused(brokered, "policy_unavailable")
    assert own.received(customer) == []
    until(lambda: own.workers("control") not in ([], [control]), what="a new control plane")
    until(lambda: answers(own), what="its answer")
    goes_on(own, run)


def answers(own):
    with contextlib.suppress(OSError):
        return own.api(None, "GET", "/readyz").status == 200
    return False


def test_a_worker_that_stands_still_shows_in_readyz_and_one_that_moves_again_does_not(own):
    (gateway,) = own.workers("gateway")
    assert answers(own)
    os.kill(gateway, signal.SIGSTOP)
    try:
        until(lambda: not answers(own), what="word of it")
        said = own.api(None, "GET", "/readyz")
        assert (said.status, said.json["code"]) == (503, "internal")
        assert f"gateway worker {gateway} has stood still" in said.json["detail"]
        assert own.api(None, "GET", "/healthz").status == 200
    finally:
        os.kill(gateway, signal.SIGCONT)
    until(lambda: answers(own), what="its next sign of life")


def test_on_a_full_disk_nothing_leaves_and_with_room_it_goes_on(own, run):
    (gateway,) = own.workers("gateway")
    before = resource.prlimit(gateway, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
    try:
        for _ in range(3):
            assert_all_refused(own, run(), {"record_unavailable", "store_unavailable"})
    finally:
        resource.prlimit(gateway, resource.RLIMIT_FSIZE, before)

    goes_on(own, run)


def test_without_its_record_nothing_leaves_and_with_it_it_goes_on(own, run):
    folder = own.folder / ".aisecops" / "audit"
    folder.rename(folder.with_name("elsewhere"))
    folder.write_text("in the way")
    try:
        for _ in range(2):
            assert_all_refused(own, run(), {"record_unavailable"})
        until(lambda: not answers(own), what="word of it")
        assert own.api(None, "GET", "/readyz").json["code"] == "record_unavailable"
        assert "ERROR gateway: the record cannot be written (not a directory)" in own.said()
    finally:
        folder.unlink()
        folder.with_name("elsewhere").rename(folder)

    goes_on(own, run)


def test_without_its_store_nothing_leaves_and_with_it_it_goes_on(own, run):
    state = own.folder / ".aisecops"
    files = list(state.glob("store.sqlite*"))
    for file in files:
        file.rename(file.with_name(f"gone-{file.name}"))
    (state / "store.sqlite").mkdir()
    try:
        for _ in range(2):
            assert_all_refused(own, run(), {"store_unavailable"})
        assert "ERROR gateway: store_unavailable: the store " in own.said()
    finally:
        (state / "store.sqlite").rmdir()
        for file in files:
            file.with_name(f"gone-{file.name}").rename(file)

    goes_on(own, run)


def test_a_killed_gateway_comes_back_and_forgets_no_charge(own):
    run = own.run("counted")
    headers = own.with_token(run, "crm.read", "crm.customers.*")

    def read():
        return own.ask(run, "GET", f"https://crm.internal/v1/customers/{fresh()}", headers=headers)

    assert [read().status for _ in range(2)] == [200, 200]
    (gateway,) = own.workers("gateway")

    os.kill(gateway, signal.SIGKILL)

    said = until(lambda: (found := read()).status and found, what="an answer of the new gateway")
    assert said.status == 200
    assert_refused(read(), "budget_exceeded")


def test_what_is_under_way_when_it_is_stopped_comes_to_its_end(tmp_path):
    own = Installation(tmp_path)
    own.start()
    run, customer, heard = own.run("clerk"), fresh("slow"), []
    headers = own.with_token(run, "crm.read", f"crm.customers.{customer}")

    def ask():
        heard.append(own.ask(run, "GET", f"https://crm.internal/v1/customers/{customer}", headers=headers))

    thread = threading.Thread(target=ask)
    thread.start()
    until(lambda: own.received(customer), what="the request at the upstream")
    began = time.monotonic()

    code = own.stop()

    thread.join(10)
    assert code == 0, own.said()
    assert heard[0].status == 200, heard
    assert time.monotonic() - began < 20
    assert own.events("tool_returned", run_id=run.run_id)
    assert "Traceback" not in own.said()
    assert own.command("audit", "verify").returncode == 0
