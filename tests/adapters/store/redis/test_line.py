"""One connection: TLS, passwords, and what a fault is called."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from redis.exceptions import OutOfMemoryError, ResponseError
from redis.exceptions import TimeoutError as LateError

from aisecops.adapters.store.redis.content import RedisContent
from aisecops.adapters.store.redis.line import told
from aisecops.adapters.store.redis.pieces import RedisPieces
from aisecops.adapters.store.redis.place import read_place
from aisecops.adapters.store.redis.pseudonyms import RedisPseudonyms
from aisecops.model.entry import Entry, EntryKind
from aisecops.model.errors import StoreError
from aisecops.model.ids import TokenId
from aisecops.model.known import ProposedWords
from aisecops.model.state import RevocationKind
from support.certificates import CLIENT, SERVER, Authority
from support.redis_server import free_port, running
from support.stores import KEY, joined_store
from support.trees import BOT, ROOT, run_of, tree_of

PLACE = read_place("redis://us:hush@h.test?timeout=2")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OutOfMemoryError("command not allowed"), "it is full"),
        (ResponseError("NOREPLICAS Not enough good replicas to write."), "too few replicas"),
        (ResponseError("MISCONF Errors writing to the AOF file"), "cannot write to its disk"),
        (LateError("Timeout reading from h.test"), "no answer within 2 s"),
        (TimeoutError(), "no answer within 2 s"),
        (ConnectionRefusedError(111, "Connect call failed"), "Connect call failed"),
    ],
)
def test_a_fault_is_told_in_words_and_names_the_server_without_its_password(error, words):
    said = str(told(error, PLACE))
    assert said.startswith("the store redis://h.test:6379/0 cannot be asked: ")
    assert words in said
    assert "hush" not in said


async def test_tls_is_held_against_the_authority_and_the_name(tmp_path):
    ours, theirs = Authority(tmp_path, "ours"), Authority(tmp_path, "theirs")
    server, client = ours.certified("127.0.0.1", use=SERVER), ours.certified("client.test", use=CLIENT)
    elsewhere = ours.certified("elsewhere.test", use=SERVER)
    with running(
        tmp_path / "redis",
        tls_port="0", tls_cert_file=server.pair[0], tls_key_file=server.pair[1], tls_ca_cert_file=str(ours.file),
    ) as there:  # fmt: skip
        port = free_port()
        there.tell("CONFIG", "SET", "tls-port", port)
        shown = f"cert={client.pair[0]}&key={client.pair[1]}"
        await (await joined_store(f"rediss://127.0.0.1:{port}?ca={ours.file}&{shown}")).close()
        for options in (f"ca={theirs.file}&{shown}", shown, f"ca={ours.file}"):
            with pytest.raises(StoreError, match="cannot be asked"):
                await joined_store(f"rediss://127.0.0.1:{port}?{options}")
        there.tell("CONFIG", "SET", "tls-cert-file", elsewhere.pair[0], "tls-key-file", elsewhere.pair[1])
        with pytest.raises(StoreError, match="cannot be asked"):
            await joined_store(f"rediss://127.0.0.1:{port}?ca={ours.file}&{shown}")


async def test_a_user_who_may_do_what_the_page_says_can_be_the_gateway(tmp_path):
    page = (Path(__file__).parents[4] / "docs" / "store.md").read_text()
    allowed = re.search(r"ACL SETUSER gateway (.*)", page)[1].split()
    with running(tmp_path / "redis") as there:
        there.tell("ACL", "SETUSER", "gateway", *(">secret" if word == ">PASSWORD" else word for word in allowed))
        store = await joined_store(f"redis://gateway:secret@127.0.0.1:{there.port}/2")
        await store.open_run(run_of(ROOT), tree_of(), seen=None)
        await store.set_implicit_run(BOT, ROOT, seen=None, now_ms=0)
        await store.revoke(RevocationKind.AGENT, BOT, now_ms=1, why="x")
        await store.use_token(TokenId("cap_1"), uses=1, expires_ms=9)
        await store.set_entries(Entry(kind=EntryKind.SERVER, name="a", value=b"x", at_ms=1))
        await RedisContent(store.link).keep(ProposedWords(root_run_id=ROOT, key="x"))
        await RedisPseudonyms(store.link, KEY).forget(ROOT)
        await RedisPieces(store.link, KEY).say(ROOT, "api.test:443", [], after=0)
        await store.ping()
        await store.close()
        there.tell("SET", "others", "1")
        with there.client(db=2) as client, pytest.raises(ResponseError, match=r"NOPERM|permission"):
            client.execute_command("AUTH", "gateway", "secret")
            client.execute_command("GET", "others")
