"""The gateway as the environment names it."""

from __future__ import annotations

import pytest

from aisecops.client.gateway import Gateway, Refused


@pytest.mark.parametrize("proxy", ["", "http://127.0.0.1:8080", "http://agent@127.0.0.1:8080"])
def test_without_a_gateway_in_the_environment_it_says_how_to_get_one(proxy):
    with pytest.raises(LookupError, match="aisecops run"):
        Gateway.from_environment({"HTTPS_PROXY": proxy})


def test_credentials_survive_the_way_through_the_environment_and_are_not_shown():
    said = Gateway("http://[::1]:8080", "a/b@c", "p:q w")
    back = Gateway.from_environment({"HTTPS_PROXY": said.proxy_url, "SSL_CERT_FILE": "/ca.pem"})
    assert (back.proxy, back.name, back.secret, back.bundle) == ("http://[::1]:8080", "a/b@c", "p:q w", "/ca.pem")
    assert "p:q w" not in repr(back)


def test_a_refusal_says_what_and_which_code():
    refused = Refused({"detail": "no grant covers it", "code": "policy_denied"})
    assert (str(refused), refused.code) == ("no grant covers it (policy_denied)", "policy_denied")
