"""One upstream, one authority and one proxy for many tests; each test finds them as new."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import mitmproxy.ctx
import pytest

from support.proxy import Lets, Proxy, Stranger, running_proxy
from support.upstream import Authority, Upstream, running_upstream


@dataclass(frozen=True)
class Host:
    """Everything a test of the doors needs."""

    proxy: Proxy
    enforcer: Lets
    upstream: Upstream
    plain_upstream: Upstream
    ca: Path
    upstream_ca: Path
    addon: Stranger | None

    @property
    def stranger(self) -> Stranger:
        """An addon of somebody else; beside one, the core's lane carries everything."""
        if self.addon is None:
            pytest.skip("there is no fast lane beside addons of others")
        return self.addon

    def clients(self) -> int:
        """Who is connected now."""
        return self.proxy.call(lambda: len(mitmproxy.ctx.master.addons.get("aisecops-governance").gate.connected))

    @property
    def port(self) -> int:
        return self.proxy.port


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("doors")


@pytest.fixture(scope="module")
def authority(folder: Path) -> Authority:
    return Authority(folder)


@pytest.fixture(scope="module")
def upstreams(authority: Authority) -> Iterator[tuple[Upstream, Upstream]]:
    context = authority.server_context("api.test", "other.test")
    with running_upstream(context) as secure, running_upstream() as plain:
        yield secure, plain


@pytest.fixture
def enforcer(upstreams: tuple[Upstream, Upstream]) -> Lets:
    secure, plain = upstreams
    return Lets(
        {
            ("api.test", 443): ("127.0.0.1", secure.port),
            ("other.test", 443): ("127.0.0.1", secure.port),
            ("api.test", 80): ("127.0.0.1", plain.port),
            ("other.test", 80): ("127.0.0.1", plain.port),
        }
    )


@pytest.fixture(scope="module")
def shared(
    folder: Path, authority: Authority, request: pytest.FixtureRequest
) -> Iterator[tuple[Proxy, Lets, Stranger | None]]:
    is_fast = getattr(request, "param", "mitmproxy") == "fast"
    lets, stranger = Lets({}), None if is_fast else Stranger()
    strangers = [stranger] if stranger is not None else []
    with running_proxy(
        folder / "certs", lets, upstream_trust=authority.file, strangers=strangers, fast_lane=is_fast
    ) as proxy:
        yield proxy, lets, stranger


@pytest.fixture
def host(
    shared: tuple[Proxy, Lets, Stranger | None],
    enforcer: Lets,
    folder: Path,
    authority: Authority,
    upstreams: tuple[Upstream, Upstream],
) -> Host:
    proxy, lets, stranger = shared
    lets.reset()
    if stranger is not None:
        stranger.does, stranger.heard = {}, []
    lets.places = enforcer.places
    for upstream in upstreams:
        upstream.reset()
    return Host(proxy, lets, *upstreams, folder / "certs" / "mitmproxy-ca-cert.pem", authority.file, stranger)
