"""Which settings there are."""

from __future__ import annotations

from aisecops.ops.settings_read import load

TLS = {"proxy.tls_certificate": "c.pem", "proxy.tls_key": "k.pem"}


def test_the_defaults_are_those_of_the_contract(tmp_path):
    settings = load(environ={}, folder=tmp_path)

    assert str(settings.proxy.listen) == "127.0.0.1:8080"
    assert settings.control_url == "http://127.0.0.1:8081"
    assert settings.metrics_url == "http://127.0.0.1:9464/metrics"
    assert settings.paths.state == tmp_path / ".aisecops"
    assert (settings.store.source, settings.hold_seconds, settings.upstream.resolve) == ("sqlite", 30, {})


def test_a_listener_on_every_address_is_reached_by_loopback(tmp_path):
    settings = load({"control.listen": "0.0.0.0:81", "control.insecure": "yes"}, environ={}, folder=tmp_path)

    assert settings.control_url == "http://127.0.0.1:81"


def test_agents_are_told_the_public_url_and_trust_the_proxys_authority(tmp_path):
    plain = load(TLS, environ={}, folder=tmp_path)
    assert plain.proxy.told_url == "https://127.0.0.1:8080"
    assert plain.client_authorities == (tmp_path / "c.pem",)
    more = {"proxy.tls_ca": "ca.pem", "proxy.public_url": "https://gw.corp.test:8080/", "upstream.ca": "up.pem"}
    named = load(TLS | more, environ={}, folder=tmp_path)
    assert named.proxy.told_url == "https://gw.corp.test:8080"
    assert named.client_authorities == (tmp_path / "up.pem", tmp_path / "ca.pem")
    assert load({}, environ={}, folder=tmp_path).client_authorities == ()


def test_hosts_to_reach_directly_are_read_from_text_and_lists(tmp_path):
    assert load({"upstream.direct": "a.test,.B.test"}, environ={}, folder=tmp_path).upstream.direct == (
        "a.test",
        ".b.test",
    )
