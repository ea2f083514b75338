"""The whole set of variables, quoted for each reader."""

from __future__ import annotations

import shlex
import shutil
import subprocess

import pytest
from cryptography.hazmat.primitives.serialization import pkcs12
from hypothesis import given
from hypothesis import strategies as st

from aisecops.ops.environment import (
    FORMS,
    TRUST_VARIABLES,
    Credentials,
    Trust,
    made_trust,
    proxy_url,
    variables,
    written,
)
from aisecops.ops.settings_read import load

ALL = [
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "https_proxy",
    "http_proxy",
    "NO_PROXY",
    "no_proxy",
    "SSL_CERT_FILE",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "AWS_CA_BUNDLE",
    "GIT_SSL_CAINFO",
    "PIP_CERT",
    "NODE_EXTRA_CA_CERTS",
    "npm_config_cafile",
    "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH",
    "CARGO_HTTP_CAINFO",
    "DENO_CERT",
    "NODE_USE_ENV_PROXY",
    "JAVA_TOOL_OPTIONS",
]
TEXT = st.text(st.characters(exclude_characters="\0\r", exclude_categories=["Cs"]))


@pytest.fixture
def settings(tmp_path):
    return load(environ={}, folder=tmp_path)


def test_every_variable_a_client_needs_is_there(settings):
    assert sorted(variables(settings, made_trust(settings))) == sorted(ALL)


def test_java_is_told_proxy_and_trust_in_its_own_words(settings):
    trust = made_trust(settings)

    java = shlex.split(variables(settings, trust)["JAVA_TOOL_OPTIONS"])

    assert "-Dhttps.proxyHost=127.0.0.1" in java
    assert "-Dhttps.proxyPort=8080" in java
    assert f"-Djavax.net.ssl.trustStore={trust.java}" in java


def test_the_java_truststore_holds_our_authority(settings):
    trust = made_trust(settings)

    store = pkcs12.load_pkcs12(trust.java.read_bytes(), b"changeit")

    assert any("aisecops gateway CA" in each.certificate.subject.rfc4514_string() for each in store.additional_certs)


def test_the_trust_files_are_made_once(settings):
    before = made_trust(settings).java.stat().st_mtime_ns

    assert made_trust(settings).java.stat().st_mtime_ns == before


def test_credentials_are_quoted_in_the_url(settings):
    assert proxy_url(settings, Credentials("a/b", "p@ss:/")) == "http://a%2Fb:p%40ss%3A%2F@127.0.0.1:8080"


def test_one_bundle_serves_all(settings, tmp_path):
    got = variables(settings, Trust(tmp_path / "b.pem", tmp_path / "b.p12"))

    assert {got[name] for name in TRUST_VARIABLES} == {str(tmp_path / "b.pem")}


@given(value=TEXT)
def test_posix_shells_read_back_what_was_written(value):
    name, text = shlex.split(written({"NAME": value}, "sh"))[1].split("=", 1)

    assert (name, text) == ("NAME", value)


@given(value=TEXT)
def test_no_value_leaves_its_quotes(value):
    for form in ("fish", "powershell"):
        line = written({"NAME": value}, form)
        inside = line.split("'", 1)[1][:-1]
        unescaped = inside.replace("\\\\", "").replace("\\'", "") if form == "fish" else inside.replace("''", "")
        assert "'" not in unescaped
    assert "\n" not in written({"NAME": value}, "dotenv")


@pytest.mark.skipif(shutil.which("pwsh") is None, reason="no PowerShell here")
def test_powershell_reads_it_back():
    script = written({"NAME": "it's $x"}, "powershell") + "; [Console]::Out.Write($Env:NAME)"

    assert subprocess.run(["pwsh", "-c", script], capture_output=True, text=True, check=True).stdout == "it's $x"


def test_there_are_five_forms():
    assert sorted(FORMS) == ["dotenv", "fish", "json", "powershell", "sh"]
