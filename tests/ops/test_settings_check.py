"""What must hold between settings, and what is said where it does not."""

from __future__ import annotations

import pytest

from aisecops.model.errors import ConfigError
from aisecops.ops.settings_check import check
from aisecops.ops.settings_read import load

TLS = {"proxy.tls_certificate": "c.pem", "proxy.tls_key": "k.pem"}
NAMES_TOO = {"proxy.transparent": "true", "proxy.dns": "[::]:5353", "proxy.insecure": "true"}


@pytest.mark.parametrize("part", ["proxy", "control", "metrics"])
def test_a_listener_beyond_loopback_needs_tls_or_the_word_insecure(tmp_path, part):
    reachable = {f"{part}.listen": "0.0.0.0:9000"}

    with pytest.raises(ConfigError, match=rf"{part}\.listen is `0\.0\.0\.0:9000`, which others can reach"):
        load(reachable, environ={}, folder=tmp_path)

    assert load(reachable | {f"{part}.insecure": "true"}, environ={}, folder=tmp_path)


@pytest.mark.parametrize("part", ["control", "metrics"])
def test_a_listener_that_speaks_tls_may_be_reached(tmp_path, part):
    pair = {f"{part}.tls_certificate": "c.pem", f"{part}.tls_key": "k.pem"}

    settings = load({f"{part}.listen": "0.0.0.0:9000"} | pair, environ={}, folder=tmp_path)

    assert getattr(settings, part).url == "https://127.0.0.1:9000"


def test_a_name_is_not_taken_for_loopback(tmp_path):
    with pytest.raises(ConfigError, match="others can reach"):
        load({"proxy.listen": "gateway.test:8080"}, environ={}, folder=tmp_path)


def test_half_of_a_tls_pair_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="half of a TLS pair"):
        load({"control.tls_key": "k.pem"}, environ={}, folder=tmp_path)


@pytest.mark.parametrize(
    "url",
    [
        "collector:4318",
        "ftp://c",
        "http://",
        "http://me:word@127.0.0.1",
        "http://127.0.0.1?a",
        "http://127.0.0.1:x",
    ],
)
def test_what_is_no_url_of_a_collector_is_refused_and_not_shown(tmp_path, url):
    with pytest.raises(ConfigError) as refused:
        load({"telemetry.otlp": url}, environ={}, folder=tmp_path)
    assert "word" not in str(refused.value)


def test_telemetry_leaves_the_machine_by_tls_or_by_the_operators_word(tmp_path):
    far = {"telemetry.otlp": "http://collector.example:4318"}
    with pytest.raises(ConfigError, match="without TLS"):
        load(far, environ={}, folder=tmp_path)

    load(far | {"telemetry.insecure": "true"}, environ={}, folder=tmp_path)
    load({"telemetry.otlp": "http://127.0.0.1:4318"}, environ={}, folder=tmp_path)
    load({"telemetry.otlp": "https://collector.example"}, environ={}, folder=tmp_path)


def test_no_workers_is_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"proxy\.workers is 0"):
        load({"proxy.workers": "0"}, environ={}, folder=tmp_path)


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"proxy.client_ca": "ca.pem"}, "proxy.client_ca"),
        ({"proxy.tls_ca": "ca.pem"}, "proxy.tls_ca"),
        ({"proxy.client_cert": "required", **TLS}, "proxy.client_cert"),
        ({"proxy.transparent": "true", **TLS}, "proxy.transparent"),
        ({"proxy.public_url": "gw.corp.test:8080"}, "proxy.public_url"),
        ({"proxy.lane": "quick"}, "proxy.lane"),
        ({"upstream.direct": "*.corp.test"}, "upstream.direct"),
        ({"upstream.direct": "corp.test:443"}, "upstream.direct"),
    ],
)
def test_tls_and_proxy_settings_that_do_not_go_together_are_refused(tmp_path, wrong, named):
    with pytest.raises(ConfigError, match=named) as said:
        load(wrong, environ={}, folder=tmp_path)
    assert said.value.mend


def test_transparent_mode_with_names_is_taken(tmp_path):
    settings = load(NAMES_TOO | {"proxy.dns_ipv6": "fd00:1::/64"}, environ={}, folder=tmp_path)

    assert (str(settings.proxy.dns), settings.proxy.dns_ipv4) == ("[::]:5353", "198.18.0.0/15")
    assert load({}, environ={}, folder=tmp_path).proxy.dns is None


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"proxy.transparent": "false"}, "lead nowhere without"),
        ({"proxy.insecure": "false"}, r"proxy\.dns is .* which others can reach"),
        ({"proxy.dns_ipv4": "198.18.0.0/25"}, "no IPv4 network"),
        ({"proxy.dns_ipv4": "fd00::/64"}, "no IPv4 network"),
        ({"proxy.dns_ipv6": "10.0.0.0/8"}, "no IPv6 network"),
        ({"proxy.dns_ipv6": "words"}, "no IPv6 network"),
        ({"proxy.tls_certificate": "c.pem", "proxy.tls_key": "k.pem"}, "do not go together"),
    ],
)
def test_settings_of_transparent_mode_go_together_or_are_refused(tmp_path, more, words):
    with pytest.raises(ConfigError, match=words):
        load(NAMES_TOO | more, environ={}, folder=tmp_path)


def test_settings_that_go_together_are_given_back(tmp_path):
    settings = load(environ={}, folder=tmp_path)

    assert check(settings) is settings
