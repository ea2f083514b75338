"""Sessions with real TLS servers: resumed by the run that had them, with the same place, for a while, each once."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import time

import pytest
from mitmproxy import certs
from mitmproxy.certs import CertStore

from aisecops.adapters.mitm.lane import upstream_tls
from aisecops.adapters.mitm.lane.contexts import Leaves, upstream_context
from aisecops.adapters.mitm.lane.line import Line
from aisecops.adapters.mitm.lane.upstream_tls import OF_ONE, VERIFIED_S, UpstreamTls
from aisecops.adapters.mitm.names import Place
from aisecops.adapters.system.certificates import CertificateAuthority
from aisecops.adapters.system.clock import SystemClock

ANN, BOB = ("ann", "run_1"), ("bob", "run_2")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("certs")
    CertificateAuthority(folder, SystemClock()).create_if_missing()
    return folder


class Time:
    """A clock that a test moves."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


class Servers:
    """Upstreams that say one word to who comes, and were told by each connection whether it goes on from another."""

    def __init__(self, folder) -> None:
        store = CertStore.from_store(folder, "mitmproxy", 2048)
        self.named: str | None = None  # by its certificate, where that is not who it is asked for
        self._leaves = Leaves(
            lambda host: store.get_cert(name := self.named or host, [certs.x509.DNSName(name)]), http2=False
        )
        self.port = 0
        self.resumed = []

    async def _one(self, reader, writer) -> None:
        self.resumed.append(writer.get_extra_info("ssl_object").session_reused)
        writer.write(b"word")
        with contextlib.suppress(OSError):
            await reader.read()
        writer.close()

    @contextlib.asynccontextmanager
    async def at(self, host: str, port: int = 0):
        server = await asyncio.start_server(self._one, "127.0.0.1", port, ssl=self._leaves.context(host))
        async with server:
            yield Place(host, server.sockets[0].getsockname()[1])


@pytest.fixture
def servers(folder) -> Servers:
    return Servers(folder)


@pytest.fixture
def clock() -> Time:
    return Time()


@pytest.fixture
def tls(folder, clock) -> UpstreamTls:
    return UpstreamTls(upstream_context(folder / "mitmproxy-ca-cert.pem"), now=clock)


async def opened(tls: UpstreamTls, who, place: Place):
    """A connection on which the word has come."""
    line = Line()
    transport, _ = await asyncio.get_running_loop().create_connection(lambda: line, "127.0.0.1", place.port)
    pipe, lost = tls.pipe(transport, line, (who, place))
    line.on_lost = lost
    line.transport = pipe
    pipe.begin()
    await pipe.shaken
    while len(line.buf) < 4:
        await line.more()
    return line


async def asked(tls: UpstreamTls, who, place: Place, *, aborts: bool = False) -> None:
    line = await opened(tls, who, place)
    if aborts:
        line.abort()
    else:
        line.close()
    await line.gone(5)


@pytest.mark.parametrize("aborts", [False, True])
async def test_the_next_connection_of_a_run_goes_on_from_the_one_before(servers, tls, aborts):
    async with servers.at("api.test") as place:
        for _ in range(3):
            await asked(tls, ANN, place, aborts=aborts)
    assert servers.resumed == [False, True, True]


async def test_no_run_goes_on_from_what_another_had(servers, tls):
    async with servers.at("api.test") as place:
        await asked(tls, ANN, place)
        await asked(tls, BOB, place)
    assert servers.resumed == [False, False]


async def test_a_session_is_of_one_name(servers, tls):
    async with servers.at("api.test") as place:
        await asked(tls, ANN, place)
    async with servers.at("other.test", place.port) as other:
        await asked(tls, ANN, other)
    assert servers.resumed == [False, False]


async def test_a_session_is_good_for_one_connection(servers, tls):
    async with servers.at("api.test") as place:
        await asked(tls, ANN, place)
        both = [await opened(tls, ANN, place), await opened(tls, ANN, place)]
        assert servers.resumed == [False, True, False]
        for line in both:
            line.close()
            await line.gone(5)


async def test_connections_at_once_each_have_their_own_and_no_more_are_kept(servers, tls):
    async with servers.at("api.test") as place:
        for _ in range(2):
            lines = [await opened(tls, ANN, place) for _ in range(OF_ONE + 1)]
            for line in lines:
                line.close()
                await line.gone(5)
    assert servers.resumed == [*[False] * (OF_ONE + 1), *[True] * OF_ONE, False]


async def test_what_was_verified_long_ago_is_verified_again_however_often_it_was_resumed(servers, tls, clock):
    async with servers.at("api.test") as place:
        await asked(tls, ANN, place)
        clock.now += VERIFIED_S - 1
        await asked(tls, ANN, place)
        clock.now += 2
        await asked(tls, ANN, place)
    assert servers.resumed == [False, True, False]


async def test_no_session_outlives_the_certificate_of_its_server(servers, tls, clock, monkeypatch):
    async with servers.at("api.test") as place:
        line = await opened(tls, ANN, place)
        ends = ssl.cert_time_to_seconds(line.transport.tls.getpeercert()["notAfter"])
        monkeypatch.setattr(time, "time", lambda: ends - 60)
        line.close()
        await line.gone(5)
        clock.now += 59
        await asked(tls, ANN, place)
        clock.now += 2
        await asked(tls, ANN, place)
    assert servers.resumed == [False, True, False]


async def test_who_could_not_be_verified_leaves_no_session(servers, folder, clock):
    stranger = UpstreamTls(upstream_context(None), now=clock)
    async with servers.at("api.test") as place:
        for _ in range(2):
            with pytest.raises(ssl.SSLCertVerificationError):
                await opened(stranger, ANN, place)


async def test_another_server_at_the_same_place_must_prove_itself(servers, folder, tls):
    async with servers.at("api.test") as place:
        await asked(tls, ANN, place)
    evil = Servers(folder)
    evil.named = "evil.test"
    async with evil.at("api.test", place.port):
        with pytest.raises(ssl.SSLCertVerificationError):
            await opened(tls, ANN, place)


async def test_there_are_never_more_than_may_be_and_the_oldest_go_first(servers, tls, monkeypatch):
    monkeypatch.setattr(upstream_tls, "SESSIONS_KEPT", 2)
    async with servers.at("api.test") as place:
        for who in (ANN, BOB, ("eve", "run_3"), ANN, ("eve", "run_3")):
            await asked(tls, who, place)
    assert servers.resumed == [False, False, False, False, True]
