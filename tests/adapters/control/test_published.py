"""Keys that are asked of the control plane: what is taken up, and what leaves the old ones in place."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import orjson
import pytest

from aisecops.adapters.control.published import MAX_BYTES, PublishedKeys
from aisecops.adapters.system.keys import read_key_set
from aisecops.controls.tokens.jwks import public_key, to_jwks
from aisecops.model.errors import ConfigError, PolicyError
from aisecops.ops.settings_read import load
from aisecops.ops.wiring.keys import fetched_keys, follow, take
from support.tokens import KEY, OTHER_KEY


def key_set(*keys):
    return orjson.dumps(to_jwks(public_key(key.public) for key in keys))


class Plane:
    """Somebody who answers for a control plane."""

    def __init__(self):
        self.status, self.body = 200, key_set(KEY)
        plane = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(plane.status if self.path == "/.well-known/jwks.json" else 404)
                self.send_header("Content-Length", str(len(plane.body)))
                self.end_headers()
                with contextlib.suppress(OSError):
                    self.wfile.write(plane.body)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def end(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def plane():
    plane = Plane()
    yield plane
    plane.end()


@pytest.fixture
async def published(plane):
    published = PublishedKeys(plane.url)
    yield published
    await published.close()


def kids(path):
    return [key.kid for key in read_key_set(path)]


async def test_what_is_published_is_in_the_file(published, plane, tmp_path):
    path = tmp_path / "certs" / "jwks.json"
    await take(published, path)
    before = path.stat()
    await take(published, path)
    assert (kids(path), path.stat().st_ino) == ([KEY.key_id], before.st_ino)

    plane.body = key_set(OTHER_KEY, KEY)
    await take(published, path)

    assert kids(path) == [OTHER_KEY.key_id, KEY.key_id]


@pytest.mark.parametrize(
    ("status", "body"),
    [(200, b""), (200, b"{}"), (200, b'{"keys": []}'), (500, key_set(KEY)), (301, b""), (200, b" " * (MAX_BYTES + 1))],
)
async def test_anything_else_leaves_the_keys_of_before(published, plane, tmp_path, status, body):
    path = tmp_path / "jwks.json"
    await take(published, path)
    plane.status, plane.body = status, body

    with pytest.raises(PolicyError):
        await take(published, path)

    assert kids(path) == [KEY.key_id]


async def test_a_plane_that_is_away_is_told_once_and_taken_up_when_it_is_back(published, plane, tmp_path, caplog):
    path, told = tmp_path / "jwks.json", []
    plane.status = 503
    following = asyncio.create_task(follow(published, path, every_s=0.01))

    async def seen(words):
        while words not in caplog.text:
            await asyncio.sleep(0.01)
        told.append(words)

    async with asyncio.timeout(10):
        await seen("answered 503")
        plane.status = 200
        await seen("followed again")
    following.cancel()

    assert (caplog.text.count("answered 503"), kids(path)) == (1, [KEY.key_id])


async def test_a_gateway_without_keys_does_not_start_while_the_plane_is_away_and_with_them_does(plane, tmp_path):
    settings = load(
        {"control.fetch_keys": "true", "control.public_url": plane.url, "paths.certs": "certs"},
        environ={}, folder=tmp_path,
    )  # fmt: skip
    plane.status = 503
    with pytest.raises(ConfigError, match="503"):
        async with fetched_keys(settings):
            pass
    plane.status = 200
    async with fetched_keys(settings):
        pass
    plane.status = 503

    async with fetched_keys(settings):
        assert kids(tmp_path / "certs" / "jwks.json") == [KEY.key_id]


def test_keys_are_fetched_from_nobody_who_could_be_replaced_on_the_way(tmp_path):
    flags = {"control.fetch_keys": "true", "control.public_url": "http://control.corp.example:8081"}
    with pytest.raises(ConfigError, match=r"control\.fetch_keys"):
        load(flags, environ={}, folder=tmp_path)

    assert load(flags | {"control.public_url": "https://control.corp.example"}, environ={}, folder=tmp_path)
    assert load(flags | {"control.insecure": "true"}, environ={}, folder=tmp_path)
