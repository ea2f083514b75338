import base64

import pytest

from aisecops.model.errors import ConfigError
from aisecops.ops.proxy_url import ProxyUrl, read_proxy_url
from aisecops.ops.settings import UpstreamSettings
from aisecops.ops.settings_keys import as_tree
from aisecops.ops.settings_read import load

WHOLE = "http://us:hush%3Ahush@proxy.corp.test:3128"


def test_a_url_is_read_and_its_password_decoded(tmp_path):
    proxy = read_proxy_url(WHOLE, tmp_path).resolved({})
    assert (proxy.scheme, proxy.place) == ("http", "proxy.corp.test:3128")
    assert base64.b64decode(proxy.authorization.removeprefix("Basic ")) == b"us:hush:hush"


@pytest.mark.parametrize(
    ("text", "port"), [("http://p.test", 80), ("https://p.test/", 443), ("http://[2001:db8::1]:81", 81)]
)
def test_the_port_may_be_left_out_and_credentials_too(text, port, tmp_path):
    proxy = read_proxy_url(text, tmp_path).resolved({})
    assert (proxy.port, proxy.authorization) == (port, "")


def test_it_may_stand_in_a_variable_or_in_a_file_beside_the_settings(tmp_path):
    (tmp_path / "proxy").write_text(f"{WHOLE}\n")
    in_file = read_proxy_url("file:proxy", tmp_path)
    assert in_file.source == f"file:{tmp_path}/proxy"
    assert in_file.resolved({}) == read_proxy_url("env:CORP", tmp_path).resolved({"CORP": WHOLE})


@pytest.mark.parametrize(
    "text",
    ["", "proxy.test:3128", "socks5://hush@p.test", "http://", "http://us:hush@p.test:99999", "http://us:hush@p.test/x",
     "http://us:hush@p.test?x", "http://us:hush@p test", "http://us:hush@p.test\r\nX: y", None, 7],
)  # fmt: skip
def test_anything_else_is_refused_without_being_repeated(text, tmp_path):
    with pytest.raises(ValueError, match=r"is |has more") as wrong:
        read_proxy_url(text, tmp_path)
    assert "hush" not in str(wrong.value)


@pytest.mark.parametrize("held", ["", "ftp://us:hush@p.test"])
def test_a_place_with_nothing_good_in_it_stops_the_start_and_is_named(held, tmp_path):
    with pytest.raises(ConfigError, match="env:CORP") as wrong:
        read_proxy_url("env:CORP", tmp_path).resolved({"CORP": held})
    assert "hush" not in str(wrong.value)


def test_the_password_is_never_written(tmp_path):
    settings = load({"upstream.proxy": WHOLE}, environ={}, folder=tmp_path)
    assert settings.upstream.proxy.source == WHOLE
    for shown in (str(settings.upstream.proxy), repr(settings), str(as_tree(settings)), repr(UpstreamSettings())):
        assert "hush" not in shown
    assert str(settings.upstream.proxy) == "http://us:...@proxy.corp.test:3128"


def test_a_process_of_ours_is_handed_what_its_file_does_not_say():
    assert ProxyUrl(source=WHOLE).is_shortened
    assert not ProxyUrl(source="env:CORP").is_shortened
    assert not ProxyUrl(source="http://proxy.corp.test").is_shortened
