"""Every client of the table, run for real: what is written about it is what is seen. `make clients` starts this.

Two enclosures work at once. The page is written anew at the end, so that a difference is there to be read; lines of
clients that are not on this machine stay as they were.
"""

from __future__ import annotations

import contextlib
import functools
import os
import queue
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import orjson
import pytest

from aisecops.ops.clients import CLIENTS, Client
from support.client_runs import Measured, Runs
from support.client_table import document, read_back, row
from support.client_world import HOSTS, RULES, UNKNOWN, World
from support.enclosure import enclosed, forbidden
from support.installation import installed
from support.installation_rules import Party
from support.upstream import Authority, running_upstream

FOLDER = os.environ.get("CLIENTS", "")
ONLY = {name for name in os.environ.get("CLIENTS_ONLY", "").split("; ") if name}
"""The clients that are run, when not all are; then the page stays as it is."""
PAGE = Path(__file__).parents[2] / "docs" / "clients.md"
AT_ONCE = 2
NOT_RUN = " (not run again)"
NOT_MEASURED = "not on this machine, or not asked for: `make clients` runs all"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1500),
    pytest.mark.skipif(not FOLDER, reason="`make clients` installs the clients and runs this"),
]


@pytest.fixture(scope="session")
def measured(tmp_path_factory) -> dict[str, Measured | None]:
    if why := forbidden():
        pytest.skip(f"no client can be watched here, the table stays as it is: {why}")
    folder = tmp_path_factory.mktemp("clients")
    with contextlib.ExitStack() as stack:
        free = queue.SimpleQueue[Runs]()
        for runs in stack.enter_context(prepared(folder)):
            free.put(runs)

        def measure(client: Client) -> Measured | None:
            if ONLY and client.name not in ONLY:
                return None
            runs = free.get()
            try:
                return runs.measure(client)
            finally:
                free.put(runs)

        with ThreadPoolExecutor(AT_ONCE) as pool:
            return dict(zip([client.name for client in CLIENTS], pool.map(measure, CLIENTS), strict=True))


@contextlib.contextmanager
def prepared(folder: Path) -> Iterator[list[Runs]]:
    """An installation whose far side is ours, and enclosures in front of it."""
    (folder / "far").mkdir()
    authority = Authority(folder / "far")
    with contextlib.ExitStack() as stack:
        far = stack.enter_context(running_upstream(authority.server_context(*HOSTS)))
        far.answer = World(folder / "repositories")
        places = {f"{host}:443": f"127.0.0.1:{far.port}" for host in HOSTS}
        upstream = {"ca": [str(authority.file)], "resolve": places}
        house = stack.enter_context(installed(folder / "house", rules=RULES, upstream=upstream))
        told = orjson.loads(house.command("env", "--agent", "tester", "--format", "json").stdout)
        shown = urlsplit(told["HTTPS_PROXY"])
        assert shown.username is not None
        assert shown.password is not None
        run = Party(shown.username, shown.password)

        @functools.cache
        def capability(tool: str) -> str:
            asked = {"run_id": run.name, "tool": tool, "scope": tool, "ttl": "15m"}
            return house.api(run, "POST", "/v1/tokens", asked).json["token"]

        def arrived(mark: str) -> int:
            return sum(bytes(data).count(mark.encode()) for data in list(far.connections))

        made = []
        for number in range(AT_ONCE):
            scratch = folder / f"scratch{number}"
            scratch.mkdir()
            enclosure = stack.enter_context(enclosed(folder / f"door{number}", (*HOSTS, UNKNOWN), house.proxy_port))
            made.append(Runs(Path(FOLDER), scratch, enclosure, told, capability=capability, arrived=arrived))
        yield made


@pytest.fixture(scope="session")
def page(measured) -> Iterator[tuple[dict[str, str], dict[str, str]]]:
    """What the page said before; it is written when the tests are over."""
    before = read_back(PAGE.read_text()) if PAGE.exists() else ({}, {})
    yield before
    if ONLY:
        return
    rows, versions = dict(before[0]), dict(before[1])
    for client in CLIENTS:
        seen = measured[client.name]
        rows[client.name] = row(client, seen) if seen else rows.get(client.name, f"| {client.name} | not run yet |")
        known = versions.get(client.name, "never run").removesuffix(NOT_RUN)
        versions[client.name] = seen.version if seen else known + NOT_RUN
    order = [client.name for client in CLIENTS]
    PAGE.write_text(document({name: rows[name] for name in order}, {name: versions[name] for name in order}))


@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.name)
def test_what_is_known_of_a_client_is_so(client, measured, page):
    seen = measured[client.name]
    if seen is None:
        pytest.skip(NOT_MEASURED)

    assert (seen.alone == "governed") == client.governed, seen.last
    assert (seen.alone == "nameless") == client.nameless, seen.last
    assert seen.obeys == client.obeys
    assert seen.trusts == client.trusts
    assert seen.mended in ("", "governed"), seen.last


@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.name)
def test_what_the_page_says_of_a_client_is_so(client, measured, page):
    seen = measured[client.name]
    if seen is None:
        pytest.skip(NOT_MEASURED)

    assert page[0].get(client.name) == row(client, seen), seen.last


def test_no_line_of_the_page_is_of_no_client(page):
    assert set(page[0]) <= {client.name for client in CLIENTS}


def test_whoever_is_asked_for_by_name_is_a_client(measured):
    assert {name for name in measured if measured[name] is not None} <= (ONLY or set(measured))
    assert {client.name for client in CLIENTS} >= ONLY
