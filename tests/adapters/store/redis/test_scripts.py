"""What every script does before it does anything: made here of the smallest bodies."""

from __future__ import annotations

import pytest

from aisecops.adapters.store.redis.scripts import KEY, reading, writing
from support.redis_server import Server, shared

READ = reading("return {arg(1), count}")
WRITE = writing("redis.call('SET', P .. arg(1), arg(2))\nreturn true, 'done'")
REFUSE = writing("return false, 'kept'")


@pytest.fixture
def server() -> Server:
    server = shared("redis")
    server.tell("FLUSHALL")
    server.tell("HSET", KEY, "marker", "M")
    return server


def run(server: Server, script, *arguments, marker="M", process="w:1"):
    return server.tell("EVAL", script.text, 1, KEY, marker, process, *arguments)


def test_an_answer_says_how_many_writes_of_the_process_there_are(server):
    assert run(server, READ, "x") == [1, 0, 0, [b"x", 1]]
    assert run(server, WRITE, "a", "1") == [1, 1, 1, b"done"]
    assert run(server, WRITE, "a", "1", process="w:2") == [1, 1, 1, b"done"]
    assert run(server, WRITE, "a", "1") == [1, 2, 1, b"done"]
    assert run(server, REFUSE) == [1, 2, 0, b"kept"]
    assert run(server, READ, "x")[1] == 2


def test_nothing_is_done_in_another_store_or_in_none(server):
    assert run(server, WRITE, "a", "1", marker="other") == [0, b"M"]
    server.tell("DEL", KEY)
    assert run(server, WRITE, "a", "1") == [0, None]
    assert server.names() == []


def test_a_script_is_known_by_what_it_says():
    assert READ.digest == reading("return {arg(1), count}").digest != WRITE.digest
    assert WRITE.digest != writing("return false").digest
