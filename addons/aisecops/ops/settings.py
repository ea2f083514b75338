"""All settings of a process, as one frozen value (contract 1).

Knows which settings there are, their types and their defaults. What must hold between them is
`ops/settings_check.py`, where each one comes from (flag, variable, file) `ops/settings_read.py`, how one is written as
text `ops/settings_text.py`. Secrets are no settings: rules name them as `env:` or `file:` sources.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec

from aisecops.model.value import Value
from aisecops.ops.proxy_url import ProxyUrl
from aisecops.ops.settings_text import (
    Address,
    ClientCertificates,
    Lane,
    LogFormat,
    Seconds,
)
from aisecops.ops.store_url import StoreUrl


def about(words: str) -> msgspec.Meta:
    """What a setting does, for `--help` and `aisecops config`."""
    return msgspec.Meta(description=words)


class Part(Value):
    """A group of settings: a mapping in the file."""


class Listener(Part):
    """A port we open. Beyond loopback it needs TLS, or the operator's `insecure: true`."""

    listen: Annotated[Address, about("host:port to listen on; port 0 takes a free one")]
    insecure: Annotated[bool, about("allow listening beyond loopback without TLS")] = False
    tls_certificate: Annotated[Path | None, about("PEM certificate chain; makes the listener speak TLS")] = None
    tls_key: Annotated[Path | None, about("PEM private key of the certificate")] = None

    @property
    def scheme(self) -> str:
        """`https` when it speaks TLS, else `http`."""
        return "https" if self.tls_certificate else "http"

    @property
    def url(self) -> str:
        """Where it is reached; loopback when it listens on every address."""
        return f"{self.scheme}://{self.listen.reachable}"


class ProxySettings(Listener):
    """The gateway's listener and its processes."""

    listen: Annotated[Address, about("host:port agents use as their proxy")] = Address(host="127.0.0.1", port=8080)
    workers: Annotated[int, about("gateway processes that share the port")] = 1
    share_port: Annotated[bool, about("gateways started by others may listen on the same port too")] = False
    http2: Annotated[bool, about("speak HTTP/2 with clients that ask for it; HTTP/1.1 to upstreams")] = True
    lane: Annotated[Lane, about("what carries ordinary connections")] = Lane.FAST
    transparent: Annotated[bool, about("take redirected connections too")] = False
    dns: Annotated[Address | None, about("host:port to answer names on, for agents that know of no proxy")] = None
    dns_ipv4: Annotated[str, about("network that made-up IPv4 addresses come from")] = "198.18.0.0/15"
    dns_ipv6: Annotated[str | None, about("network that made-up IPv6 addresses come from; none: no AAAA")] = None
    public_url: Annotated[str | None, about("how agents reach the proxy, if not at `listen`")] = None
    tls_ca: Annotated[Path | None, about("PEM authorities that agents shall trust the proxy's certificate by")] = None
    client_ca: Annotated[Path | None, about("PEM authorities, and revocation lists, of agents' certificates")] = None
    client_cert: Annotated[ClientCertificates, about("whether agents must show a certificate")] = (
        ClientCertificates.OPTIONAL
    )

    @property
    def is_shared(self) -> bool:
        """Does another process listen on the same port, or may one?"""
        return self.share_port or self.workers > 1

    @property
    def told_url(self) -> str:
        """The proxy as agents are told it, without credentials and final slash."""
        return (self.public_url or self.url).rstrip("/")


class ControlSettings(Listener):
    """The control plane's listener."""

    listen: Annotated[Address, about("host:port of the API and dashboard")] = Address(host="127.0.0.1", port=8081)
    public_url: Annotated[str | None, about("where others reach the control plane, if not at `listen`")] = None
    fetch_keys: Annotated[bool, about("a gateway asks it for the public token keys")] = False


class MetricsSettings(Listener):
    """The Prometheus listener: all workers together."""

    listen: Annotated[Address, about("host:port of /metrics")] = Address(host="127.0.0.1", port=9464)


