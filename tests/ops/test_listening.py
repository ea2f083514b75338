"""A port is ours before anybody serves it, and who asks meanwhile is answered later."""

from __future__ import annotations

import socket

import pytest

from aisecops.model.errors import ConfigError
from aisecops.ops.listening import check_free, listening
from aisecops.ops.settings_text import Address

ANY = Address(host="127.0.0.1", port=0)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_a_connection_waits_until_somebody_accepts_it(host):
    bound = listening("control", Address(host=host, port=0))
    with bound, socket.create_connection(bound.getsockname()[:2], timeout=5) as asking:
        asking.sendall(b"hello")
        served, _ = bound.accept()
        with served:
            assert served.recv(5) == b"hello"


@pytest.mark.parametrize("takes", [listening, check_free])
@pytest.mark.parametrize("shared", [False, True])
def test_a_port_that_others_have_is_said_with_the_setting_that_names_it(shared, takes):
    with socket.create_server(("127.0.0.1", 0), reuse_port=shared) as other:
        port = other.getsockname()[1]
        with pytest.raises(ConfigError, match=rf"cannot listen on `127\.0\.0\.1:{port}`: .*in use") as no:
            takes("control", Address(host="127.0.0.1", port=port))

    assert no.value.mend == "free the port, or set control.listen"


def test_a_port_that_was_looked_at_is_free_still():
    with listening("proxy", ANY) as bound:
        port = bound.getsockname()[1]
    free = Address(host="127.0.0.1", port=port)
    check_free("proxy", free)
    listening("proxy", free).close()
