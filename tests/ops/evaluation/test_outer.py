"""What is said on the near side goes out in TLS, what comes is heard there, and the end of one side is the other's."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading

import pytest

from aisecops.ops.evaluation.outer import within_tls
from support.certificates import SERVER, Authority

MUCH = bytes(range(256)) * 8192


@pytest.fixture
def house(tmp_path):
    """Connects to a server that says in TLS again what it heard in TLS, until it heard `bye`."""
    authority = Authority(tmp_path, "company")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(*authority.certified("gw.test", use=SERVER).pair)
    trust = ssl.create_default_context(cafile=str(authority.file))
    trust.verify_flags &= ~ssl.VERIFY_X509_STRICT
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        with contextlib.suppress(OSError):
            conn, _ = listener.accept()
            with tls.wrap_socket(conn, server_side=True) as inner:
                while (piece := inner.recv(65536)) and piece != b"bye":
                    inner.sendall(piece)

    thread = threading.Thread(target=serve)
    thread.start()

    def connected(name="gw.test"):
        return within_tls(socket.create_connection(listener.getsockname(), timeout=10), trust, name)

    yield connected
    listener.close()
    thread.join(10)
    assert not thread.is_alive()


def heard(conn, size):
    found = b""
    while len(found) < size and (piece := conn.recv(65536)):
        found += piece
    return found


def test_bytes_go_both_ways_however_many(house):
    with house() as conn:
        speaker = threading.Thread(target=conn.sendall, args=(MUCH,))
        speaker.start()
        assert heard(conn, len(MUCH)) == MUCH
        speaker.join()


def test_the_end_of_the_far_side_is_heard(house):
    with house() as conn:
        conn.sendall(b"bye")
        assert conn.recv(1) == b""


def test_the_end_of_the_near_side_ends_the_far_one(house):
    house().close()


def test_a_proxy_of_another_name_is_not_spoken_to(house):
    with pytest.raises(ssl.SSLCertVerificationError):
        house("other.test")