class PathSettings(Part):
    """Folders; a relative one in a file is relative to that file."""

    state: Annotated[Path, about("store, record, operator secret")] = Path(".aisecops")
    certs: Annotated[Path, about("certificate authority and signing keys")] = Path("certs")
    rules: Annotated[Path, about("the rules: a folder, or with rules.signed_by a bundle")] = Path("rules")


class RulesSettings(Part):
    """Whose rules count."""

    signed_by: Annotated[
        tuple[Path, ...], about("JWK Set files of keys; paths.rules is then a bundle that one of them has signed")
    ] = ()


class UpstreamSettings(Part):
    """How the gateway reaches the world."""

    ca: Annotated[tuple[Path, ...], about("PEM files trusted beside the system's")] = ()
    resolve: Annotated[
        dict[str, str], about("fixed addresses, `name:port=address:port`; names listed here may be private")
    ] = {}
    proxy: Annotated[ProxyUrl | None, about("corporate proxy to chain to: a URL, env:NAME or file:PATH")] = None
    proxy_resolves: Annotated[bool, about("names that only the corporate proxy can resolve may be asked of it")] = True
    direct: Annotated[
        tuple[str, ...], about("hosts not reached through the corporate proxy; `.corp.example` for all below")
    ] = ()


class EvaluationSettings(Part):
    """How this installation may be tried."""

    live: Annotated[
        bool, about("let an operator try the running gateway with `aisecops eval --live`, against stand-ins alone")
    ] = False
    folder: Annotated[
        Path | None, about("what gateway and control plane share of it, where they have state folders of their own")
    ] = None


class LimitSettings(Part):
    """What one gateway process takes on; `docs/limits.md` says what happens at each."""

    connect_seconds: Annotated[Seconds, about("until an upstream connection stands, TLS included")] = Seconds(10)
    first_byte_seconds: Annotated[Seconds, about("until an upstream begins its answer")] = Seconds(300)
    idle_seconds: Annotated[Seconds, about("between two pieces of an answer")] = Seconds(300)
    total_seconds: Annotated[Seconds, about("from the dial to the end of the answer")] = Seconds(3600)
    head_seconds: Annotated[Seconds, about("until a client's request head is there")] = Seconds(30)
    handshake_seconds: Annotated[Seconds, about("until TLS stands in a client's tunnel")] = Seconds(10)
    body_seconds: Annotated[Seconds, about("for a request body, and a second more for each 16 KiB of it")] = Seconds(60)
    keepalive_seconds: Annotated[Seconds, about("how long a client may stay connected and idle")] = Seconds(120)
    websocket_idle_seconds: Annotated[Seconds, about("how long a WebSocket may stay open and silent")] = Seconds(600)
    connections: Annotated[int, about("client connections of one process, if file descriptors allow")] = 8192
    connections_per_source: Annotated[int, about("client connections from one address, of one process")] = 512
    buffered_bytes: Annotated[int, about("bytes of bodies that one process holds at once")] = 256 * 1024 * 1024
    room_seconds: Annotated[Seconds, about("how long reading waits for room before it is refused")] = Seconds(5)
    max_answer_bytes: Annotated[int, about("the largest answer that is read whole")] = 64 * 1024 * 1024
    json_answer_bytes: Annotated[int, about("the largest answer that is read as JSON")] = 16 * 1024 * 1024
    json_answer_values: Annotated[int, about("values in an answer that is read as JSON")] = 200_000
    stalled_seconds: Annotated[Seconds, about("a process that stands still for so long ends itself")] = Seconds(30)


class ScanSettings(Part):
    """The worker processes that look for what must not leave."""

    workers: Annotated[int, about("scan processes per gateway worker")] = 1
    deadline_seconds: Annotated[Seconds, about("a scan that takes longer is a refusal")] = Seconds(10)
    names_model: Annotated[str | None, about("spaCy model for names: package or folder; none: what is there")] = None


class SandboxSettings(Part):
    """What `aisecops run --sandbox` lets a command do beside speaking to the gateway."""

    writable: Annotated[tuple[Path, ...], about("what a sandboxed command may change beside its own folder")] = ()
    unix_sockets: Annotated[bool, about("let it use sockets that are files; see docs/sandbox.md")] = False


