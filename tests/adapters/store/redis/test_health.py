import pytest
from redis.exceptions import ResponseError

from aisecops.adapters.store.redis.health import Witness, facts, objections
from aisecops.adapters.store.redis.place import read_place

FIT = {
    "redis_version": "7.0.15", "role": "master", "cluster_enabled": "0", "maxmemory": "1000000",
    "maxmemory_policy": "noeviction", "aof_enabled": "1", "connected_slaves": "1", "run_id": "r1", "evicted_keys": "0",
}  # fmt: skip


def refused(told: dict[str, str], options: str = "", syncs: str | None = "always") -> list[str]:
    found = objections(FIT | told, read_place(f"rediss://h.test{options}"), syncs=syncs)
    return [one.words for one in found if one.refuse]


def test_a_server_that_is_fit_meets_no_objection():
    assert objections(FIT, read_place("rediss://h.test?durability=always&replicas=1"), syncs="always") == []


@pytest.mark.parametrize(
    ("told", "options", "words"),
    [
        ({"maxmemory_policy": "allkeys-lru"}, "", "forgets what it holds"),
        ({"maxmemory_policy": "volatile-ttl"}, "?durability=none", "forgets what it holds"),
        ({"aof_enabled": "0"}, "", "no append-only file"),
        ({"role": "slave"}, "", "is a replica"),
        ({"cluster_enabled": "1"}, "", "part of a cluster"),
        ({"redis_version": "6.2.14"}, "", "is version 6.2.14"),
        ({"connected_slaves": "0"}, "?replicas=1", "has 0 replicas"),
    ],
)
def test_what_would_lose_a_charge_is_refused(told, options, words):
    (found,) = refused(told, options)
    assert words in found


@pytest.mark.parametrize(
    ("syncs", "options", "is_refused"),
    [
        ("always", "?durability=always", False),
        ("everysec", "?durability=always", True),
        (None, "?durability=always", True),
        ("everysec", "", False),
        ("no", "", True),
        ("no", "?durability=none", False),
    ],
)
def test_a_server_must_sync_as_it_was_asked_to(syncs, options, is_refused):
    assert bool(refused({}, options, syncs)) is is_refused


def test_what_is_only_worth_knowing_is_told_and_not_refused():
    found = objections(FIT | {"maxmemory": "0"}, read_place("redis://127.0.0.1"), syncs="everysec")
    assert [one.refuse for one in found] == [False, False]
    assert "no maxmemory" in found[0].words
    assert "once a second" in found[1].words


@pytest.mark.parametrize(
    ("url", "is_told"),
    [("redis://h.test", True), ("redis://10.0.0.1", True), ("redis://[::1]", False), ("redis://localhost", False),
     ("rediss://h.test", False)],
)  # fmt: skip
def test_clear_text_that_leaves_the_machine_is_told(url, is_told):
    found = objections(FIT, read_place(url), syncs="always")
    assert ["clear text" in one.words for one in found if not one.refuse] == [True] * is_told


def test_a_valkey_server_says_its_own_version():
    assert refused({"redis_version": "7.2.4", "valkey_version": "9.1.2"}) == []


def info(**told: str) -> bytes:
    return b"# Server\r\n" + b"".join(f"{name}:{value}\r\n".encode() for name, value in (FIT | told).items())


def test_info_is_read_line_by_line():
    assert facts(info()) == FIT


def test_a_server_that_has_begun_to_forget_is_noticed():
    witness = Witness(read_place("redis://h.test"))
    config = [b"appendfsync", b"always"]
    assert not witness.heard([info(evicted_keys="5"), config])
    assert not witness.heard([info(evicted_keys="5"), config])
    assert witness.heard([info(evicted_keys="6"), config])
    assert not witness.heard([info(evicted_keys="7", run_id="restarted"), config])


def test_a_server_that_keeps_its_configuration_to_itself_may_be_used_and_one_that_says_nothing_not():
    witness = Witness(read_place("redis://h.test"))
    witness.heard([info(), ResponseError("unknown command 'CONFIG'")])
    assert witness.objection == ""
    witness.heard([ResponseError("NOPERM"), ResponseError("NOPERM")])
    assert "does not say" in witness.objection
