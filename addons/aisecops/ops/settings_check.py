"""Which settings do not go together, and what to write instead."""

from __future__ import annotations

from urllib.parse import urlsplit

from aisecops.model.errors import ConfigError
from aisecops.ops.settings import LimitSettings, Listener, ProxySettings, Settings, TelemetrySettings, UpstreamSettings
from aisecops.ops.settings_text import Address, ClientCertificates, is_host_or_below, is_network


def check(settings: Settings) -> Settings:
    """`settings` itself when everything in it goes together; raises ConfigError naming the first that does not."""
    for name, listener in (("proxy", settings.proxy), ("control", settings.control), ("metrics", settings.metrics)):
        _check_listener(name, listener)
    for name, count in (("proxy.workers", settings.proxy.workers), ("scan.workers", settings.scan.workers)):
        if count < 1:
            raise ConfigError(f"{name} is {count}", "use 1 or more")
    _check_names(settings.proxy)
    _check_proxy_tls(settings.proxy)
    _check_direct(settings.upstream)
    _check_keys(settings)
    _check_kept(settings)
    _check_limits(settings.limits)
    _check_telemetry(settings.telemetry)
    return settings


def _check_proxy_tls(proxy: ProxySettings) -> None:
    for name, path in (("tls_ca", proxy.tls_ca), ("client_ca", proxy.client_ca)):
        if path is not None and proxy.tls_certificate is None:
            raise ConfigError(
                f"proxy.{name} is set, and the proxy does not speak TLS",
                "set proxy.tls_certificate and proxy.tls_key, or leave it out",
            )
    if proxy.client_cert is ClientCertificates.REQUIRED and proxy.client_ca is None:
        raise ConfigError("proxy.client_cert is required, of no authority", "set proxy.client_ca")
    if proxy.transparent and proxy.tls_certificate is not None:
        raise ConfigError(
            "proxy.transparent and proxy.tls_certificate do not go together: who is redirected speaks no TLS to us",
            "leave one out, or start a second gateway for the other",
        )
    if proxy.public_url is not None and not proxy.public_url.startswith(("http://", "https://")):
        raise ConfigError(f"proxy.public_url is `{proxy.public_url}`", "write it as `https://gw.corp.example:8080`")


def _check_direct(upstream: UpstreamSettings) -> None:
    for host in upstream.direct:
        if not is_host_or_below(host):
            raise ConfigError(
                f"upstream.direct names `{host}`, which is no host", "write `host.example`, or `.example` for all below"
            )


def _check_names(proxy: ProxySettings) -> None:
    for name, text, version in (("dns_ipv4", proxy.dns_ipv4, 4), ("dns_ipv6", proxy.dns_ipv6, 6)):
        if text is not None and not is_network(text, version=version, least=256):
            raise ConfigError(
                f"proxy.{name} is `{text}`, which is no IPv{version} network", "write one of 256 addresses or more"
            )
    if proxy.dns is None:
        return
    if not proxy.transparent:
        what = "proxy.dns answers with addresses that lead nowhere without proxy.transparent"
        raise ConfigError(what, "set proxy.transparent: true, or leave proxy.dns out")
    if not proxy.dns.is_loopback and not proxy.insecure:
        raise ConfigError(
            f"proxy.dns is `{proxy.dns}`, which others can reach", "set proxy.insecure: true if the network is trusted"
        )


def _check_keys(settings: Settings) -> None:
    where = urlsplit(settings.control_url)
    nearby = where.hostname in {"127.0.0.1", "::1", "localhost"}
    if settings.control.fetch_keys and where.scheme != "https" and not nearby and not settings.control.insecure:
        raise ConfigError(
            f"control.fetch_keys would believe anybody between here and `{settings.control_url}`",
            "reach the control plane by https, or set control.insecure: true if the network is trusted",
        )


def _check_kept(settings: Settings) -> None:
    kept_s = settings.keep_runs_days * 24 * 60 * 60
    if kept_s < 0:
        raise ConfigError(f"keep_runs_days is {settings.keep_runs_days}", "use 1 or more, or 0 to keep them for ever")
    for name, seconds in (("idle_run", settings.idle_run_seconds), ("approval", settings.approval_seconds)):
        if kept_s and seconds > kept_s:
            raise ConfigError(
                f"{name}_seconds is {seconds:g}, which is longer than runs are kept (keep_runs_days)",
                f"raise keep_runs_days, or lower {name}_seconds",
            )


def _check_listener(name: str, listener: Listener) -> None:
    if (listener.tls_certificate is None) != (listener.tls_key is None):
        raise ConfigError(f"{name} has half of a TLS pair", f"give both {name}.tls_certificate and {name}.tls_key")
    if listener.listen.is_loopback or listener.tls_certificate or listener.insecure:
        return
    raise ConfigError(
        f"{name}.listen is `{listener.listen}`, which others can reach, without TLS",
        f"set {name}.tls_certificate and {name}.tls_key, or {name}.insecure: true if the network is trusted",
    )


def _check_limits(limits: LimitSettings) -> None:
    for name in limits.__struct_fields__:
        if getattr(limits, name) <= 0:
            raise ConfigError(f"limits.{name} is {getattr(limits, name)}", "use more than 0")


def _check_telemetry(telemetry: TelemetrySettings) -> None:
    if telemetry.otlp is None:
        return
    mend = "write it as `https://collector.example:4318`; `/v1/traces` and the like are put behind it"
    try:
        parts = urlsplit(telemetry.otlp)
        place = Address(host=parts.hostname or "", port=parts.port or 0)
    except ValueError:
        raise ConfigError("telemetry.otlp is no URL", mend) from None
    if parts.scheme not in {"http", "https"} or not place.host or parts.username or parts.query or parts.fragment:
        raise ConfigError("telemetry.otlp is no URL of a collector", mend)  # and is not shown: it may hold a password
    if parts.scheme == "http" and not place.is_loopback and not telemetry.insecure:
        raise ConfigError(
            f"telemetry.otlp sends to `{place.host}` without TLS",
            "write `https://`, or set telemetry.insecure: true if the network is trusted",
        )