class TelemetrySettings(Part):
    """Where the record goes beside its files."""

    otlp: Annotated[str | None, about("URL of a collector that takes OTLP over HTTP, as http://127.0.0.1:4318")] = None
    insecure: Annotated[bool, about("allow a collector beyond loopback without TLS")] = False


class LogSettings(Part):
    """What processes say to stderr; never what they record."""

    format: Annotated[LogFormat, about("plain or json, one line each")] = LogFormat.PLAIN


class Settings(Value):
    """Everything a process was told. `origins` says for each dotted key where its value came from."""

    proxy: ProxySettings = ProxySettings()
    control: ControlSettings = ControlSettings()
    metrics: MetricsSettings = MetricsSettings()
    paths: PathSettings = PathSettings()
    rules: RulesSettings = RulesSettings()
    store: Annotated[
        StoreUrl, about("where runs, budgets and approvals are kept: sqlite, or the URL of a Redis or Valkey server")
    ] = StoreUrl(source="sqlite")
    upstream: UpstreamSettings = UpstreamSettings()
    hold_seconds: Annotated[Seconds, about("how long a held request waits on the line before it is answered")] = (
        Seconds(30)
    )
    drain_seconds: Annotated[Seconds, about("how long requests under way may finish when stopping")] = Seconds(10)
    idle_run_seconds: Annotated[Seconds, about("an implicit run ends after this long without a request")] = Seconds(
        1800
    )
    keep_runs_days: Annotated[
        int, about("the store forgets a run after so many days without a step; 0: never. The record keeps it")
    ] = 30
    approval_seconds: Annotated[Seconds, about("how long a held step waits for a person before it expires")] = Seconds(
        3600
    )
    evaluation: EvaluationSettings = EvaluationSettings()
    limits: LimitSettings = LimitSettings()
    scan: ScanSettings = ScanSettings()
    sandbox: SandboxSettings = SandboxSettings()
    telemetry: TelemetrySettings = TelemetrySettings()
    log: LogSettings = LogSettings()
    origins: dict[str, str] = {}

    @property
    def client_authorities(self) -> tuple[Path, ...]:
        """What agents trust beside the system's authorities and our own: upstreams' and the proxy's own."""
        own = self.proxy.tls_ca or self.proxy.tls_certificate
        return (*self.upstream.ca, *([own] if own else []))

    @property
    def control_authorities(self) -> tuple[Path, ...]:
        """What a control plane that speaks TLS is believed by, beside the system's authorities."""
        own = self.control.tls_certificate
        return (*([own] if own else []), *self.upstream.ca)

    @property
    def control_url(self) -> str:
        """Where this process reaches the control plane, without a final slash."""
        return (self.control.public_url or self.control.url).rstrip("/")

    @property
    def metrics_url(self) -> str:
        """Where Prometheus scrapes."""
        return f"{self.metrics.url}/metrics"

    @property
    def database(self) -> Path:
        """The SQLite file."""
        return self.paths.state / "store.sqlite"

    @property
    def record_folder(self) -> Path:
        """Where the record's files are."""
        return self.paths.state / "audit"

    @property
    def rules_folder(self) -> Path:
        """What files that the rules name are relative to: the rules folder, or the one that the bundle is in."""
        return self.paths.rules.parent if self.rules.signed_by else self.paths.rules

    @property
    def rules_taken(self) -> Path:
        """The file that says which bundle of rules was taken up last."""
        return self.paths.state / "rules.taken"

    @property
    def store_id(self) -> Path:
        """The file that says which store on a server was used last."""
        return self.paths.state / "store.id"

    @property
    def operator_secret(self) -> Path:
        """The file with the operator's bearer secret."""
        return self.paths.state / "operator.secret"

    @property
    def person_secret(self) -> Path:
        """The file with the secret of whoever has logged in for commands in this folder."""
        return self.paths.state / "person.secret"
