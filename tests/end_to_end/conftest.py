"""One upstream, one authority and one proxy for many tests; each test finds them as new."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

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
    stranger: Stranger

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
def shared(folder: Path, authority: Authority) -> Iterator[tuple[Proxy, Lets, Stranger]]:
    lets, stranger = Lets({}), Stranger()
    with running_proxy(folder / "certs", lets, upstream_trust=authority.file, strangers=[stranger]) as proxy:
        yield proxy, lets, stranger


@pytest.fixture
def host(
    shared: tuple[Proxy, Lets, Stranger],
    enforcer: Lets,
    folder: Path,
    authority: Authority,
    upstreams: tuple[Upstream, Upstream],
) -> Host:
    proxy, lets, stranger = shared
    lets.reset()
    stranger.does, stranger.heard = {}, []
    lets.places = enforcer.places
    for upstream in upstreams:
        upstream.reset()
    return Host(proxy, lets, *upstreams, folder / "certs" / "mitmproxy-ca-cert.pem", authority.file, stranger)
