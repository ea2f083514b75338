"""A bounded run of the fuzzer, with seeds that are printed; `make fuzz SECONDS=600` runs it for long."""

from __future__ import annotations

import itertools

import pytest

from fuzz.shooting import AUTH, NAME, Range, fuzz, replay, shooting_range
from support.fuzzing import Case, Maker
from support.strict_http import Ambiguous, requests_in

GOOD = f"GET /QZJK HTTP/1.1\r\nHost: {NAME}\r\n\r\n".encode()


@pytest.fixture(scope="module")
def there(tmp_path_factory):
    with shooting_range(tmp_path_factory.mktemp("fuzz")) as made:
        yield made


@pytest.mark.slow
@pytest.mark.timeout(120)
@pytest.mark.parametrize("seed", [20261101, 20261102])
def test_nothing_arrives_that_no_record_allows(there: Range, tmp_path, seed):
    print(f"seed {seed}")
    written = fuzz(there, seed=seed, seconds=6, findings=tmp_path)

    assert [file.read_text()[:2000] for file in written] == []
    assert there.arrived, "not one of them passed, so nothing was tried"
    assert "the proxy core failed" not in there.site.said()
    assert " failed and was refused" not in there.site.said()


@pytest.mark.slow
@pytest.mark.timeout(120)
async def test_after_all_that_a_good_request_passes_in_every_form(there: Range):
    before = there.arrived
    plain = GOOD.replace(b"/QZJK", f"http://{NAME}/QZJK".encode()).replace(b"\r\n\r\n", b"\r\n" + AUTH + b"\r\n\r\n")
    await there.shoot([Case("plain", (plain,)), Case("tunnel", tuple(bytes([b]) for b in GOOD)), Case("tls", (GOOD,))])
    assert there.faults() == []
    assert there.arrived == before + 3


def test_the_same_seed_makes_the_same_cases():
    def first(seed):
        return list(itertools.islice(Maker(seed, b"A: b").cases(), 50))

    assert first(1) == first(1) != first(2)
    assert Case.of_json(first(1)[0].as_json()) == first(1)[0]


@pytest.mark.parametrize(
    "raw",
    [
        b"GET /a HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
        b"GET /a HTTP/1.1\r\nHost: x\r\nX: a\rb\r\n\r\n",
        b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        b"GET http://y/ HTTP/1.1\r\nHost: x\r\n\r\n",
        GOOD + b"rest of something\r\n\r\n",
    ],
)
def test_the_strict_reader_is_strict(raw):
    with pytest.raises(Ambiguous):
        requests_in(raw)


def test_what_arrives_without_a_record_is_seen(there: Range, tmp_path):
    """Straight to the upstream, past the gateway."""
    assert there.faults() == []
    there._upstreams[1].connections.append(bytearray(GOOD))
    assert "without an allow record" in there.faults()[0]
    file = tmp_path / "finding.json"
    file.write_text('{"cases": []}')
    assert replay(there, file) == []
