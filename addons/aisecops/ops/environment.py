"""The variables that make clients use and trust the gateway, and how shells write them.

Knows which variable each client listens to; most are there because a client was seen to need it and to
ignore the others (`clients.py`). What an agent sets itself overrules them: they are convenience, not enforcement.
"""

from __future__ import annotations

import contextlib
import re
import shlex
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

import orjson
from cryptography import x509
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12

from aisecops.adapters.system.certificates import CertificateAuthority
from aisecops.adapters.system.clock import SystemClock
from aisecops.adapters.system.files import PUBLIC, write_whole
from aisecops.adapters.system.pem import certificates_in
from aisecops.ops.settings import Settings

NO_PROXY = "localhost,127.0.0.1,::1"
PROXY_VARIABLES = ("HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "http_proxy")
TRUST_VARIABLES = {
    "SSL_CERT_FILE": "httpx, OpenAI and Anthropic SDKs, curl, Go, uv",
    "REQUESTS_CA_BUNDLE": "requests",
    "CURL_CA_BUNDLE": "curl",
    "AWS_CA_BUNDLE": "boto3 and the AWS command line",
    "GIT_SSL_CAINFO": "git",
    "PIP_CERT": "pip",
    "NODE_EXTRA_CA_CERTS": "Node.js",
    "npm_config_cafile": "npm",
    "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH": "gRPC",
    "CARGO_HTTP_CAINFO": "cargo",
    "DENO_CERT": "Deno",
}
"""Variable to the clients that listen to it. Most replace the client's own set, so the bundle is a whole one."""

_JAVA_PASSWORD = "changeit"  # Java's own default; it protects nothing, for nothing in there is secret


class Trust(NamedTuple):
    """The files clients trust the gateway by: PEM, and PKCS #12 for Java."""

    bundle: Path
    java: Path


class Credentials(NamedTuple):
    """A name and a secret for the proxy: an agent's, or a run's."""

    name: str
    secret: str


def made_trust(settings: Settings) -> Trust:
    """The trust files, made when missing or old, along with the certificate authority. Raises ConfigError."""
    authority = CertificateAuthority(settings.paths.certs, SystemClock())
    authority.create_if_missing()
    bundle = authority.bundle(settings.client_authorities)
    java = bundle.with_suffix(".p12")
    if not java.exists() or java.stat().st_mtime < bundle.stat().st_mtime:
        write_whole(java, _truststore(bundle.read_bytes()), mode=PUBLIC)
    return Trust(bundle, java)


def _truststore(pem: bytes) -> bytes:
    certificates = [
        pkcs12.PKCS12Certificate(certificate, f"authority-{number}".encode())
        for number, certificate in enumerate(_readable(pem))
    ]
    return pkcs12.serialize_java_truststore(certificates, BestAvailableEncryption(_JAVA_PASSWORD.encode()))


def _readable(pem: bytes) -> Iterator[x509.Certificate]:
    """Every certificate but those old authorities whose certificates break the rules of their own form."""
    for block in certificates_in(pem):
        with contextlib.suppress(ValueError, Warning), warnings.catch_warnings(action="error"):
            yield x509.load_pem_x509_certificate(block)


def variables(settings: Settings, trust: Trust, credentials: Credentials | None = None) -> dict[str, str]:
    """Every variable, with `credentials` in the proxy's URL when there are some."""
    proxy = proxy_url(settings, credentials)
    return {
        **dict.fromkeys(PROXY_VARIABLES, proxy),
        "NO_PROXY": NO_PROXY,
        "no_proxy": NO_PROXY,
        **dict.fromkeys(TRUST_VARIABLES, str(trust.bundle)),
        "NODE_USE_ENV_PROXY": "1",
        "JAVA_TOOL_OPTIONS": _java(settings, trust),
    }


def proxy_url(settings: Settings, credentials: Credentials | None = None) -> str:
    """The proxy as clients are told it: `http://NAME:SECRET@host:port`."""
    who = f"{quote(credentials.name, safe='')}:{quote(credentials.secret, safe='')}@" if credentials else ""
    scheme, _, place = settings.proxy.told_url.partition("://")
    return f"{scheme}://{who}{place}"


def _java(settings: Settings, trust: Trust) -> str:
    """Java takes no credentials from here, and would say them on stderr: its program shows them when it is asked.

    So the proxy may ask by Basic, which Java otherwise turns down for tunnels.
    """
    listen = settings.proxy.listen.reachable
    options = {
        "http.proxyHost": listen.host,
        "http.proxyPort": listen.port,
        "https.proxyHost": listen.host,
        "https.proxyPort": listen.port,
        "http.nonProxyHosts": NO_PROXY.replace(",", "|"),
        "jdk.http.auth.tunneling.disabledSchemes": "",
        "javax.net.ssl.trustStore": trust.java,
        "javax.net.ssl.trustStoreType": "PKCS12",
        "javax.net.ssl.trustStorePassword": _JAVA_PASSWORD,
    }
    return " ".join(f"-D{name}={_java_word(str(value))}" for name, value in options.items())


def _java_word(text: str) -> str:
    return f'"{text}"' if " " in text else text


def written(values: Mapping[str, str], form: str) -> str:
    """`values` as `form` (a key of `FORMS`) reads them back, exactly, whatever is in them."""
    return FORMS[form](values)


def _lines(line: Callable[[str, str], str]) -> Callable[[Mapping[str, str]], str]:
    return lambda values: "\n".join(line(name, value) for name, value in values.items())


def _fish(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _dotenv(text: str) -> str:
    # Readers of this format differ in what a bare value may hold; the plainest needs no quotes with any of them.
    if re.fullmatch(r"[\w./:@%+,=-]*", text, re.ASCII):
        return text
    return '"' + re.sub(r'(["\\$`])', r"\\\1", text).replace("\n", "\\n") + '"'


FORMS: dict[str, Callable[[Mapping[str, str]], str]] = {
    "sh": _lines(lambda name, value: f"export {name}={shlex.quote(value)}"),
    "fish": _lines(lambda name, value: f"set -gx {name} {_fish(value)}"),
    "powershell": _lines(lambda name, value: f"$Env:{name} = '" + value.replace("'", "''") + "'"),
    "dotenv": _lines(lambda name, value: f"{name}={_dotenv(value)}"),
    "json": lambda values: orjson.dumps(dict(values), option=orjson.OPT_INDENT_2).decode(),
}
